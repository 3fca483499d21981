"""What early stopping says, and that both engines say it."""

from pathlib import Path

import numpy as np
from tests.experiments import record, trained

from seedbed.engines.fused.early_stopping import EarlyStoppingRule, JobStopping
from seedbed.training.early_stopping import early_stopping_reason

WAITED = "after epoch 5: train/mae has not improved for 4 epochs"


def test_the_message_names_epoch_metric_and_patience() -> None:
    assert early_stopping_reason(5, "train/mae", 4, finite=True) == WAITED


def test_a_metric_that_is_not_finite_ends_the_run_without_waiting() -> None:
    said = early_stopping_reason(2, "val/loss", 4, finite=False)
    assert said == "after epoch 2: val/loss is not finite"


def test_both_engines_say_the_same(tmp_path: Path) -> None:
    trained(
        tmp_path,
        "optimizer.lr=0",
        "callbacks=early_stopping",
        "callbacks.early_stopping.monitor=train/mae",
        "callbacks.early_stopping.patience=4",
        "trainer.max_epochs=9",
    )
    assert record(tmp_path)["stopped"] == WAITED

    jobs = JobStopping([EarlyStoppingRule("train/mae", "min", 0.0, 4)])
    running = np.array([True])
    said = [jobs.after_epoch(epoch, {"train/mae": np.ones(1)}, running) for epoch in range(1, 6)]
    assert said == [{}, {}, {}, {}, {0: WAITED}]
