"""What is told to people on standard output and of progress, and the contexts that leave it out."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from seedbed.terminal.tables import print_table

if TYPE_CHECKING:
    from rich.table import Table


class Told(NamedTuple):
    """Whether texts and tables are printed, and whether progress is shown."""

    texts: bool = True
    progress: bool = True


_told: ContextVar[Told | None] = ContextVar("told", default=None)


def what_is_told() -> Told:
    """Return what is told in this context; all of it, unless `telling` says otherwise."""
    return _told.get() or Told()


@contextmanager
def telling(told: Told) -> Iterator[None]:
    """Context in which only so much is told; what goes wrong is told in any case."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def tell(text: str, *, flush: bool = False) -> None:
    """Print a text on standard output, unless texts are left out."""
    if what_is_told().texts:
        print(text, flush=flush)


def tell_table(table: "Table") -> None:
    """Print a table on standard output, unless texts are left out."""
    if what_is_told().texts:
        print_table(table)


def tell_progress(text: str) -> None:
    """Print a line on standard error, unless progress is left out."""
    if what_is_told().progress:
        print(text, file=sys.stderr, flush=True)
