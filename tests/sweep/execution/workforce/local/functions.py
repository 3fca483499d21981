"""Functions that local workers call in tests; a worker finds them by the name of this module."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass
class Tells:
    """Tells what the worker has."""

    variable: str = ""

    def __call__(self, started: str, device: str | None, threads: int) -> tuple[Any, ...]:
        return started, device, threads, torch.get_num_threads(), os.environ.get(self.variable)


class Raises:
    """Raises an error."""

    def __call__(self, started: str, device: str | None, threads: int) -> None:
        raise ValueError("no worker of any use")


@dataclass
class Saves:
    """Works until SIGTERM comes, and says in a file that it has saved."""

    folder: Path

    def __call__(self, started: str, device: str | None, threads: int) -> str:
        received: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        (self.folder / f"{started} works").write_text(str(os.getpid()))
        while not received:
            time.sleep(0.01)
        (self.folder / f"{started} saved").touch()
        return started


class Dies:
    """Is killed."""

    def __call__(self, started: str, device: str | None, threads: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
