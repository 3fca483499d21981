"""Objectives and constraints of a config: which they are, and what is wrong with some."""

import pytest
from omegaconf import OmegaConf
from tests.composing import unchecked

from seedbed.config.metrics import excluding, objectives, optimized_metric, parsed_constraint
from seedbed.config.metrics.rules import problems
from seedbed.errors import ConfigError


@pytest.fixture(scope="module")
def config():
    """A composed config, whose keys a test may set."""
    return unchecked("data=clusters", "data.val_size=0.2")


def said(config, **keys):
    changed = OmegaConf.merge(config, {})
    for key, value in keys.items():
        OmegaConf.update(changed, key.replace("__", "."), value, force_add=True)
    return changed, list(problems(changed))


@pytest.mark.parametrize(
    ("metric", "mode", "expected"),
    [
        (None, None, [("val/loss", "min")]),
        ("val/f1", None, [("val/f1", "max")]),
        (["val/f1"], ["min"], [("val/f1", "min")]),
        (None, "max", [("val/loss", "max")]),
        (None, ["max"], [("val/loss", "max")]),
        (
            ["model/parameters", "val/accuracy", "train/seconds"],
            None,
            [("model/parameters", "min"), ("val/accuracy", "max"), ("train/seconds", "min")],
        ),
        (["val/loss", "val/f1"], [None, "min"], [("val/loss", "min"), ("val/f1", "min")]),
    ],
)
def test_objectives_and_the_metric_of_the_best_epoch(config, metric, mode, expected):
    changed, wrong = said(config, optimized_metric=metric, optimized_mode=mode)
    assert wrong == []
    assert list(objectives(changed)) == expected
    once = ("model/parameters", "train/seconds")
    assert optimized_metric(changed) == next(one for one in expected if one[0] not in once)


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        ({"optimized_metric": []}, "optimized_metric: [] is neither a metric nor a list"),
        ({"optimized_metric": 3}, "optimized_metric: 3 is neither"),
        ({"optimized_metric": ["val/loss", 3]}, "optimized_metric: ['val/loss', 3] is neither"),
        ({"optimized_metric": ["val/loss", "val/loss"]}, "optimized_metric: val/loss is named tw"),
        ({"optimized_metric": ["val/loss", "val/los"]}, "optimized_metric: 'val/los' is not logg"),
        ({"optimized_metric": "model/parameter"}, "optimized_metric: 'model/parameter' is not lo"),
        ({"optimized_metric": "model/parameters"}, "optimized_metric: no epoch measures model/p"),
        ({"optimized_metric": ["model/parameters", "train/seconds"]}, "optimized_metric: no epoc"),
        ({"optimized_mode": ["min", "max"]}, "optimized_mode: min, max: 2 for 1 metric of"),
        (
            {"optimized_metric": ["val/loss", "val/f1"], "optimized_mode": "min"},
            "optimized_mode: min: 1 for 2 metrics of optimized_metric",
        ),
        ({"search__constraints": ["val/loss"]}, "search.constraints: 'val/loss' is no constraint"),
        ({"search__constraints": ["val/loss<1"]}, "search.constraints: 'val/loss<1' is no constr"),
        ({"search__constraints": ["val/los<=1"]}, "search.constraints: 'val/los' is not logged."),
        (
            {"search__constraints": ["val/loss<=1", "val/loss>=2"]},
            "search.constraints: nothing keeps both val/loss>=2 and val/loss<=1",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_one_line(config, keys, start):
    _, [line] = said(config, **keys)
    assert line.startswith(start)
    assert "\n" not in line


def test_a_list_in_which_a_metric_does_not_say_what_is_better_needs_a_mode(config):
    keys = {"callbacks__mine": {"_target_": "mine.Callback"}}
    metrics = ["val/loss", "mine"]
    [line] = said(config, optimized_metric=metrics, **keys)[1]
    assert line.startswith("optimized_mode: null, and mine does not say which is better")
    assert said(config, optimized_metric=metrics, optimized_mode=[None, "max"], **keys)[1] == []


@pytest.mark.parametrize(
    ("text", "value", "violation"),
    [
        ("model/parameters<=10000", 10_001, 1),
        (" val/loss >= -1e-3 ", 0.5, -0.501),
        ("val/f1>=0.5", 0.25, 0.25),
        ("val/f1<=0.5", 0.5, 0),
    ],
)
def test_a_constraint_is_violated_by_what_is_missing(text, value, violation):
    constraint = parsed_constraint(text)
    assert constraint.violation(value) == pytest.approx(violation)
    assert parsed_constraint(constraint.text) == constraint


@pytest.mark.parametrize("text", ["a", "a<=", "<=1", "a<=b", "a==1", "a<=nan", "a<=inf", "a b<=1"])
def test_what_is_no_constraint_is_refused(text):
    with pytest.raises(ConfigError, match=r"search\.constraints: '.*' is no constraint; METRIC<="):
        parsed_constraint(text)


def test_bounds_of_one_metric_may_leave_something():
    bounds = map(parsed_constraint, ["a<=3", "a>=1", "a<=2", "b<=0", "a>=2"])
    assert excluding(bounds) is None
