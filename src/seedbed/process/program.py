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
    """Let libraries that start this program again name it by `sys.argv[0]` for a while.

    They would name the module that Python was started with, which may be pytest.
    """
    main = sys.modules["__main__"]
    before = getattr(main, "__spec__", None)
    if sys.argv[:1] == [PROGRAM]:
        main.__spec__ = None
    try:
        yield
    finally:
        main.__spec__ = before
