"""The program that other processes of a run are started as."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = str(Path(__file__).resolve().parents[1] / "__main__.py")
# The name of the script that an installation makes for it.
COMMAND = "seedbed"


def is_command() -> bool:
    """Return whether this process is the command, and no script or notebook that imports it."""
    file = getattr(sys.modules["__main__"], "__file__", None) or ""
    return str(Path(file).resolve()) == PROGRAM or Path(file).name == COMMAND


@contextmanager
def started_by_path() -> Iterator[None]:
    """Let libraries that start this program again name it by its path for a while.

    They would name the module that Python was started with, or its script: pytest, a notebook's
    kernel, what began a worker of a sweep.
    """
    main = sys.modules["__main__"]
    before, words = getattr(main, "__spec__", None), sys.argv
    if sys.argv[:1] == [PROGRAM] or not is_command():
        main.__spec__ = None
        sys.argv = [PROGRAM, *sys.argv[1:]]
    try:
        yield
    finally:
        main.__spec__, sys.argv = before, words
