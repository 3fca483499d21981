"""Figures of a run or a sweep: PNG files, by their names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from seedbed.api.metrics import unknown
from seedbed.errors import RunFolderError, plain
from seedbed.page.pictures import NoPicture, checked_png, pngs
from seedbed.reading.content import MEBIBYTE, inside, read_bytes
from seedbed.terminal.words import relative

MOST_BYTES, MOST_FILES = 32 * MEBIBYTE, 10_000


class Figure:
    """Figure, which a notebook shows.

    Args:
        path: Its PNG file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def png(self) -> bytes:
        """The picture as a PNG, without what else its file holds.

        Raises seedbed.RunFolderError where it is none, or too large.
        """
        try:
            return checked_png(read_bytes(self.path, MOST_BYTES))
        except NoPicture as error:
            raise RunFolderError(f"{self.path}: {error}") from None

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        """Return the path."""
        return plain(f"Figure({relative(self.path)!r})")


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
        except RunFolderError:
            return []
        files = [path for path in pngs(self._figures)[:MOST_FILES] if not path.is_symlink()]
        return [path.stem for path in files if path.is_file()]

    def __getitem__(self, name: str) -> Figure:
        """Return a figure; raises KeyError where there is none."""
        names = self._names()
        if name not in names:
            raise unknown(name, names, "figure")
        return Figure(self._figures / f"{name}.png")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._names())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names())

    def __repr__(self) -> str:
        """Return the names."""
        return plain(f"Figures({', '.join(map(repr, self))})")
