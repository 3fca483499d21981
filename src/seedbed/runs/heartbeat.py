"""Heartbeat of a run: by it and by its process others know whether the run goes on."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

from seedbed.process.identity import is_gone

SECONDS_BETWEEN_BEATS = 15.0
# Clocks of two machines differ, and a busy one beats late.
SECONDS_UNTIL_GONE = 180.0


class Heartbeat:
    """Thread that calls `beat` every 15 s, or so often, until `stop` or the process's end.

    It sets the time of a file to now. Other hosts see by it that the run goes on, for they cannot
    ask for its process.
    """

    def __init__(self, beat: Callable[[], None], seconds_between: float | None = None) -> None:
        self.beat = beat
        self.seconds_between = seconds_between or SECONDS_BETWEEN_BEATS
        self._stopped = Event()
        Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Let the file be as it is from now on."""
        self._stopped.set()

    def _beat(self) -> None:
        while not self._stopped.wait(self.seconds_between):
            try:
                self.beat()
            except OSError:  # The folder was moved or removed; a disk may be away for a while.
                continue


def goes_on(path: Path, process: object) -> bool:
    """Return whether a run that has noted no end goes on: whether its process is still there.

    Args:
        path: its record, which the run touches.
        process: what `seedbed.process.identity.this_process` returned in it.
    """
    gone = is_gone(process) if isinstance(process, Mapping) else None
    if gone is not None:
        return not gone
    return time.time() - path.stat().st_mtime < SECONDS_UNTIL_GONE
