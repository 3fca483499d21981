"""Unpacking of jobs: each becomes the folder that it would have been left as."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from seedbed.errors import RunFolderError
from seedbed.reading.content import inside
from seedbed.runs.packed.index import PlaceInPack, is_unpacked
from seedbed.runs.packed.reading import files_at
from seedbed.runs.whole.files import RunFiles, write_run

# Runs whose weights are in memory at a time.
AT_ONCE = 100


def unpack(
    sweep: Path,
    places: Sequence[PlaceInPack],
    told: Callable[[int], None] = lambda count: None,
    refused: list[str] | None = None,
) -> list[Path]:
    """Write packed runs as folders below that of their sweep; return those that were written.

    A run that has a folder stays as it is; files of others in a folder stay, too. The
    packs are left as they are.

    Args:
        sweep: folder of the sweep.
        places: the runs.
        told: told of how many runs are done.
        refused: takes a line for each run in whose place something else is; the others are written.

    Raises:
        RunFolderError: A pack is damaged, or, without `refused`, something else bears the name of
            what is written.
    """
    written: list[Path] = []
    count = 0
    for _, of_pack in groupby(places, key=lambda place: place.pack):
        runs = list(of_pack)
        for start in range(0, len(runs), AT_ONCE):
            part = runs[start : start + AT_ONCE]
            folders = [inside(sweep, each.manifest.names[each.row]) for each in part]
            left = [
                (place, folder)
                for place, folder in zip(part, folders, strict=True)
                if not is_unpacked(folder)
            ]
            if left:
                for (_, folder), files in zip(left, files_at([p for p, _ in left]), strict=True):
                    try:
                        if _written(folder, files):
                            written.append(folder)
                    except RunFolderError as error:
                        if refused is None:
                            raise
                        refused.append(str(error))
            count += len(part)
            told(count)
    return written


def _written(folder: Path, files: RunFiles) -> bool:
    """Write a folder, unless another process just did."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_run(folder, files)
    except (RunFolderError, FileExistsError, NotADirectoryError):
        if is_unpacked(folder):
            return False
        raise RunFolderError(f"{folder}: there is something already; move it away") from None
    return True
