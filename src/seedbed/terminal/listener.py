"""Who hears how far a run is: the terminal, or the sweep that the run is a job of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

# Is told the epoch, the last epoch where it is known, and the metrics so far.
Listener = Callable[[int, int | None, Mapping[str, float]], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def current_listener() -> Listener | None:
    """Return who listens; None where the run itself prints."""
    return _listener.get()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let runs inside print nothing but errors, and tell `listener` instead."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
