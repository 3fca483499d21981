"""What trials report to a rule of `stop`: files of `.sweep/`, one for each unit of jobs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from seedbed.errors import RunFolderError
from seedbed.reading.json_files import read_json
from seedbed.runs.record import write_json

# Values of the objectives by the epoch after which they were measured; None: no number.
Reports = Mapping[int, Sequence[float | None]]

# Of a million jobs that report once, or of ten thousand that report after 1,000 epochs.
MOST_BYTES = 512 * 2**20
_Number = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}$")]


def write_reports(path: Path, reports: Mapping[int, Reports]) -> None:
    """Write what the jobs of a unit have reported, by their numbers."""
    texts = {
        str(job): {str(epoch): list(values) for epoch, values in of_job.items()}
        for job, of_job in reports.items()
    }
    write_json(path, texts)


def read_reports(path: Path) -> dict[int, Reports]:
    """Return what the jobs of a unit have reported; raises RunFolderError where it is damaged."""
    content = read_json(path, dict[_Number, dict[_Number, list[float | None]]], MOST_BYTES)
    lengths = {len(values) for of_job in content.values() for values in of_job.values()}
    if len(lengths) > 1:
        raise RunFolderError(f"{path}: damaged: not all reports have as many values")
    return {
        int(job): {int(epoch): values for epoch, values in of_job.items()}
        for job, of_job in content.items()
    }
