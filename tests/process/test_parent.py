"""A process that works for another ends with it."""

import os
import signal
from threading import Event

import pytest

from seedbed.process import parent


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Told when this process would be asked to end."""
    told = Event()
    monkeypatch.setattr(parent, "_watched", set())
    monkeypatch.setattr(parent, "SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(parent, "SECONDS_TO_SAVE", 0.0)
    monkeypatch.setattr(parent.os, "kill", lambda pid, number: None)
    monkeypatch.setattr(parent.os, "_exit", lambda code: told.set())
    return told


def test_a_process_ends_once_its_parent_has_gone(
    ended: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getppid()
    parent.end_with_parent(here)
    assert not ended.wait(0.1)
    monkeypatch.setattr(parent.os, "getppid", lambda: here + 1)
    assert ended.wait(10)


def test_what_others_started_goes_on(ended: Event) -> None:
    parent.end_with_parent(os.getppid() + 1)
    assert not ended.wait(0.1)


def test_a_worker_whose_parent_has_gone_already_ends(
    ended: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = type("Worker", (), {"name": f"{parent.WORKER}-1"})
    monkeypatch.setattr(parent, "current_process", lambda: worker)
    parent.end_with_parent(os.getppid() + 1)
    assert ended.wait(10)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
