"""Index of the packs of a sweep: in which one each run is."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from seedbed.errors import RunFolderError
from seedbed.files import temporary_path
from seedbed.reading.content import inside
from seedbed.runs.folder import RunFolder
from seedbed.runs.packed.manifest import (
    MANIFEST,
    PACKED,
    Manifest,
    PackName,
    pack_name,
    read_manifest,
)

# Sweeps whose packs are remembered.
MOST_KNOWN = 16
_Stamp = tuple[int, int, int]


class PlaceInPack(NamedTuple):
    """Place of a run: the folder of a pack, its manifest, and the row of the run."""

    pack: Path
    manifest: Manifest
    row: int

    @property
    def number(self) -> int:
        """The number of the job."""
        return self.manifest.numbers[self.row]


@dataclass(frozen=True)
class Packs:
    """Packs of a sweep.

    Attributes:
        manifests: the manifest of each pack that can be read, by its folder, the oldest first.
        places: where each run is, by the name of its folder.
        damaged: what is wrong with the other packs.
    """

    manifests: dict[Path, Manifest] = field(default_factory=dict)
    places: dict[str, PlaceInPack] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def find(self, name: str) -> PlaceInPack | None:
        """Return where a run is; None where no pack has it.

        Raises RunFolderError where it may be in a pack that is damaged.
        """
        place = self.places.get(name)
        if place is None and self.damaged:
            raise RunFolderError(self.damaged[0])
        return place


_known: dict[str, tuple[_Stamp, Packs]] = {}
_manifests: dict[Path, tuple[_Stamp, Manifest]] = {}


def packs_of(sweep: Path) -> Packs:
    """Return the packs in the folder of a sweep, as they are now; none where it has none.

    Links are not followed.
    """
    folder, key = sweep / PACKED, os.path.abspath(sweep)
    if (stamp := _stamp(folder)) is None or not folder.is_dir() or folder.is_symlink():
        return Packs()
    if key in _known and _known[key][0] == stamp:
        return _known[key][1]
    packs = Packs()
    for name in _names(folder):
        pack = folder / str(name)
        try:
            inside(sweep, str(pack.relative_to(sweep)))
            packs.manifests[pack] = manifest = _manifest(pack)
        except FileNotFoundError:  # Removed meanwhile: a newer one has all of its runs.
            continue
        except RunFolderError as error:
            packs.damaged.append(str(error))
            continue
        for row, own in enumerate(manifest.names):
            if manifest.in_folders:
                packs.places.pop(own, None)
            else:
                packs.places[own] = PlaceInPack(pack, manifest, row)
    while len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)))
    _known[key] = stamp, packs
    return packs


def _names(folder: Path) -> list[PackName]:
    """Return the names of packs, those of earlier times first."""
    with os.scandir(folder) as entries:
        names = [pack_name(entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
    known = [name for name in names if name is not None]
    return sorted(known, key=lambda name: (name.generation, name))


def _manifest(pack: Path) -> Manifest:
    stamp = _stamp(pack / MANIFEST)
    if stamp is None:
        if not pack.is_dir():
            raise FileNotFoundError(pack)
        raise RunFolderError(f"{pack}: no pack, it has no {MANIFEST}")
    if pack not in _manifests or _manifests[pack][0] != stamp:
        if len(_manifests) > 10_000:
            _manifests.clear()
        _manifests[pack] = stamp, read_manifest(pack)
    return _manifests[pack][1]


def _stamp(path: Path) -> _Stamp | None:
    try:
        state = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def is_unpacked(folder: Path) -> bool:
    """Return whether a run lies in a folder; a record alone may be a file of somebody else's."""
    run = RunFolder(folder)
    return run.record.is_file() and run.config.is_file()


def next_generation(sweep: Path, names: set[str]) -> int:
    """Return which generation a pack of runs is, so that it comes after all that hold them."""
    generations = [
        own.generation
        for pack, manifest in packs_of(sweep).manifests.items()
        if (own := pack_name(pack.name)) is not None and not names.isdisjoint(manifest.names)
    ]
    return 1 + max(generations, default=-1)


def remove_superseded(sweep: Path) -> None:
    """Remove the packs all of whose runs are in newer ones, or went on in folders."""
    packs = packs_of(sweep)
    used = {place.pack for place in packs.places.values()}
    left: set[str] = set()
    for pack, manifest in packs.manifests.items():
        # What says that runs are in folders stays as long as an older pack has any of them.
        if pack in used or (manifest.in_folders and not left.isdisjoint(manifest.names)):
            left.update(manifest.names)
        else:
            _remove(pack)


def _remove(pack: Path) -> None:
    """Remove a pack: at once for readers, whatever ends this process."""
    gone = temporary_path(pack)
    with suppress(OSError):  # Somebody else has, or reads it on a file system that minds.
        pack.rename(gone)
        shutil.rmtree(gone)


def remove_all(sweep: Path) -> None:
    """Remove all packs of a sweep."""
    for pack in packs_of(sweep).manifests:
        _remove(pack)


def names_in(packs: Packs) -> Iterator[tuple[str, PlaceInPack]]:
    """Yield the runs by the names of their folders, in the order of their numbers."""
    yield from sorted(packs.places.items(), key=lambda each: each[1].number)
