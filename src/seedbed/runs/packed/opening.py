"""Opening of a packed job as if it were a folder: its files are made in a temporary one."""

import os
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seedbed.runs.folder import HYDRA, RunFolder
from seedbed.runs.outcome import Curves
from seedbed.runs.packed.index import PlaceInPack, packs_of
from seedbed.runs.packed.manifest import PACKED, RUNS
from seedbed.runs.packed.reading import stored_of
from seedbed.runs.record import checked_record

if TYPE_CHECKING:
    from seedbed.runs.packed.tables import StoredRun

# How many levels below the folder of its sweep that of a job may lie.
DEEPEST = 4
# Opened jobs that are kept, whoever else does: a path of a file may outlive what gave it.
MOST_OPEN = 256
_TEMPORARY: Any = {"prefix": "seedbed-packed-", "ignore_cleanup_errors": True}


def place_of(path: Path) -> PlaceInPack | None:
    """Return where a job is packed that would have this folder; None where it is in no pack.

    Raises RunFolderError where it may be in a pack that is damaged.
    """
    absolute = Path(os.path.abspath(path))
    for sweep in list(absolute.parents)[:DEEPEST]:
        if (sweep / PACKED).is_dir():
            return packs_of(sweep).find(str(absolute.relative_to(sweep)))
    return None


def packed_record(path: Path) -> dict[str, Any] | None:
    """Return the record of a packed job by the folder that it would have; None where it is in none.

    Raises RunFolderError where its pack is damaged.
    """
    place = place_of(path)
    if place is None:
        return None
    from seedbed.runs.packed.tables import record_fields_of

    text, where = stored_of(place).record, place.pack / RUNS
    return checked_record(where, record_fields_of(text, where))


def packed_curves(path: Path) -> Curves | None:
    """Return the curves of a packed job; None where it has none, or is in no pack.

    Raises RunFolderError where its pack is damaged.
    """
    place = place_of(path)
    if place is None:
        return None
    from seedbed.runs.packed.reading import curves_at

    return curves_at(place)


def unpack_at(path: Path) -> None:
    """Write the folder of a packed job; raises RunFolderError where its pack is damaged."""
    from seedbed.runs.packed.unpacking import unpack

    place = place_of(path)
    if place is not None:
        unpack(place.pack.parents[1], [place])


class PackedRun(RunFolder):
    """Packed job as if it were a folder.

    `path` is the folder that it would have, and `files` a temporary one, removed when nobody has
    the job any more. Weights are read when a checkpoint is asked for.
    """

    def __init__(self, path: Path, place: PlaceInPack) -> None:
        super().__init__(path)
        self.place = place
        self._temporary: TemporaryDirectory[str] | None = None
        self._has_checkpoints = False

    @property
    def files(self) -> Path:
        """The folder in which its files are read; it is made when it is asked for first."""
        if self._temporary is None:
            stored = stored_of(self.place)
            self._temporary = TemporaryDirectory(**_TEMPORARY)
            _write_texts(RunFolder(self._temporary.name), stored)
        return Path(self._temporary.name)

    @property
    def is_packed(self) -> bool:
        """Whether it is a job that is packed."""
        return True

    def checkpoint(self, name: str) -> Path:
        """The checkpoint `best` or `last`."""
        if not self._has_checkpoints:
            self._has_checkpoints = True
            self._write_checkpoints()
        return super().checkpoint(name)

    def _write_checkpoints(self) -> None:
        from seedbed.runs.packed.reading import files_at  # torch, which a record needs not.
        from seedbed.runs.whole.files import write_checkpoints

        [files] = files_at([self.place])
        write_checkpoints(RunFolder(self.files), files)


def _write_texts(folder: RunFolder, stored: "StoredRun") -> None:
    (folder.path / HYDRA).mkdir()
    for name, text in stored.hydra.items():
        (folder.path / HYDRA / name).write_bytes(text.encode())
    folder.record.write_bytes(stored.record.encode())
    if stored.preparation is not None:
        folder.preparation.write_bytes(stored.preparation.encode())


_opened: OrderedDict[tuple[str, str, int], PackedRun] = OrderedDict()


def packed_run(path: Path) -> PackedRun | None:
    """Return a packed job by the folder that it would have; None where it is in no pack.

    Raises RunFolderError where its pack is damaged.
    """
    place = place_of(path)
    if place is None:
        return None
    key = (str(path), place.manifest.digest, place.row)
    if key not in _opened:
        _opened[key] = PackedRun(path, place)
    _opened.move_to_end(key)
    while len(_opened) > MOST_OPEN:
        _opened.popitem(last=False)
    return _opened[key]
