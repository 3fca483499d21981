"""Listener to the progress of a run, in place of the terminal: its sweep, or who calls it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

# Called with the epoch, the last epoch where it is known, and the metrics so far.
Listener = Callable[[int, int | None, Mapping[str, float]], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_alone: ContextVar[bool] = ContextVar("alone", default=True)


def current_listener() -> Listener | None:
    """Return the listener of this context; None where the run itself prints."""
    return _listener.get()


def is_alone() -> bool:
    """Return whether a run of this context is no job of a sweep, which looks after its jobs."""
    return _alone.get()


@contextmanager
def listening(listener: Listener, *, alone: bool = False) -> Iterator[None]:
    """Context in which runs print nothing but errors and call `listener` at every epoch.

    `alone` says whether they are no jobs of a sweep; by default they are some.
    """
    tokens = _listener.set(listener), _alone.set(alone)
    try:
        yield
    finally:
        _listener.reset(tokens[0])
        _alone.reset(tokens[1])
