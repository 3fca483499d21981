"""Spaces of a search: read from words and YAML, with conditions found out, and refused."""

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from seedbed.config.composition_errors import explain
from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.search.space.building import build_space, probes
from seedbed.sweep.search.space.dimensions import Choice, Number
from seedbed.sweep.search.space.stored import space_of, stored_space

pytestmark = pytest.mark.usefixtures("inside_a_folder")
RATE = "optimizer.lr=tag(log,interval(1e-5,1e-1))"


@pytest.mark.parametrize(
    ("word", "values"),
    [
        (RATE, Number(1e-5, 1e-1, log=True)),
        ("optimizer.lr=interval(0,1)", Number(0.0, 1.0)),
        ("trainer.max_epochs=int(interval(4,64))", Number(4, 64, 1, whole=True)),
        ("trainer.max_epochs=tag(int,log,interval(4,64))", Number(4, 64, 1, True, True)),
        ("trainer.max_epochs=int(tag(log,interval(4,64)))", Number(4, 64, 1, True, True)),
        # A range ends before its second bound, as in a grid.
        ("trainer.max_epochs=range(1,10,3)", Number(1, 7, 3, whole=True)),
        ("trainer.max_epochs=range(9,0,-4)", Number(1, 9, 4, whole=True)),
        ("optimizer.lr=range(0.5,2,0.5)", Number(0.5, 1.5, 0.5)),
        ("optimizer.lr=range(0,0.3,0.1)", Number(0.0, 0.2, 0.1)),
        ("optimizer.lr=0.1,0.01", Choice(("0.1", "0.01"))),
        ("model=choice(linear,mlp)", Choice(("linear", "mlp"))),
        ("optimizer=glob(ada*)", Choice(("adagrad", "adam", "adamw"))),
    ],
)
def test_a_word_gives_the_values_that_it_has_in_hydra(
    composer: Composer, plain_sweep: Any, word: str, values: Any
) -> None:
    space = build_space(composer, [word, "seed=3"], plain_sweep.loader)
    [dimension] = space.dimensions
    assert dimension.values == values
    assert space.fixed == ("seed=3",)


def test_keys_of_one_option_count_only_under_it(composer: Composer) -> None:
    words = ["optimizer=adam,sgd", RATE, "optimizer.momentum=interval(0,0.9)", "optimizer.eps=1e-7"]
    space = build_space(composer, words)
    when = {dimension.name: dict(dimension.when) for dimension in space.dimensions}
    assert when == {
        "optimizer": {},
        "optimizer.lr": {},
        "optimizer.momentum": {"optimizer": ("sgd",)},
        "optimizer.eps": {"optimizer": ("adam",)},
    }
    chosen = {"optimizer": "adam", "optimizer.lr": "0.1"}
    assert space.words(chosen) == ("optimizer=adam", "optimizer.lr=0.1", "optimizer.eps=1e-07")
    assert space.is_conditional
    # Each bound and choice is tried, beside what it needs.
    assert ("optimizer=sgd", "optimizer.lr=1e-05", "optimizer.momentum=0.9") in probes(space)


def test_yaml_gives_spaces_with_conditions_and_the_command_line_goes_before_it(
    composer: Composer,
) -> None:
    yaml = {
        "optimizer.lr": "tag(log,interval(1e-5,1e-1))",
        "model.hidden": [[8], [16, 16]],
        "optimizer.weight_decay": {
            "values": "interval(0,0.1)",
            "when": {"model.hidden": "[16,16]"},
        },
    }
    space = build_space(composer, ["model=mlp", "optimizer.lr=0.5"], space=yaml)
    assert space.fixed == ("optimizer.lr=0.5", "model=mlp")
    assert [(d.name, dict(d.when)) for d in space.dimensions] == [
        ("model.hidden", {}),
        ("optimizer.weight_decay", {"model.hidden": ("[16,16]",)}),
    ]
    kept = SearchPlan("tpe", 10, space.fixed, stored_space(space))
    assert space_of(kept) == space


WRONG = [
    ([], "nothing to search"),
    (["optimizer.lr=0.1"], "nothing to search"),
    (["optimizer.lr=interval(1,0.1)"], "reversed: 1 is above 0.1"),
    (["optimizer.lr=interval(1,1)"], "the interval is empty"),
    (["optimizer.lr=interval(0,inf)"], "two finite numbers"),
    (["optimizer.lr=tag(log,interval(0,1))"], "0 has no logarithm here|log of 0"),
    (["trainer.max_epochs=tag(log,int(interval(0,9)))"], "begin at 1"),
    (["trainer.max_epochs=range(5,5)"], "the range is empty|empty: no number"),
    (["trainer.max_epochs=range(1,5,0)"], "a step that is not zero"),
    (["trainer.max_epochs=interval(1,5)"], r"a whole number: .*=int\(interval\(1,5\)\)"),
    (["optimizer.lr=tag(lgo,interval(1,2))"], "Did you mean 'log'"),
    (["optimizer.lr=tag(log,choice(1,2))"], "tag log goes with interval"),
    (["optimizer.lr=1,2,1"], "1 is there twice"),
    (["optimizer.momentun=interval(0,1)"], "no such key. Did you mean 'optimizer.momentum'"),
    (["optimizer=adam,sgd", "optimizer.momentun=1,2"], "no such key under optimizer=adam,sgd"),
    (["seed=0,1"], "sweep.repeats=3 judges"),
    (["hydra.job.name=a,b"], "varies the keys of a run"),
]


@pytest.mark.parametrize(("words", "reason"), WRONG)
def test_what_is_wrong_in_a_space_is_said(
    composer: Composer, words: list[str], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        build_space(composer, words)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"value": "1,2"}, "'value'"),
        ({"values": "1,2", "when": "sgd"}, "no mapping such as"),
        ({"values": "1,2", "when": {"optimizer": "sgd"}}, "optimizer is not searched"),
        ({"values": "1,2", "when": {"model": "cnn"}}, "model is never cnn: it is linear,mlp"),
        ({"values": "1,2", "when": {"optimizer.lr": "1"}}, "lead back to itself"),
    ],
)
def test_what_is_wrong_in_a_space_of_yaml_is_said(
    composer: Composer, entry: Any, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        build_space(composer, ["model=linear,mlp"], space={"optimizer.lr": entry})


def test_a_word_that_is_no_override_is_explained() -> None:
    with pytest.raises(Exception, match="Unknown function 'log'") as raised:
        OverridesParser.create().parse_override("optimizer.lr=log(interval(1,2))")
    assert "log" in str(explain(raised.value, "train", ["optimizer.lr=log(interval(1,2))"]))


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53))
def test_numbers_as_overrides_read_back_exactly(number: float, whole: int) -> None:
    texts = [Number(0, 1).text(number), Number(0, 1, 1, whole=True).text(whole)]
    read = [OverridesParser.create().parse_override(f"key={text}").value() for text in texts]
    assert read == [number, whole]
    assert [type(value) for value in read] == [float, int]
