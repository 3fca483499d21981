"""Progress of work on many files, on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Work that is done by then shows nothing; where nobody watches, a line comes as seldom as that.
SECONDS_BEFORE = 1.0
SECONDS_BETWEEN_LINES = 30.0
_WIDTH = 30


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Give a function to call when one more of `total` files is done.

    On a terminal a bar grows, elsewhere a line comes now and then, and nothing is shown of work
    that takes no time.
    """
    watched = sys.stderr.isatty()
    between = 0.1 if watched else SECONDS_BETWEEN_LINES
    done, started = 0, time.monotonic()
    next_time, drawn = started + SECONDS_BEFORE, False

    def advance() -> None:
        nonlocal done, next_time, drawn
        done += 1
        now = time.monotonic()
        if now < next_time:
            return
        next_time, drawn = now + between, True
        line = f"{what} {done:,} of {total:,}"
        if not watched:
            print(line, file=sys.stderr, flush=True)
            return
        filled = _WIDTH * done // total
        bar = "━" * filled + " " * (_WIDTH - filled)
        left = (now - started) * (total - done) / done
        print(f"\r{line} {bar} {left:.0f} s left \x1b[K", end="", file=sys.stderr, flush=True)

    try:
        yield advance
    finally:
        if watched and drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
