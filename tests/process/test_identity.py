"""A process is known by more than its pid."""

import json
import os
import subprocess
import sys

import pytest

from seedbed.process import identity
from seedbed.process.identity import is_gone, seconds_since_start, state_of, this_process


def test_a_process_is_there_until_it_ends():
    code = (
        "import json; from seedbed.process.identity import this_process\n"
        "print(json.dumps(this_process()), flush=True); input()"
    )
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)
    known = json.loads(process.stdout.readline())
    assert known["pid"] == process.pid
    assert is_gone(known) is False
    process.kill()
    while state_of(process.pid) not in ("Z", ""):
        pass
    assert is_gone(known) is True  # Though nobody has waited for it yet.
    process.communicate()
    assert is_gone(known) is True


def test_another_process_with_the_same_pid_is_not_the_same():
    here = this_process()
    place, _, ticks = here["start"].rpartition(" ")
    assert is_gone(here) is False
    assert is_gone({**here, "start": f"{place} {int(ticks) + 1}"}) is True


@pytest.mark.parametrize(
    "other",
    [
        {"host": "elsewhere"},
        {"start": "another-boot pid:[1] 5"},
        {"start": ""},
        {"start": None},
        {"pid": "1"},
        {"pid": True},
    ],
)
def test_of_other_machines_and_damaged_records_it_cannot_be_told(other):
    assert is_gone({**this_process(), **other}) is None


def test_without_proc_a_process_is_known_by_its_pid(monkeypatch):
    monkeypatch.setattr(identity, "_PROC", "/nowhere")
    here = this_process()
    assert here["start"] == ""
    assert is_gone(here) is False
    assert is_gone({**here, "pid": 4_000_000}) is True
    assert seconds_since_start() == 0.0


def test_the_time_since_the_start_is_that_of_this_process():
    assert 0.0 < seconds_since_start() < 24 * 3600
    assert state_of(os.getpid()) in ("R", "S")
