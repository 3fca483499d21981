"""The folders of the user's own modules, which join the module path only where they are needed.

They come last, and only when a config names a class whose module lies there and nowhere else. So
what Seedbed and its libraries import is never taken from the folder that a command is given in.
"""

import os
import sys
from collections.abc import Iterable
from importlib.util import find_spec

_folders: tuple[str, ...] = ()


def set_folders(folders: Iterable[str]) -> None:
    """Set where modules of the user's may lie: the working folder, that of the project file."""
    global _folders
    _folders = tuple(dict.fromkeys(folders))


def folders() -> tuple[str, ...]:
    """Return the folders of the user's modules."""
    return _folders


def reach(target: str) -> None:
    """Let the module of a class be imported, where it lies in a folder of the user's."""
    top = target.partition(".")[0]
    if top in sys.modules or not top.isidentifier() or find_spec(top) is not None:
        return
    for folder in _folders:
        path = os.path.join(folder, top)
        if folder not in sys.path and (os.path.isfile(f"{path}.py") or os.path.isdir(path)):
            sys.path.append(folder)
            return
