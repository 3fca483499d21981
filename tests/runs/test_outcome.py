"""What is logged of a run at its end."""

import pytest

from seedbed.runs.outcome import EpochState, RunOutcome

BEST = EpochState(3, 30, {"val/loss": 0.25, "train/loss": 0.125, "test/loss": 0.5})
LAST = EpochState(7, 70, {"val/loss": 0.75, "train/loss": 0.0625})
METRICS = {"val/loss": 0.75, "train/loss": 0.0625, "test/loss": 0.5, "test/mae": 0.375}
TEST = {"test/loss": 0.5, "test/mae": 0.375}


@pytest.mark.parametrize(
    ("best", "last", "epoch", "scalars"),
    [
        (BEST, LAST, 3, {**TEST, "best/val/loss": 0.25}),
        (None, LAST, 7, TEST),
        (None, None, 0, TEST),
    ],
    ids=["best and last", "last alone", "none kept"],
)
def test_the_end_logs_the_test_metrics_and_the_watched_one_at_the_epoch_that_is_kept(
    best: EpochState | None, last: EpochState | None, epoch: int, scalars: dict[str, float]
) -> None:
    outcome = RunOutcome(metrics=METRICS, best=best, last=last)
    assert outcome.closing_scalars("val/loss") == (epoch, scalars)


def test_a_watched_metric_that_the_best_epoch_lacks_is_left_out() -> None:
    outcome = RunOutcome(metrics=METRICS, best=BEST, last=LAST)
    assert outcome.closing_scalars("val/f1") == (3, TEST)


def test_a_run_without_test_rows_closes_with_its_best_alone() -> None:
    outcome = RunOutcome(metrics={"val/loss": 0.75}, best=BEST, last=LAST)
    assert outcome.closing_scalars("val/loss") == (3, {"best/val/loss": 0.25})
    assert RunOutcome(metrics={"train/loss": 1.0}).closing_scalars("train/loss") == (0, {})


def test_of_several_objectives_all_that_the_best_epoch_measured_are_logged() -> None:
    best = EpochState(3, 9, {"val/loss": 0.25, "val/f1": 0.5})
    watched = ("val/f1", "model/parameters", "val/loss")
    scalars = {"best/val/f1": 0.5, "best/val/loss": 0.25}
    assert RunOutcome(best=best).closing_scalars(*watched) == (3, scalars)
