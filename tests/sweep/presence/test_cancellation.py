"""A sweep that is asked to stop by a file in its folder."""

import json
import signal
import threading
import time
from pathlib import Path

import pytest

from seedbed.errors import Interrupted
from seedbed.process.signals import StopSweep
from seedbed.sweep.presence import cancellation
from seedbed.sweep.presence.cancellation import (
    cancel,
    forget_cancellation,
    is_cancelled,
    stopping_when_cancelled,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "SECONDS_BETWEEN_LOOKS", 0.01)


def wait(until: float = 30) -> None:
    time.sleep(until)
    raise AssertionError("nobody has stopped it")


def test_it_stops_what_runs_as_a_signal_does_and_is_forgotten(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = StopSweep()
    cancel(tmp_path)
    with pytest.raises(Interrupted) as raised, stop, stopping_when_cancelled(tmp_path, stop):
        wait()
    assert raised.value.signal_number == signal.SIGTERM
    assert "@" in json.loads((tmp_path / "cancel").read_text())["by"]
    assert is_cancelled(tmp_path)
    forget_cancellation(tmp_path)
    assert not is_cancelled(tmp_path)
    with stop, stopping_when_cancelled(tmp_path, stop):
        time.sleep(0.05)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_held_is_told_and_goes_on_to_a_whole_state(tmp_path: Path) -> None:
    stop, reached = StopSweep(), []

    def save() -> None:
        with stop.held():
            until = time.monotonic() + 30
            while stop.received is None and time.monotonic() < until:
                time.sleep(0.01)
            reached.append(stop.received)

    cancel(tmp_path)
    with pytest.raises(Interrupted), stop, stopping_when_cancelled(tmp_path, stop):
        save()
    assert reached == [signal.SIGTERM]


def test_in_another_thread_which_has_no_handlers_the_sweep_alone_is_told(tmp_path: Path) -> None:
    seen: list[int | None] = []

    def work() -> None:
        stop = StopSweep()
        with stop, stopping_when_cancelled(tmp_path, stop):
            cancel(tmp_path)
            until = time.monotonic() + 30
            while stop.received is None and time.monotonic() < until:
                time.sleep(0.01)
            seen.append(stop.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIGTERM]
