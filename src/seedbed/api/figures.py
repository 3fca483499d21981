"""Figures of a run or a sweep: PNG files, by their names."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from seedbed.errors import RunFolderError
from seedbed.reading.content import MEBIBYTE, inside, read_bytes

MOST_BYTES, MOST_FILES = 32 * MEBIBYTE, 10_000
_SIGNATURE, _SUFFIX = b"\x89PNG\r\n\x1a\n", ".png"


class Figure:
    """Figure, which a notebook shows.

    Args:
        path: Its PNG file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def png(self) -> bytes:
        """The bytes of the file; raises seedbed.RunFolderError where it is no PNG."""
        content = read_bytes(self.path, MOST_BYTES)
        if not content.startswith(_SIGNATURE):
            raise RunFolderError(f"{self.path}: not a PNG")
        return content

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        """Return the path."""
        return f"Figure({str(self.path)!r})"


class Figures(Mapping[str, Figure]):
    """Figures by the names of their files, without `.png`; those of the end come first.

    Args:
        folder: The folder of the run or the sweep.
        figures: That of its figures.
    """

    def __init__(self, folder: Path, figures: Path) -> None:
        self._folder, self._figures = folder, figures

    def _names(self) -> list[str]:
        try:
            inside(self._folder, self._figures.name)
            with os.scandir(self._figures) as entries:
                names = [
                    entry.name.removesuffix(_SUFFIX)
                    for entry in entries
                    if entry.name.endswith(_SUFFIX) and entry.is_file(follow_symlinks=False)
                ]
        except (OSError, RunFolderError):
            return []
        return sorted(names, key=lambda name: ("-epoch-" in name, name))[:MOST_FILES]

    def __getitem__(self, name: str) -> Figure:
        """Return a figure; raises KeyError where there is none."""
        if name not in self._names():
            raise KeyError(name)
        return Figure(self._figures / f"{name}{_SUFFIX}")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._names())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names())

    def __repr__(self) -> str:
        """Return the names."""
        return f"Figures({', '.join(map(repr, self))})"
