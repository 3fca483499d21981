"""Handlers of SIGINT and SIGTERM that let a run save before it ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from seedbed.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SignalHandler:
    """Context manager that handles SIGINT and SIGTERM; the handlers of before come back after it.

    The first signal is kept in `received` and raises Interrupted, unless a subclass acts in another
    way. A second one ends the process at once, as if there were no handler.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "SignalHandler":
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._install()
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Return whether a signal has arrived."""
        return self.received is not None

    def _install(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.environ.get("LOCAL_RANK", "0") != "0":
            return  # The first process tells the others.
        if self.received is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self.received = number
        self._act(number)

    def _act(self, number: int) -> None:
        raise Interrupted(number)


class StopSweep(SignalHandler):
    """Signal handler of a sweep: raises Interrupted at once, or at the end of a `held` block."""

    def __init__(self) -> None:
        super().__init__()
        self._held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise Interrupted at the end of the block, not inside, where `requested` tells of it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self.received is not None:
            raise Interrupted(self.received)

    def _act(self, number: int) -> None:
        if not self._held:
            raise Interrupted(number)
