"""Handlers of the signals that ask a run to end, which let it save before.

Python runs handlers in the main thread alone, and only there can any be set: in another thread
nothing here does anything.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from seedbed.errors import Interrupted, stopped_by

# Ctrl-C, an end asked for, a terminal that closes, and two warnings that time is up: the
# second is that of submitit.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


# Whether the process is somebody else's, and must not be ended.
_second_raises = False


@contextmanager
def second_signal_raises() -> Iterator[None]:
    """Let the second signal to a handler raise Interrupted at once for a while."""
    global _second_raises
    before, _second_raises = _second_raises, True
    try:
        yield
    finally:
        _second_raises = before


class SignalHandler:
    """Context manager that handles `SIGNALS`; the handlers of before come back after it.

    SIGHUP stays ignored where it is, as `nohup` has it. The first signal is kept in `received` and
    raises Interrupted, unless a subclass acts in another way. A second one ends the process at
    once, as if there were no handler; within `second_signal_raises` it raises Interrupted.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "SignalHandler":
        if current_thread() is not main_thread():
            return self
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        outside = self._received_outside()
        if self._before[signal.SIGHUP] is signal.SIG_IGN:
            del self._before[signal.SIGHUP]
        self._install()
        # What starts several processes blocks signals until they can handle them.
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            if outside is not None:  # It came while nobody could act on it.
                self.received = outside
                raise Interrupted(outside)
        except Interrupted:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _received_outside(self) -> int | None:
        """Return the signal that a handler around this one keeps for what is in it."""
        owners = (getattr(handler, "__self__", None) for handler in self._before.values())
        kept = (owner.received for owner in owners if isinstance(owner, UntilItBegins))
        return next((number for number in kept if number is not None), None)

    @property
    def handles_signals(self) -> bool:
        """Whether signals come here, which they do in the main thread alone."""
        return bool(self._before)

    def requested(self) -> bool:
        """Return whether a signal has arrived."""
        return self.received is not None

    def _install(self) -> None:
        for number in self._before:
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            if _second_raises:
                raise Interrupted(number)
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self.received = number
        self._act(number)

    def _act(self, number: int) -> None:
        raise Interrupted(number)


class UntilItBegins(SignalHandler):
    """Signal handler of a command: until something has `begun`, a signal ends the process at once.

    Afterwards it is kept for the handler of what runs, which the command has no part in.
    """

    begun = False

    def _act(self, number: int) -> None:
        self.end_if_stopped()

    def end_if_stopped(self) -> None:
        """End the process where a signal came before anything began, whoever has taken it.

        Composing takes any exception for an error of the config, and a module whose import was cut
        short makes others fail.
        """
        if self.received is not None and not self.begun:
            raise SystemExit(128 + self.received)


@contextmanager
def ending_until_it_begins() -> Iterator[UntilItBegins]:
    """End the process where a signal comes before anything has begun, and say so."""
    handler = UntilItBegins()
    try:
        with handler:
            yield handler
            handler.end_if_stopped()  # An import may have gone on without what was cut short.
    except BaseException:
        if handler.received is None or handler.begun:
            raise
        sys.stderr.write(f"seedbed: {stopped_by(handler.received)}; nothing had begun\n")
        raise SystemExit(128 + handler.received) from None


@contextmanager
def received_signals() -> Iterator[Callable[[], int | None]]:
    """Give a function that returns which of `SIGNALS` has come first; None: none has.

    Any thread may ask, also where the main thread, which runs handlers, waits within a library.
    """
    if current_thread() is not main_thread():
        yield lambda: None
        return
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    known: list[int] = []

    def received() -> int | None:
        with suppress(BlockingIOError, OSError):
            known.extend(number for number in os.read(reader, 4096) if number in SIGNALS)
        return known[0] if known else None

    try:
        yield received
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


@contextmanager
def blocked() -> Iterator[None]:
    """Keep `SIGNALS` from processes that start in the block, until a SignalHandler of theirs."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
        self.stop_if_requested()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Raise Interrupted at once inside of the block, which is part of a `held` one."""
        self._held = False
        try:
            self.stop_if_requested()
            yield
        finally:
            self._held = True

    def stop_if_taken_for_failure(self, was_held: bool, has_failed: bool = True) -> None:
        """Raise Interrupted where something has failed and a signal came in the middle of it.

        Code that takes any exception for an error of its own takes Interrupted for one, too.
        """
        if has_failed and not was_held:
            self.stop_if_requested()

    def stop_if_requested(self) -> None:
        """Raise Interrupted where a signal has arrived, whoever has taken it for another error."""
        if self.received is not None:
            raise Interrupted(self.received)

    def _act(self, number: int) -> None:
        if not self._held:
            raise Interrupted(number)
