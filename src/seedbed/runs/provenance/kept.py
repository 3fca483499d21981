"""Files of provenance that a run has kept, in its folder or in that of its sweep, by their hash."""

from collections.abc import Iterator
from pathlib import Path

from seedbed.runs.folder import SWEEP_PLAN, RunFolder
from seedbed.runs.provenance.files import ProvenanceFiles

# A job's folder may lie some levels below that of its sweep.
_LEVELS = 4


def kept_file(folder: RunFolder, name: str, digest: str) -> bytes | None:
    """Return the content of a file of provenance that has this hash; None where there is none."""
    for files in _places(folder):
        if (content := files.find(name, digest)) is not None:
            return content
    return None


def kept_place(folder: RunFolder, name: str, digest: str) -> Path | None:
    """Return where a file of provenance lies that has this hash; None where there is none."""
    for files in _places(folder):
        if (path := files.place(name, digest)) is not None:
            return path
    return None


def _places(folder: RunFolder) -> Iterator[ProvenanceFiles]:
    yield ProvenanceFiles(folder.path)
    for parent in list(folder.path.absolute().parents)[:_LEVELS]:
        if (parent / SWEEP_PLAN).is_file():
            yield ProvenanceFiles(parent)
            return
