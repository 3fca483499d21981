"""How far units are: in words, and through a file from another process."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seedbed.sweep.execution import progress as module
from seedbed.sweep.execution.progress import Progress, ProgressFile, read_progress


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


def test_a_file_is_written_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    file = ProgressFile(tmp_path / "unit-3.json")
    seen = []
    for place, clock.now in enumerate((100.0, 101.0, 101.9, 102.0, 102.9)):
        file.note(Progress(7, place / 10, f"epoch {place}/10", 0.5))
        seen.append(read_progress(file.path))
    first, later = (Progress(7, n / 10, f"epoch {n}/10", 0.5) for n in (1, 3))
    assert seen == [None, first, first, later, later]


@pytest.mark.parametrize("text", [None, "", "{", "[1]", json.dumps({"job": 1})])
def test_a_progress_file_that_cannot_be_read_is_none(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "unit-0.json"
    if text is not None:
        path.write_text(text)
    assert read_progress(path) is None
