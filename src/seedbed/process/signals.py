"""A clean stop on SIGINT and SIGTERM: between two steps, so that what is saved is whole."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from seedbed.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SignalHandler:
    """Context manager that takes note of the first signal; a second one ends the process."""

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
        """Tell whether a signal has asked to stop."""
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
    """Raises Interrupted at once, or at the end of a part that must not be cut in two."""

    def __init__(self) -> None:
        super().__init__()
        self._held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise nothing inside; what runs there may ask `requested` and stop by itself."""
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
