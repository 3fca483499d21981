"""A run that noted no end goes on only where its process does, or its heart beats."""

import json
import os
import time

import pytest

from seedbed.process.identity import this_process
from seedbed.runs import heartbeat
from seedbed.runs.outcome import RunOutcome
from seedbed.runs.record import Record, read_record, state_of

ELSEWHERE = {**this_process(), "host": "elsewhere"}


def running(path, process, seconds_ago=0.0):
    """Write the record of a run that noted no end, touched so many seconds ago."""
    path.write_text(json.dumps({"status": "running", "error": None, "process": process}))
    os.utime(path, (time.time() - seconds_ago,) * 2)
    return path


@pytest.mark.parametrize(
    ("process", "seconds_ago", "state"),
    [
        (this_process(), 1e6, "running"),
        ({**this_process(), "pid": 4_000_000}, 0.0, "interrupted (killed)"),
        (ELSEWHERE, 60.0, "running"),
        (ELSEWHERE, 600.0, "interrupted (killed)"),
        (None, 600.0, "interrupted (killed)"),
    ],
)
def test_a_run_without_an_end_goes_on_or_was_killed(tmp_path, process, seconds_ago, state):
    path = running(tmp_path / "run.json", process, seconds_ago)
    assert state_of(read_record(path)) == state


def test_a_record_is_touched_while_its_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_BEATS", 0.01)
    path = tmp_path / "run.json"
    record = Record(path, {})
    os.utime(path, (0, 0))
    deadline = time.monotonic() + 10
    while path.stat().st_mtime == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.stat().st_mtime > 0
    record.finish(RunOutcome(status="completed"))
    time.sleep(0.05)
    os.utime(path, (0, 0))
    time.sleep(0.1)
    assert path.stat().st_mtime == 0


def test_a_record_says_which_process_it_is_of(tmp_path):
    Record(tmp_path / "run.json", {})
    assert json.loads((tmp_path / "run.json").read_text())["process"] == this_process()


def test_another_process_ends_a_record_that_the_first_one_has_left(tmp_path):
    path = tmp_path / "run.json"
    first = Record(path, {"command": "seedbed train"})
    other = Record(path, {"command": "of its own"}, enabled=False)
    assert other.finish_for_first(RunOutcome(status="failed", error="killed"))
    fields = json.loads(path.read_text())
    assert (fields["status"], fields["command"]) == ("failed", "seedbed train")
    first.finish(RunOutcome(status="completed"))
    assert not other.finish_for_first(RunOutcome(status="failed"))
    assert json.loads(path.read_text())["status"] == "completed"


def test_a_record_says_how_far_its_run_is_until_it_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_BEATS", 0.01)
    path = tmp_path / "run.json"
    record = Record(path, {"command": "seedbed train"})
    record.progress = lambda: (7, 20)
    deadline = time.monotonic() + 10
    while "progress" not in read_record(path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert read_record(path)["progress"] == {"epoch": 7, "of": 20}
    assert read_record(path)["command"] == "seedbed train"
    record.finish(RunOutcome(status="completed"))
    time.sleep(0.05)
    assert "progress" not in read_record(path)
    assert read_record(path)["status"] == "completed"
