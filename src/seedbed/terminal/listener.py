"""Listener to the progress of a run: the sweep that it is a job of, instead of the terminal."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

# Called with the epoch, the last epoch where it is known, and the metrics so far.
Listener = Callable[[int, int | None, Mapping[str, float]], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def current_listener() -> Listener | None:
    """Return the listener of this context; None where the run itself prints."""
    return _listener.get()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Context in which runs print nothing but errors and call `listener` at every epoch."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
