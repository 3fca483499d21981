"""Claim of a folder: a run or a sweep fills one that was new or empty, and nobody else does."""

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError, listed
from seedbed.runs.folder import remove_if_empty

# The longest path that a run writes in its folder: events of a host with a long name.
LONGEST_PATH_INSIDE = 150
# Others may remove empty folders above meanwhile.
ATTEMPTS = 20


@dataclass(frozen=True)
class Claim:
    """Claim on a folder, which was new or empty and which this process alone may fill.

    `folders` are those that had to be made for it, from the outermost to the innermost.
    """

    path: Path
    folders: Sequence[Path]

    def withdraw(self, files: Iterable[Path] = ()) -> None:
        """Remove these files, and of the folders that were made for the claim the empty ones."""
        for file in files:
            file.unlink(missing_ok=True)
        _take_back(self.folders)


def claim(path: Path, key: str, inside: str, shared: bool = False) -> Claim:
    """Return the claim on a folder, which is made where it is missing.

    Args:
        path: the folder.
        key: the key that names it, for messages.
        inside: name of the folder that is made in it; only one process can make it.
        shared: whether files of others may lie in the folder.

    Raises:
        ConfigError: something is in the folder already, or it cannot be made.
    """
    require_name(path, key)
    absolute = Path(os.path.abspath(path))
    folders: list[Path] = []
    try:
        _make(absolute, folders)
        if not shared:
            _refuse_content(path, key)
        # Of two processes that have seen an empty folder, the second one ends here, or below.
        _make_inside(absolute / inside, folders)
        if not shared:
            _refuse_content(path, key, beside=inside)
    except FileExistsError:
        _take_back(folders)
        raise ConfigError(_taken(path, key, f"another command writes into it ({inside})")) from None
    except OSError as error:
        _take_back(folders)
        raise ConfigError(f"{key}={path}: {_reason(error)}") from None
    except ConfigError:
        _take_back(folders)
        raise
    return Claim(absolute, folders)


def folder_named(text: str, key: str) -> Path:
    """Return the path that a key names; raises ConfigError where it names nothing."""
    if not text.strip():
        raise ConfigError(f"{key}={text!r}: names no folder")
    return Path(text)


def require_free(path: Path, key: str) -> None:
    """Raise ConfigError where a folder cannot be claimed, as far as can be told without it."""
    require_name(path, key)
    try:
        _refuse_content(path, key)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigError(f"{key}={path}: {_reason(error)}") from None


def require_name(path: Path, key: str) -> None:
    """Raise ConfigError where there can be no folder so named."""
    text = str(path)
    if "\0" in text:
        raise ConfigError(f"{key}={text!r}: no folder can be so named")
    if re.match(r"[a-z][a-z0-9+.]+:/", text):
        raise ConfigError(f"{key}={text}: runs are written into folders, not to remote storage")
    absolute = os.path.abspath(text)
    longest = max(absolute.split("/"), key=lambda name: len(os.fsencode(name)))
    most = _longest_name(Path(absolute))
    if (length := len(os.fsencode(longest))) > most:
        raise ConfigError(
            f"{key}: the name '{longest[:40]}...' has {length} bytes, and the file system takes "
            f"{most}; choose a shorter one"
        )
    most = os.pathconf("/", "PC_PATH_MAX") - LONGEST_PATH_INSIDE
    if (length := len(os.fsencode(absolute))) > most:
        raise ConfigError(
            f"{key}: the path has {length:,} bytes, and {most:,} are possible; choose a shorter one"
        )


def _longest_name(path: Path) -> int:
    """Return the bytes that a name may have where a path will be made."""
    for parent in path.parents:
        with suppress(OSError, ValueError):
            return os.pathconf(parent, "PC_NAME_MAX")
    return 255


def _take_back(folders: Sequence[Path]) -> None:
    """Remove the folders that were made, the innermost first, up to one that something is in."""
    for folder in reversed(folders):
        if not remove_if_empty(folder):
            return


def _make(path: Path, folders: list[Path]) -> None:
    """Make a folder and those above it, and note each that had to be made."""
    for attempt in range(ATTEMPTS):
        try:
            for folder in [*reversed(path.parents), path]:
                if not folder.is_dir():
                    with suppress(FileExistsError):
                        folder.mkdir()
                        folders.append(folder)
            return
        except FileNotFoundError:
            if attempt == ATTEMPTS - 1:
                raise


def _make_inside(folder: Path, folders: list[Path]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            folder.mkdir()
            folders.append(folder)
            return
        except FileNotFoundError:
            if attempt == ATTEMPTS - 1:
                raise
            _make(folder.parent, folders)


def _refuse_content(path: Path, key: str, beside: str = "") -> None:
    """Raise ConfigError where a folder holds anything, or anything beside one's own claim."""
    names = sorted(name for name in os.listdir(path) if name != beside)
    if not names:
        return
    if "sweep.json" in names:
        go_on = typed_word("sweep.resume", str(path))
        raise ConfigError(_taken(path, key, f"holds a sweep already; go on with it by {go_on}, or"))
    if "run.json" in names:
        raise ConfigError(_taken(path, key, "holds a run already;"))
    raise ConfigError(
        _taken(
            path, key, f"holds {listed(names, 3)}, and a run or sweep starts in an empty folder;"
        )
    )


def _taken(path: Path, key: str, what: str) -> str:
    return f"{key}={path}: {what} type {typed_word(key, str(_free(path)))} for a new one"


def _free(path: Path) -> Path:
    """Return a path beside this one, or in it where it has no name of its own, that is new."""
    base = path / "run" if path.name in ("", "..") else path
    return next(candidate for candidate in _numbered(base) if not os.path.lexists(candidate))


def _numbered(base: Path) -> Iterator[Path]:
    yield base
    number = 2
    while True:
        yield base.with_name(f"{base.name}-{number}")
        number += 1


def _reason(error: OSError) -> str:
    """Return why a folder cannot be made."""
    where = f": {error.filename}" if error.filename else ""
    if isinstance(error, NotADirectoryError):
        return f"a file is where a folder is needed{where}; choose another folder"
    if isinstance(error, FileNotFoundError):
        return f"no folder can be made there{where}; choose another"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"you may not write there{where}; choose another folder"
    return f"{(error.strerror or str(error)).lower()}{where}"
