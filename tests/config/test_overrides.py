"""Rules of the overrides of a command line."""

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from seedbed.config.overrides import (
    columns_word,
    null_values_word,
    quoted,
    refuse_repeated_keys,
    typed_word,
    with_columns_quoted,
    with_options_of_classes,
    with_paths_quoted,
)
from seedbed.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["model._target_=mine.Net", "+model.width=3"], ["model=custom"]),
        (["model._target_=seedbed.models.MLP", "model.hidden=[8]"], ["model=mlp"]),
        (["optimizer._target_=mine.Lion"], ["optimizer=custom"]),
        (["model._target_=mine.Net", "model=mlp"], []),
        (["~model", "+model._target_=mine.Net"], []),
    ],
)
def test_a_class_that_is_typed_without_an_option_chooses_one(
    words: list[str], chosen: list[str]
) -> None:
    assert with_options_of_classes(words) == [*chosen, *words]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed=0,1", "model=mlp", "seed=5"], "seed: given twice, by seed=0,1 and by seed=5;"),
        (["+note=1", "++note=2"], "note: given twice, by +note=1 and by ++note=2;"),
        (["model=mlp", "model=cnn"], "model: given twice, by model=mlp and by model=cnn;"),
    ],
)
def test_a_key_that_is_given_twice_is_refused_with_both_words(
    words: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        refuse_repeated_keys(words)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "words",
    [
        ["seed=1", "data.seed=1", "optimizer.lr=1"],
        ["~freeze", "+freeze=null"],
        ["+callback@callbacks.a=progress", "+callback@callbacks.b=progress"],
        ["note='a=1'", "other='a=1'"],
    ],
)
def test_different_keys_may_look_alike(words: list[str]) -> None:
    refuse_repeated_keys(words)


def read(word: str) -> object:
    """Return the value that a config has of an override."""
    config = OmegaConf.create({"key": None})
    OmegaConf.update(config, "key", OverridesParser.create().parse_override(word).value())
    return config.key


@settings(max_examples=60, deadline=None)
@given(st.text("a/ü=,;'\" []{}()$\\~:#*1.e+-n", min_size=1, max_size=9))
def test_any_text_comes_through_quotes_as_it_is(text: str) -> None:
    assert read(f"key={quoted(text)}") == text
    [word] = shlex.split(typed_word("key", text))
    assert read(word) == text


@pytest.mark.parametrize("key", ["run", "output", "sweep.resume", "hydra.run.dir", "paths.outputs"])
@pytest.mark.parametrize(
    "path",
    [
        "Größe/1",
        "a=b",
        "a,b",
        "it's",
        'a"b',
        "x;y",
        "a  b ",
        "[1]",
        "a{b}",
        "f(x)",
        "$HOME",
        "a\\b",
    ],
)
def test_a_pasted_path_is_read_as_it_is(key: str, path: str) -> None:
    [word] = with_paths_quoted([f"{key}={path}"])
    assert word.startswith(f"{key}=")
    assert read(word) == path


def test_what_may_be_more_than_a_path_is_one_where_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["data.file=a.csv,b.csv", "data.files=[a,b]", "input=[[1,2]]", "output=null"]
    words += ["run='a b'", "optimizer.lr=1,2", "seed=ü", "hydra.run.dir=${now:%Y}", "-m", "run"]
    assert with_paths_quoted(words) == words
    for name in ("a.csv,b.csv", "[[1,2]]", "${now:%Y}"):
        (tmp_path / name).touch()
    quoted_words = with_paths_quoted([words[0], words[2], "hydra.run.dir=${now:%Y}"])
    assert [*map(read, quoted_words)] == ["a.csv,b.csv", "[[1,2]]", "${now:%Y}"]


def test_interpolations_and_the_home_folder_keep_their_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/of a user")
    assert with_paths_quoted(["hydra.run.dir=${now:%Y}/ü"]) == ["hydra.run.dir='${now:%Y}/ü'"]
    assert read(with_paths_quoted(["run=~/x"])[0]) == "/home/of a user/x"
    assert read(with_paths_quoted(["hydra.run.dir=~"])[0]) == "/home/of a user"
    with pytest.raises(ConfigError, match="not text in UTF-8"):
        with_paths_quoted(["seed=\udcff"])


@pytest.mark.parametrize("key", ["data.separator", "+data.decimal", "data.quote"])
@pytest.mark.parametrize("letter", [";", ",", "|", "\t", " ", "'", '"', ":"])
def test_one_letter_of_a_file_needs_no_quotes(key: str, letter: str) -> None:
    [word] = with_columns_quoted([f"{key}={letter}"])
    assert read(word) == letter


@pytest.mark.parametrize("name", ["a", "Body Mass (g)", "x, y", "a: b", "l [mm]", "50%", "a=b"])
@pytest.mark.parametrize("kind", ["category", "ignore"])
def test_a_suggested_kind_of_a_column_can_be_pasted(name: str, kind: str) -> None:
    typed = shlex.split(columns_word(name, kind))
    [word] = with_columns_quoted(typed)
    assert read(word) == {name: kind}


def test_names_of_columns_may_be_in_quotes_or_bare() -> None:
    inside = """"a (b)": id, 'c, d': ignore, e [f]: number, Body Mass: date"""
    [word] = with_columns_quoted([f"data.columns={{{inside}}}"])
    assert read(word) == {"a (b)": "id", "c, d": "ignore", "e [f]": "number", "Body Mass": "date"}
    words = [
        "data.columns={a: id}",
        "data.columns={a \\(b\\): id}",
        "data.columns={(: x}",
        "seed=,",
    ]
    assert with_columns_quoted(words) == words
    assert columns_word("Größe", "id") == """'columns: {"Größe": id}' below data in a config file"""


@pytest.mark.parametrize("words", [["?", "heavy"], ["-999"], ["-", "1e5", "007"], ["it's", 'a"b']])
def test_suggested_words_for_missing_values_can_be_pasted(words: list[str]) -> None:
    [word] = shlex.split(null_values_word(words))
    assert [str(value) for value in read(word)] == ["NA", *words]  # type: ignore[attr-defined]


def test_names_of_typed_rows_may_be_in_quotes() -> None:
    typed = """input=[{"Body (g)": null, len: -1.5e3, at: 12:30, on: 2024-03-01, 'a, b': "null"}]"""
    [word] = with_paths_quoted(with_columns_quoted([typed]))
    row = {"Body (g)": None, "len": -1500.0, "at": "12:30", "on": "2024-03-01", "a, b": "null"}
    assert read(word) == [row]
    words = ["input=[{a: 1}]", "input=x.csv", "input=[[1, 2]]"]
    assert with_columns_quoted(words) == words


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("name=lr_${optimizer.lr}", "lr_${optimizer.lr}"),
        ("name=1e3", "1e3"),
        ("name=true", "true"),
        ("name='in quotes'", "in quotes"),
        ("name=first try, with (brackets)", "first try, with (brackets)"),
        ("notes=a,b", "a,b"),
        ("notes=it's {good}: ${optimizer.lr}", "it's {good}: ${optimizer.lr}"),
        ("notes=${oops", r"\${oops"),
        (r"notes=C:\new", r"C:\new"),
        ("name=null", None),
    ],
)
def test_free_texts_are_read_as_they_are_typed(word, value):
    parser = OverridesParser.create()

    override = parser.parse_override(with_paths_quoted([word])[0])

    assert override.value() == value


def test_a_name_may_be_swept_and_notes_may_not():
    assert with_paths_quoted(["name=a,b", "name=choice(a,b)"]) == ["name=a,b", "name=choice(a,b)"]
    assert with_paths_quoted(["notes=a,b"]) == ["notes='a,b'"]
