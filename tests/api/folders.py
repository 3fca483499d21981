"""What tests of Python's side read: a table, and commands in a folder."""

import os
import random
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from hydra.core.global_hydra import GlobalHydra

from seedbed.cli import main


def _table() -> str:
    draw = random.Random(0)
    lines = ["size,colour,kind"]
    for number in range(60):
        size = draw.gauss(0, 1) + 3 * (number % 3)
        colour = draw.choice(["red", "green", "blue"])
        lines.append(f"{size:.3f},{colour},{('ash', 'birch', 'cedar')[number % 3]}")
    return "\n".join(lines) + "\n"


TABLE = _table()


def command_in(folder: Path, *words: str) -> str:
    """Run a command in this process, in a folder; return what it printed on stdout."""
    out, kept, path = StringIO(), sys.argv, list(sys.path)
    sys.argv = ["seedbed", *words]
    GlobalHydra.instance().clear()
    environment = dict(os.environ)
    code: object = None
    with chdir(folder), redirect_stdout(out), redirect_stderr(out):
        try:
            main.main()
        except SystemExit as end:
            code = end.code
        finally:
            sys.argv, sys.path[:] = kept, path
            os.environ.clear()
            os.environ.update(environment)
    assert not code, out.getvalue()
    return out.getvalue()
