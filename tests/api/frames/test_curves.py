"""Curves as a frame: epochs, optimizer steps, and runs that log other things."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from seedbed.api.frames import curves
from seedbed.api.frames.curves import curves_of_jobs
from seedbed.errors import RunFolderError
from seedbed.loggers.metrics_file import METRICS, metrics_text
from seedbed.loggers.tensorboard import TensorBoard

Points = list[tuple[int, dict[str, float]]]


def events_of(folder: Path, points: Points) -> Path:
    logger = TensorBoard(folder)
    for number, values in points:
        logger.log_metrics(values, number)
    logger.close()
    return folder


def csv_of(folder: Path, points: Points) -> Path:
    folder.mkdir()
    (folder / METRICS).write_text(metrics_text(points))
    return folder


BY_EPOCH: Points = [
    (1, {"val/loss": 2.0, "train/loss": 3.0, "lr": 0.5}),
    (2, {"val/loss": 1.0, "train/loss": 1.5}),
    (2, {"test/loss": 9.0, "best/val/loss": 1.0}),
]
BY_STEP: Points = [(4, {"train/loss_step": 0.25}), (8, {"train/loss_step": 0.125})]


@pytest.mark.parametrize("logged", [events_of, csv_of])
def test_epochs_come_before_steps_and_the_end_is_no_curve(tmp_path: Path, logged: object) -> None:
    folder = logged(tmp_path / "run", BY_EPOCH + BY_STEP)  # type: ignore[operator]
    expected = pl.DataFrame(
        {
            "epoch": [1, 2, None, None],
            "step": [None, None, 4, 8],
            "train/loss": [3.0, 1.5, None, None],
            "train/loss_step": [None, None, 0.25, 0.125],
            "val/loss": [2.0, 1.0, None, None],
            "lr": [0.5, None, None, None],
        }
    )

    assert_frame_equal(curves_of_jobs({0: folder}, column=None), expected)


def test_jobs_may_log_other_things_and_by_other_loggers(tmp_path: Path) -> None:
    folders = {
        7: events_of(tmp_path / "7", [(1, {"train/loss": 1.0}), (3, {"train/loss": 0.5})]),
        2: csv_of(tmp_path / "2", [(1, {"train/loss": 2.0})]),
        5: tmp_path / "none",
    }
    frame = curves_of_jobs(folders)

    assert frame.rows() == [(7, 1, None, 1.0), (7, 3, None, 0.5), (2, 1, None, 2.0)]
    assert curves_of_jobs({}).is_empty()


def test_names_of_columns_of_ours_are_no_metrics(tmp_path: Path) -> None:
    folder = events_of(tmp_path / "run", [(1, {"step": 3.0, "job": 4.0, "\x1b[31m": 5.0})])

    assert curves_of_jobs({0: folder}).rows(named=True) == [
        {"job": 0, "epoch": 1, "step": None, "step_": 3.0, "job_": 4.0, "\\x1b[31m": 5.0}
    ]


def test_more_than_can_be_shown_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "MOST_CELLS", 3)
    with pytest.raises(RunFolderError, match="2 rows of 2 columns are more than are read"):
        curves_of_jobs({0: events_of(tmp_path / "run", [(1, {"a": 1.0}), (2, {"b": 1.0})])})
