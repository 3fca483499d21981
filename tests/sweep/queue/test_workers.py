"""Workers as others see them: whether they are there is told without comparing any clocks."""

import os
import time
from pathlib import Path

import pytest

from seedbed.sweep.queue.workers import Heart, Workers, new_note, read_workers

HOUR = 3600.0


@pytest.fixture
def elsewhere(tmp_path: Path) -> Heart:
    """A worker on another machine, which has written its file once."""
    heart = Heart(tmp_path, new_note("token", "slurm 1_2"))
    heart.note.host = "elsewhere"
    heart.change(state="working")
    (tmp_path / "controller.json").touch()
    return heart


@pytest.mark.parametrize("hours", [-10.0, 0.0, 10.0])
def test_who_watches_compares_no_clocks(
    elsewhere: Heart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    name, path, at = elsewhere.note.name, elsewhere._path, [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    workers = Workers(tmp_path, watches=True)

    def beats() -> None:
        moment = time.time() + hours * HOUR + at[0]
        os.utime(path, (moment, moment))

    beats()
    assert workers.look()[name].gone(120.0) == ""
    at[0] += 100.0
    assert workers.look()[name].gone(120.0) == ""
    beats()  # However long it took: nobody looked meanwhile.
    at[0] += 8 * HOUR
    assert workers.look()[name].gone(120.0) == ""
    at[0] += 121.0
    assert workers.look()[name].gone(120.0) == "gave no sign for 121 s"
    beats()
    assert workers.look()[name].gone(120.0) == ""


def test_who_looks_once_goes_by_the_times_of_files_of_one_file_system(
    elsewhere: Heart, tmp_path: Path
) -> None:
    name, now = elsewhere.note.name, time.time() + 10 * HOUR
    os.utime(tmp_path / "controller.json", (now, now))
    os.utime(elsewhere._path, (now - 100.0, now - 100.0))
    assert read_workers(tmp_path)[name].gone(120.0) == ""
    os.utime(elsewhere._path, (now - 130.0, now - 130.0))
    assert read_workers(tmp_path)[name].gone(120.0) == "gave no sign for 130 s"


def test_nothing_of_workers_is_left(elsewhere: Heart, tmp_path: Path) -> None:
    (tmp_path / "workers/.a.json.0123456789abcdef.tmp").touch()
    Workers(tmp_path).remove()
    assert [path.name for path in tmp_path.iterdir()] == ["controller.json"]
