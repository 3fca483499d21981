"""Logging of the learning rate."""

from pathlib import Path

import pytest
from tests.experiments import curve, trained

RATE = "+callback@callbacks.learning_rate=learning_rate"


def test_an_epoch_logs_the_rate_that_it_starts_with(tmp_path: Path) -> None:
    overrides = ("optimizer.lr=8e-6", "scheduler=step", "scheduler.step_size=2")
    trained(tmp_path, RATE, *overrides, "scheduler.gamma=0.5", "trainer.max_epochs=5")
    expected = {1: 8e-6, 2: 8e-6, 3: 4e-6, 4: 4e-6, 5: 2e-6}
    assert curve(tmp_path, "train/learning_rate") == pytest.approx(expected)


def test_a_schedule_by_steps_is_logged_where_the_epoch_begins(tmp_path: Path) -> None:
    # 15 rows in batches of 5: three steps an epoch, each halving the rate.
    overrides = ("optimizer.lr=8e-6", "scheduler=step", "scheduler.step_size=1")
    trained(
        tmp_path,
        *(RATE, *overrides, "scheduler.gamma=0.5", "scheduler.interval=step"),
        *("data.batch_size=5", "trainer.max_epochs=3"),
    )
    expected = {1: 8e-6, 2: 8e-6 / 2**3, 3: 8e-6 / 2**6}
    assert curve(tmp_path, "train/learning_rate") == pytest.approx(expected)


def test_the_rate_is_logged_every_n_epochs_like_metrics(tmp_path: Path) -> None:
    trained(tmp_path, RATE, "trainer.log_every_n_epochs=3", "trainer.max_epochs=7")
    assert sorted(curve(tmp_path, "train/learning_rate")) == [1, 3, 6, 7]
