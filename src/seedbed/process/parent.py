"""End of a process with the one that it works for."""

import os
import signal
import time
from threading import Thread

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_SAVE = 20.0

_watched: set[int] = set()


def end_with_parent(parent: int) -> None:
    """End this process, after saving, once `parent` has gone; a process with another is left alone.

    It is asked to end as by SIGTERM, and ends at the latest 20 s later.
    """
    if os.getppid() == parent and parent not in _watched:
        _watched.add(parent)
        Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_SAVE)
    os._exit(128 + signal.SIGTERM)
