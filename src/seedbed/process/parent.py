"""End of a process with the one that it works for."""

import os
import signal
import time
from multiprocessing import current_process
from threading import Thread

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_SAVE = 20.0
# The names of joblib's workers begin so; they would wait for work that nobody gives any more.
WORKER = "LokyProcess"

_watched: set[int] = set()


def end_with_parent(parent: int) -> None:
    """End this process, after saving, once `parent` has gone, if it works for that one alone.

    It is asked to end as by SIGTERM, and ends at the latest 20 s later.
    """
    works = os.getppid() == parent or current_process().name.startswith(WORKER)
    if works and parent not in _watched:
        _watched.add(parent)
        Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_SAVE)
    os._exit(128 + signal.SIGTERM)
