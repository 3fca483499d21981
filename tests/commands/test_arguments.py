"""Words of a verb that composes no config: which are paths, which are keys, what fits them."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.commands.arguments import parse_arguments
from seedbed.config.schema.field import key
from seedbed.errors import ConfigError

USAGE = "show DIR [DIR ...]\n\nShow folders."


@dataclass(frozen=True)
class Keys:
    """Keys of every type that is read."""

    name: str | None = key("a name", None, one_of=("min", "max"))
    count: int = key("how many", 10, at_least=1, at_most=99)
    size: float | None = key("a size", None)
    all: bool = key("everything", True)
    folder: str = field(default="out", metadata={"key": "paths.folder", "meaning": "a folder"})


def test_keys_have_the_types_of_their_fields() -> None:
    words = ["name=max", "a", "count=+7", "size=1e-3", "all=False", "paths.folder=x=${y},'z'", "b"]

    assert parse_arguments(USAGE, Keys, words) == (
        ["a", "b"],
        Keys("max", 7, 1e-3, False, "x=${y},'z'"),
    )
    assert parse_arguments(USAGE, Keys, ["name=null", "size=null"]) == ([], Keys())


@given(st.lists(st.text(min_size=1).filter(lambda word: "=" not in word and word[0] != "-")))
def test_every_other_word_is_a_path_as_it_was_typed(words: list[str]) -> None:
    assert parse_arguments(USAGE, Keys, words)[0] == words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["count=ten"], "count: 'ten' is not a whole number (how many)"),
        (["count=1.0"], "count: '1.0' is not a whole number"),
        (["count=null"], "count: 'null' is not a whole number"),
        (["count=0"], "count: 0 is out of range: it must be at least 1"),
        (["count=100"], "count: 100 is out of range: it must be at most 99"),
        (["size=big"], "size: 'big' is not a number"),
        (["all=1"], "all: '1' is not true or false"),
        (["name=mix"], "name: 'mix' is not one of min, max. Did you mean 'min'?"),
        (["cuont=3"], "cuont: no such key. Did you mean 'count'?\nshow has: name, count"),
        (["folder=3"], "Did you mean 'paths.folder'?"),
        (["=3"], ": no such key"),
        (["count=1", "count=2"], "count: given twice, by count=1 and by count=2"),
        (["--jsn"], "show: unknown flag '--jsn'. Did you mean '--json'? See seedbed show --help"),
        (["-m"], "show: unknown flag '-m'; see seedbed show --help"),
    ],
)
def test_what_does_not_fit_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_arguments(USAGE, Keys, words)
    assert said in str(refusal.value)


def test_help_shows_the_keys_with_their_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(USAGE, Keys, ["a", "--help"])

    out = capsys.readouterr().out
    assert out.startswith("usage: seedbed show DIR [DIR ...] [key=value ...]\n\nShow folders.\n")
    for line in ("name=null         a name", "count=10          how many", "paths.folder=out"):
        assert line in out
