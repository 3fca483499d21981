"""Event files of a run that goes on, as TensorBoard reads them."""

from pathlib import Path

import pytest
from tests.experiments import events

from seedbed.loggers import CSV, TensorBoard
from seedbed.loggers.event_cut import cut_events

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (3).to_bytes(4, "big") * 2


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    """The event file of a run that has logged eight epochs of three steps, and its end."""
    logger = TensorBoard(tmp_path)
    for name in ("config", "command", "own"):
        logger.log_text(name, "of the first part")
    for epoch in range(1, 9):
        logger.log_metrics({"train/loss": 1 / epoch, "val/loss": 2 / epoch}, epoch)
        logger.log_metrics({"train/loss_step": 3 / epoch}, 3 * epoch)
        logger.log_image("fit", PNG, epoch)
    logger.log_metrics({"test/loss": 0.5, "best/val/loss": 0.25}, 2)
    logger.log_outcome({"seed": 0})
    logger.close()
    (path,) = tmp_path.glob("events*")
    return path


def test_what_comes_after_the_checkpoint_and_at_the_end_is_taken_out(logged: Path) -> None:
    cut_events(logged, epoch=5, step=16)
    read = events(logged.parent)
    assert [event.step for event in read.Scalars("train/loss")] == [1, 2, 3, 4, 5]
    assert [event.value for event in read.Scalars("val/loss")] == pytest.approx(
        [2.0, 1.0, 2 / 3, 0.5, 0.4]
    )
    assert [event.step for event in read.Scalars("train/loss_step")] == [3, 6, 9, 12, 15]
    assert {event.step for event in read.Images("fit")} <= {1, 2, 3, 4, 5}
    assert read.Tags()["scalars"] == ["train/loss", "val/loss", "train/loss_step"]
    assert read.Tags()["tensors"] == ["own/text_summary"]


def test_a_torn_end_is_cut_off_and_what_is_whole_stays_byte_for_byte(logged: Path) -> None:
    cut_events(logged, epoch=8, step=24)
    whole = logged.read_bytes()
    changed = logged.stat().st_mtime_ns
    cut_events(logged, epoch=8, step=24)
    assert logged.stat().st_mtime_ns == changed
    for torn in (whole[:7], whole[:20]):
        logged.write_bytes(whole + torn)
        cut_events(logged, epoch=8, step=24)
        assert logged.read_bytes() == whole
    logged.write_bytes(whole[:-3])
    cut_events(logged, epoch=8, step=24)
    assert whole.startswith(logged.read_bytes())
    assert [event.step for event in events(logged.parent).Scalars("train/loss")] == [*range(1, 9)]


def test_metrics_csv_goes_on_as_if_it_had_not_been_left(tmp_path: Path) -> None:
    def log(logger: CSV, epochs: range) -> None:
        for epoch in epochs:
            for step in (2 * epoch - 1, 2 * epoch):
                logger.log_metrics({"train/loss_step": 0.1 * step}, step)
            logger.log_metrics({"train/loss": 1 / epoch, "val/loss": 1e-17 * epoch}, epoch)

    def finish(logger: CSV) -> None:
        logger.log_metrics({"test/loss": 0.125, "best/val/loss": 0.1}, 2)
        logger.close()

    folders = [tmp_path / "whole", tmp_path / "parts"]
    for folder in folders:
        folder.mkdir()
    whole, first, second = CSV(folders[0]), CSV(folders[1]), CSV(folders[1])
    log(whole, range(1, 7))
    finish(whole)
    log(first, range(1, 6))  # Beyond the checkpoint, and to its end.
    finish(first)
    second.go_on(3, 6)
    log(second, range(4, 7))
    finish(second)
    texts = [(folder / "metrics.csv").read_text() for folder in folders]
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 1 + 6 + 12
