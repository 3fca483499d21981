"""Jobs with torchmetrics train side by side, with the values that each has alone."""

from pathlib import Path

import pytest
import torch
from tests.composing import composed
from tests.engines.fused.comparison import BLOBS, DOUBLE, LINE, STOPS, TWO, compare, together
from torchmetrics import Metric

from seedbed.engines.fused.network_state import CannotFuse
from seedbed.sweep.planning.compatibility import why_alone

ROWS = tuple((f"data.val_size={size}", f"seed={size}", "optimizer.lr=0.1") for size in (4, 6))
METRIC = "+task.torchmetrics.{}._target_=torchmetrics."
CASES = {
    "a regression": (
        *(*LINE, "data.target_scale=standard", METRIC.format("msle") + "regression.LogCoshError"),
        *("task.metrics=[mae,kendall]", "data.rows=22"),
    ),
    "two classes": (*TWO, "task.metrics=[hinge_loss,accuracy]", "task.class_weights=balanced"),
    "classes": (
        *(*BLOBS, METRIC.format("exact") + "classification.MulticlassCohenKappa"),
        *("+task.torchmetrics.exact.num_classes=4", "data.test_size=4", "data.rows=30"),
    ),
    "one that stops": (
        *(*LINE, METRIC.format("mape") + "MeanAbsolutePercentageError", STOPS),
        *("optimized_metric=val/mape", "callbacks.early_stopping.monitor=val/mape"),
        "callbacks.early_stopping.patience=1",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_job_has_the_values_that_it_has_alone(tmp_path: Path, name: str) -> None:
    compare(tmp_path, (*CASES[name], DOUBLE, "trainer.max_epochs=4"), ROWS)


class Failing(Metric):
    """A metric that gives up."""

    def __init__(self) -> None:
        super().__init__()
        self.add_state("rows", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        self.rows += len(target)

    def compute(self) -> torch.Tensor:
        if self.rows not in (0, 32):  # Of so many rows it is tried beforehand.
            raise ValueError("no such metric")
        return self.rows


def test_where_one_fails_the_jobs_train_one_after_another_by_name(tmp_path: Path) -> None:
    word = f"+task.torchmetrics.mine._target_={__name__}.Failing"
    assert why_alone(composed(*LINE, word)) == ""
    with pytest.raises(CannotFuse, match=r"^task.torchmetrics.mine: ValueError: no such metric$"):
        together(tmp_path, (*LINE, word), ROWS)
