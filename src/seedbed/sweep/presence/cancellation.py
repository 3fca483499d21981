"""Cancellation of a sweep: a file in its folder, which whoever works on it looks for."""

import getpass
import os
import platform
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import msgspec

from seedbed.files import write_atomically
from seedbed.process.signals import StopSweep

# Below the folder of what a sweep needs in order to go on.
FILE = "cancel"
SECONDS_BETWEEN_LOOKS = 1.0
# What a cancellation stops a process with, which saves itself then.
SIGNAL = signal.SIGTERM
# Why a worker leaves then.
CANCELLED = "the sweep was cancelled"


def cancel(saved: Path) -> None:
    """Ask whoever works on a sweep to save and stop; `saved` is the folder `.sweep`."""
    with suppress(OSError, KeyError):  # A user without a name.
        who = getpass.getuser()
        content = {"asked": datetime.now(UTC).isoformat(timespec="seconds")}
        content["by"] = f"{who}@{platform.node()}"
        write_atomically(saved / FILE, msgspec.json.encode(content))
        return
    write_atomically(saved / FILE, b"{}")


def is_cancelled(saved: Path) -> bool:
    """Return whether somebody has asked a sweep to stop, and it has not gone on since."""
    return os.path.lexists(saved / FILE)


def forget_cancellation(saved: Path) -> None:
    """Let a sweep go on that was cancelled."""
    (saved / FILE).unlink(missing_ok=True)


@contextmanager
def stopping_when_cancelled(saved: Path, stop: StopSweep) -> Iterator[None]:
    """Context in which a cancellation stops this process as SIGTERM does, once.

    `stop` handles signals around it. In a thread that is not the main one, which has no handlers,
    `stop` is told alone: jobs side by side end with their epoch, a job alone at its end.
    """
    over = Event()

    def look() -> None:
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            if is_cancelled(saved):
                if stop.handles_signals:
                    os.kill(os.getpid(), SIGNAL)
                else:
                    stop.received = SIGNAL
                return

    thread = Thread(target=look, name="cancellation", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
