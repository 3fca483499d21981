"""Words from Python values: what comes out of the config equals what went in."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from seedbed.api.verbs.words import axis_words, words_of
from seedbed.config.overrides import with_columns_quoted, with_paths_quoted
from seedbed.errors import ConfigError

PARSER = OverridesParser.create()

steering = st.text(alphabet="\\'\"${},=[]() :a1\t\n~#%!*?+-.e", max_size=10)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
looks_otherwise = st.sampled_from(["null", "True", "nan", "-inf", "1e5", "007", "", " a ", "a,b"])
texts = steering | anything | looks_otherwise
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(scalars, lambda below: st.lists(below, max_size=3), max_leaves=6)


def read(word: str) -> Any:
    """Return what Hydra and OmegaConf make of an override."""
    override = PARSER.parse_override(word)
    config = OmegaConf.create({override.key_or_group: override.value()})
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return plain[override.key_or_group]


def is_same(value: Any, other: Any) -> bool:
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(is_same, value, other))
    if isinstance(value, float) and isinstance(other, float):
        return value == other or (math.isnan(value) and math.isnan(other))
    return type(value) is type(other) and value == other


@settings(max_examples=60, deadline=None)
@given(values)
def test_a_value_goes_through_the_grammar_and_comes_out_as_it_was(value: Any) -> None:
    [word] = words_of([{"key": value}], {})

    assert is_same(read(word), value), word


@settings(max_examples=40, deadline=None)
@given(st.lists(values, min_size=1, max_size=3))
def test_values_of_an_axis_come_out_as_they_were(axis: list[Any]) -> None:
    [word] = axis_words({"key": axis})
    [jobs] = BasicSweeper.split_arguments([PARSER.parse_override(word)], None)

    assert PARSER.parse_override(word).is_sweep_override() or len(axis) == 1
    assert len(jobs) == len(axis)
    for [job], value in zip(jobs, axis, strict=True):
        assert is_same(read(job), value), word


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["data.file", "name", "notes", "data.separator", "resume"]), texts)
def test_what_the_command_does_to_typed_words_changes_no_value(key: str, text: str) -> None:
    words = words_of([{key: text}], {})

    assert read(with_paths_quoted(with_columns_quoted(words))[0]) == text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seed": 1, "model": "mlp"}, ["seed=1", "model=mlp"]),
        (
            {"optimizer": {"lr": 1e-5, "momentum": 0}},
            ["optimizer.lr=1e-05", "optimizer.momentum=0"],
        ),
        ({"sweep": {"folds": 5}}, ["sweep.folds=5"]),
        (
            {"data.columns": {"year": "ignore", "a b": "id"}},
            ["data.columns={year: ignore, a b: id}"],
        ),
        ({"data.file": Path("a b.csv")}, ["data.file='a b.csv'"]),
        ({"optimizer.lr": np.float64(0.5), "seed": np.int64(3)}, ["optimizer.lr=0.5", "seed=3"]),
        ({"model.hidden": (8, 8)}, ["model.hidden=[8,8]"]),
        ({"model.hidden": np.array([8, 8])}, ["model.hidden=[8,8]"]),
        ({"+callback@callbacks.fit": "fit"}, ["+callback@callbacks.fit=fit"]),
        ({"optimizer._target_": torch.optim.SGD}, ["optimizer._target_=torch.optim.sgd.SGD"]),
    ],
)
def test_words_of_values(values: dict[str, Any], words: list[str]) -> None:
    assert words_of([], values) == words


def test_words_stay_as_they_were_typed_and_keep_their_order() -> None:
    overrides = ["data=table", {"seed": 1}, "name=lr_${optimizer.lr}"]

    assert words_of(overrides, {"tags": ["a"]}) == [
        *overrides[:1],
        "seed=1",
        overrides[2],
        "tags=[a]",
    ]


def test_axes_of_ranges_and_of_the_command_lines_form() -> None:
    axes = {"seed": range(0, 300), "optimizer.lr": "interval(0.1,1)", "model": ["mlp"]}

    words = ["seed=range(0,300,1)", "optimizer.lr=interval(0.1,1)", "model=choice(mlp)"]
    assert axis_words(axes) == words


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["--cfg"], "--cfg: a flag of the command line"),
        (["-m"], "seedbed.sweep is -m"),
        ([3], "3: an override is a text"),
        ([{"a": object()}], "a: a object cannot stand in a config"),
        ([{"a": {"b:c": 1}}], "a: 'b:c' cannot be the name of a key"),
        ([{"a": b"bytes"}], "a: a bytes cannot stand in a config"),
        ([{"data": pl.DataFrame({"a": [1]})}], "data: a DataFrame: a run's folder says"),
        ([{"data": np.zeros((100, 100))}], "data: a ndarray: a run's folder says"),
        ([{"model._target_": type("Net", (), {"__module__": "__main__"})}], "put it into a module"),
        (["model._target_=__main__.Net"], "__main__ is another program"),
        ([{1: 2}], "1: a key is a text"),
        ([pl.DataFrame({"a": [1]})], "a DataFrame: an override is a text"),
        ([{"trust": True}], 'trust: True: no name of a module; name them as in trust=["mynet"]'),
    ],
)
def test_what_no_config_can_hold_is_refused_by_name(overrides: list[Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        words_of(overrides, {})

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("axis", "said"),
    [(3, "3 is no list"), ({"a": 1}, "is no list"), ([], "an axis without values")],
)
def test_an_axis_that_is_none_is_refused(axis: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"^axes: seed: .*{said}"):
        axis_words({"seed": axis})


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        (["optimizer.lr"], "axes: ['optimizer.lr'] is no mapping from keys to their values"),
        ("seed", "axes: 'seed' is no mapping from keys"),
        ({1: [1]}, "axes: 1: a key is a text such as"),
    ],
)
def test_axes_that_are_no_mapping_are_refused(axes: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        axis_words(axes)

    assert str(refused.value).startswith(said)


def test_one_module_is_trusted_by_its_name() -> None:
    assert words_of([], {"trust": "mine.nets"}) == words_of([], {"trust": ["mine.nets"]})
