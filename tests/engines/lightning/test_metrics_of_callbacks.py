"""Metrics that callbacks log: they are like Seedbed's own, wherever metrics are used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from tests.composing import composed
from tests.experiments import built, curve, finished, record, trained

from seedbed.errors import ConfigError
from seedbed.sweep.results.table import read_results

MINE = "+callbacks.mine={_target_: tests.engines.lightning.test_metrics_of_callbacks.Mine}"
VALIDATED = ("data.val_size=3", "data.test_size=3", "trainer.max_epochs=5")


class Mine(pl.Callback):
    """Logs in every way that there is: a metric that is best in the third epoch, and others."""

    def __init__(self, also: str = "val/constant") -> None:
        self.also = also

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        pl_module.log("val/margin", 10.0 - abs(trainer.current_epoch - 2))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        pl_module.also_logged["train/told"] = 1.0 + trainer.current_epoch
        self.log(self.also, 7.0)
        if trainer.current_epoch == 1:
            self.log("train/once", 8.0)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.log("test/margin", 9.0)


def test_they_are_in_record_and_curves_and_pick_the_best_epoch(tmp_path: Path) -> None:
    watched = ("optimized_metric=val/margin", "optimized_mode=max")
    trained(tmp_path, MINE, *VALIDATED, *watched)
    fields = record(tmp_path)
    expected = {"val/margin": 8.0, "val/constant": 7.0, "train/told": 5.0, "test/margin": 9.0}
    assert fields["metrics"].items() >= expected.items()
    own = [name for name in fields["metrics"] if name in expected]
    assert own == ["val/margin", "val/constant", "train/told", "test/margin"]
    # What is not logged in an epoch is none of its metrics.
    assert "train/once" not in fields["metrics"]
    best = fields["checkpoints"]["best"]
    assert (best["epoch"], best["metrics"]["val/margin"]) == (3, 10.0)
    assert best["metrics"].items() >= {"train/told": 3.0, "test/margin": 9.0}.items()
    # One point an epoch, at its number.
    assert curve(tmp_path, "val/margin") == {1: 8.0, 2: 9.0, 3: 10.0, 4: 9.0, 5: 8.0}
    assert curve(tmp_path, "train/once") == {2: 8.0}


@pytest.mark.parametrize("every", [1, 2])
def test_one_that_nobody_logs_is_refused_and_nothing_is_left(tmp_path: Path, every: int) -> None:
    watched = ("optimized_metric=val/margn", "optimized_mode=max")
    words = (f"trainer.check_val_every_n_epoch={every}", *VALIDATED, *watched)
    experiment = built(tmp_path, MINE, *words)
    with pytest.raises(ConfigError) as error:
        finished(experiment)
    text = str(error.value)
    assert text.startswith("optimized_metric: 'val/margn' is not logged, by no callback either.")
    assert "Did you mean 'val/margin'?" in text
    assert experiment.trainer.current_epoch == every - 1
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"config.yaml"}


def test_early_stopping_by_one_that_nobody_logs_is_refused(tmp_path: Path) -> None:
    stops = ("+callback@callbacks.early_stopping=early_stopping", "data.val_size=3")
    monitor = ("monitor=val/margn", "mode=max", "patience=1")
    words = [*stops, *(f"callbacks.early_stopping.{word}" for word in monitor)]
    experiment = built(tmp_path, MINE, "trainer.max_epochs=5", *words)
    with pytest.raises(ConfigError, match=r"^early stopping: 'val/margn' is not logged\."):
        finished(experiment)


def test_a_plateau_and_early_stopping_can_watch_them(tmp_path: Path) -> None:
    mine = ("scheduler=plateau", "scheduler.monitor=val/margin", "scheduler.mode=max")
    stops = ("+callback@callbacks.early_stopping=early_stopping", "scheduler.patience=0")
    monitor = [f"callbacks.early_stopping.{word}" for word in ("monitor=val/margin", "mode=max")]
    words = (*mine, *stops, *monitor, "callbacks.early_stopping.patience=2", "optimizer.lr=1e-5")
    experiment = trained(tmp_path, MINE, *VALIDATED, *words)
    # 10 in the third epoch, and then less.
    assert record(tmp_path)["stopped"].startswith("after epoch 5: val/margin has not improved")
    rate = experiment.trainer.optimizers[0].param_groups[0]["lr"]
    assert rate == pytest.approx(1e-7)


@pytest.mark.parametrize("name", ["val/loss", "train/rmse"])
def test_one_of_seedbeds_own_names_is_refused(tmp_path: Path, name: str) -> None:
    experiment = built(tmp_path, MINE, f"+callbacks.mine.also={name}", *VALIDATED)
    with pytest.raises(ConfigError, match=f"logs '{name}', which Seedbed logs itself"):
        finished(experiment)


def test_without_a_callback_of_the_users_own_a_name_is_checked_beforehand() -> None:
    theirs = "+callbacks.bar={_target_: pytorch_lightning.callbacks.TQDMProgressBar}"
    with pytest.raises(ConfigError, match=r"^optimized_metric: 'val/margin' is not logged"):
        composed(theirs, *VALIDATED, "optimized_metric=val/margin", "optimized_mode=max")
    with pytest.raises(ConfigError, match="optimized_mode=min or optimized_mode=max"):
        composed(MINE, *VALIDATED, "optimized_metric=val/margin")


def test_in_a_sweep_they_are_in_the_table_and_a_wrong_metric_fails_its_job_alone(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    f1 = "_target_:torchmetrics.classification.MulticlassF1Score,num_classes:3"
    words = ("data=blobs", "data.rows=30", "data.val_size=10", "trainer.max_epochs=3", MINE)
    found = command(
        *("train", "-m", "callbacks=quiet", "logger=none", *words),
        *("optimized_metric=val/margin", "optimized_mode=max"),
        f"+task.torchmetrics.all={{{f1},average:macro}},{{{f1},average:none}}",
    )
    assert found.code == 1, found.err
    assert "Traceback" not in found.err
    [path] = tmp_path.rglob("results.csv")
    right, wrong = read_results(path)
    assert (right.status, wrong.status) == ("completed", "failed")
    expected = {"val/margin": 10.0, "best/epoch": 3.0, "best/val/margin": 10.0, "train/told": 3.0}
    assert right.metrics.items() >= expected.items()
    assert right.metrics["val/all"] == pytest.approx(right.metrics["val/f1"])
    assert str(wrong.error).startswith("task.torchmetrics.all: MulticlassF1Score gives 3 numbers")


def test_the_difference_of_a_gradient_can_be_optimized(tmp_path: Path) -> None:
    name = "train/gradient_difference"
    words = ("gradient=finite_difference", "gradient.compare=true", "optimized_mode=min")
    trained(tmp_path, *words, f"optimized_metric={name}", "trainer.max_epochs=2")
    assert name in record(tmp_path)["checkpoints"]["best"]["metrics"]
