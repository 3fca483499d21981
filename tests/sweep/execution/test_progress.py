"""How far units are: in words, and through a file from another process."""

from types import SimpleNamespace
from typing import Any

from seedbed.sweep.execution.progress import Progress


def engine(epoch: int, best: float | None) -> Any:
    history = SimpleNamespace(best_so_far=lambda: best)
    return SimpleNamespace(epoch=epoch, history=history, group=SimpleNamespace(max_epochs=[4, 10]))


def test_a_chunk_is_as_far_as_its_longest_job() -> None:
    progress = Progress(400)
    progress.chunk_epoch(engine(5, 0.25))
    assert progress == Progress(400, 0.5, "epoch 5/10", 0.25)


def test_of_a_job_whose_end_is_not_known_no_share_is() -> None:
    progress = Progress(1)
    progress.job_epoch(3, 4)
    assert progress == Progress(1, 0.75, "epoch 3/4")
    progress.job_epoch(3, None)
    assert progress == Progress(1, 0.0, "epoch 3")


def test_the_share_and_the_best_stay_while_folders_are_written() -> None:
    progress = Progress(7, 0.5, "epoch 1/2", 0.5)
    progress.folder_written(4, 1000)
    assert progress == Progress(7, 0.5, "folder 4/1,000", 0.5)
