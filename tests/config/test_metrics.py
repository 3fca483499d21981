"""The metrics that a config logs, those that are watched, and which direction of each is better."""

import pytest
from omegaconf import OmegaConf
from tests.experiments import trained

from seedbed.config.metrics import (
    METRICS,
    has_validation,
    known_mode,
    metric_names,
    mode_of,
    optimized_metric,
)
from seedbed.config.schema.store import SCHEMAS
from seedbed.config.validation import check
from seedbed.errors import ConfigError

DATASET = (
    "data=torch_dataset",
    "data.train._target_=a.B",
    "data.task=regression",
    "data.input_shape=[3]",
    "data.output_size=2",
    "data.class_names=[]",
    "data.in_memory=false",
)


def problems(config):
    """Return the lines of what is wrong with a config."""
    try:
        check(config)
    except ConfigError as error:
        return str(error).splitlines()
    return []


@pytest.fixture
def found(compose):
    """Return a function that names what is wrong with the overrides."""
    return lambda *overrides: problems(compose(*overrides))


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        ((), ["train/loss", "train/rmse", "train/mae", "train/r2"]),
        (("task.metrics=[]",), ["train/loss"]),
        (("task.metrics=[]", "data.val_size=3"), ["train/loss", "val/loss"]),
        (("data=clusters",), ["train/loss", "train/accuracy", "train/f1"]),
        (
            ("task.metrics=[mae]", "+task.torchmetrics.mine={_target_: torchmetrics.R2Score}"),
            ["train/loss", "train/mae", "train/mine"],
        ),
    ],
)
def test_metric_names(compose, overrides, names):
    assert metric_names(compose(*overrides)) == names


@pytest.mark.parametrize(
    ("overrides", "validates"),
    [
        ((), False),
        (("data.val_size=3",), True),
        (("data.val_size=0.2",), True),
        (("data.val_size=3", "trainer.limit_val_batches=0"), False),
        (("data.val_size=3", "trainer.limit_val_batches=0.0"), False),
        (DATASET, False),
        ((*DATASET, "data.val={_target_: a.B}"), True),
    ],
)
def test_has_validation(compose, overrides, validates):
    assert has_validation(compose(*overrides)) is validates


@pytest.mark.parametrize(
    ("overrides", "metric", "mode"),
    [
        ((), "train/loss", "min"),
        (("data.val_size=3",), "val/loss", "min"),
        (("data.val_size=3", "optimized_metric=val/r2"), "val/r2", "max"),
        (("optimized_metric=train/mae",), "train/mae", "min"),
        (("optimized_metric=train/mae", "optimized_mode=max"), "train/mae", "max"),
        (("data=clusters", "optimized_metric=train/f1"), "train/f1", "max"),
        (("optimized_mode=max",), "train/loss", "max"),
    ],
)
def test_optimized_metric(compose, overrides, metric, mode):
    assert optimized_metric(compose(*overrides)) == (metric, mode)


@pytest.mark.parametrize(
    ("metric", "mode"),
    [
        ("val/accuracy", "max"),
        ("train/f1", "max"),
        ("r2", "max"),
        ("val/loss", "min"),
        ("val/rmse", "min"),
        ("accuracy/loss", "min"),
        ("val/not_accuracy", None),
    ],
)
def test_the_mode_of_a_metric_of_ours(metric, mode):
    assert known_mode(metric) == mode


MINE = "+task.torchmetrics.mine={_target_: torchmetrics.%s}"


@pytest.mark.parametrize(
    ("torchmetric", "mode"),
    [("MeanAbsolutePercentageError", "min"), ("R2Score", "max"), ("ExplainedVariance", "max")],
)
def test_a_torchmetric_says_itself_what_is_better(compose, torchmetric, mode):
    config = compose(MINE % torchmetric, "optimized_metric=train/mine")

    assert problems(config) == []
    assert optimized_metric(config) == ("train/mine", mode)


def test_a_torchmetric_goes_before_the_metric_whose_name_it_has(compose):
    config = compose("+task.torchmetrics.mae={_target_: torchmetrics.R2Score}")

    assert mode_of("train/mae", config, "optimized_mode") == "max"


def test_no_torchmetric_hides_the_loss(found):
    [problem] = found("+task.torchmetrics.loss={_target_: torchmetrics.R2Score}")

    assert problem == "task.torchmetrics.loss: the loss is logged as loss; choose another name"


SILENT = MINE % "PearsonCorrCoef"


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (("optimized_metric=train/mine",), "optimized_mode"),
        (("scheduler=plateau", "scheduler.monitor=train/mine"), "scheduler.mode"),
        (
            ("callbacks=early_stopping", "callbacks.early_stopping.monitor=train/mine"),
            "callbacks.early_stopping.mode",
        ),
    ],
)
def test_of_a_torchmetric_that_does_not_say_the_config_must(found, overrides, key):
    [problem] = found(SILENT, *overrides)

    assert problem == (
        f"{key}: null, and train/mine does not say which is better, less of it or more: "
        f"{key}=min or {key}=max"
    )
    assert found(SILENT, *overrides, f"{key}=max") == []
    # Nobody asks where nothing depends on it.
    assert found(SILENT) == []


def test_a_watched_torchmetric_that_cannot_be_made_is_named_once(found):
    wrong = "+task.torchmetrics.mine={_target_: torchmetrics.Nothing}"
    stops = ("callbacks=early_stopping", "callbacks.early_stopping.monitor=train/mine")

    [problem] = found(wrong, *stops, "optimized_metric=train/mine")

    assert problem.startswith("task.torchmetrics.mine")
    assert "Nothing" in problem


def test_a_metric_of_a_task_of_the_users_own_needs_a_mode(compose):
    config = compose("optimized_metric=train/mine")
    config.task = OmegaConf.create({"_target_": "tasks.Mine"})

    [problem] = problems(config)

    assert problem.startswith("optimized_mode: null")
    config.optimized_mode = "min"
    assert problems(config) == []


def test_every_metric_has_an_entry_and_a_formula_under_one_name():
    from seedbed.training import metrics as formulas

    assert set(METRICS) == {*formulas.METRICS, *formulas.NAMED}
    assert {metric.better for metric in METRICS.values()} == {"min", "max"}
    assert {task for metric in METRICS.values() for task in metric.tasks} <= set(SCHEMAS["task"])


AUROC = (
    "+task.torchmetrics.auroc="
    "{_target_: torchmetrics.classification.MulticlassAUROC, num_classes: 3}"
)


def test_the_best_epoch_by_a_torchmetric_is_the_one_where_it_is_highest(tmp_path):
    from tests.experiments import record

    trained(
        tmp_path,
        *("data=blobs", "task=multiclass", "data.val_size=0.2", "data.split=random"),
        *(
            "optimizer=adam",
            "optimizer.lr=0.05",
            "trainer.max_epochs=6",
            "logger=none",
            "trainer=cpu",
        ),
        *(AUROC, "optimized_metric=val/auroc"),
    )

    best = record(tmp_path)["checkpoints"]["best"]
    assert best["epoch"] == 4
    assert best["metrics"]["val/auroc"] == pytest.approx(0.9658, abs=1e-4)
