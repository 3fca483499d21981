"""Events of packed jobs, as files that TensorBoard reads."""

import os
from collections.abc import Mapping
from pathlib import Path

from seedbed.errors import RunFolderError
from seedbed.runs.folder import RECORD
from seedbed.runs.packed.index import PlaceInPack
from seedbed.runs.packed.opening import place_of

# Jobs whose events are made at a time.
AT_ONCE = 500


def is_packed(run: Path) -> bool:
    """Return whether a job is in a pack alone."""
    try:
        return not os.path.lexists(run / RECORD) and place_of(run) is not None
    except RunFolderError:
        return False


def write_events(runs: Mapping[Path, Path]) -> None:
    """Write the file of events of each packed job into a folder; of damaged packs none.

    Args:
        runs: the jobs, by the folders that their files go into.
    """
    packs: dict[Path, list[tuple[Path, PlaceInPack]]] = {}
    for folder, run in runs.items():
        place = place_of(run)
        if place is not None:
            packs.setdefault(place.pack, []).append((folder, place))
    for jobs in packs.values():
        for start in range(0, len(jobs), AT_ONCE):
            part = jobs[start : start + AT_ONCE]
            try:
                _write([folder for folder, _ in part], [place for _, place in part])
            except RunFolderError:
                break


def _write(folders: list[Path], places: list[PlaceInPack]) -> None:
    from seedbed.runs.packed.reading import files_at  # torch writes texts for TensorBoard.

    for folder, files in zip(folders, files_at(places, weights=False), strict=True):
        if files.events_name:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / files.events_name).write_bytes(files.events)
