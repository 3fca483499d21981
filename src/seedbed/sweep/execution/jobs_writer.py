"""Writer of what jobs leave that trained side by side: a folder each, or a pack of all of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from seedbed.errors import RunFolderError
from seedbed.runs.folder import RECORD
from seedbed.runs.outcome import RunOutcome
from seedbed.runs.packed.manifest import PACKED
from seedbed.runs.provenance.files import ProvenanceFiles
from seedbed.runs.whole.content import RunContent
from seedbed.sweep.execution.chunk import (
    PreparedJob,
    TrainedChunk,
    contents_of,
    failed_content,
    write_failed,
    write_folders,
)
from seedbed.sweep.results.folder import SweepFolder


@dataclass(frozen=True)
class JobsWriter:
    """Writer of jobs.

    Attributes:
        folder: folder of the sweep.
        packs: whether jobs are packed. One that has a folder, since somebody has unpacked it, keeps
            that.
        goes_on: whether the sweep was begun before: there may be earlier packs of the jobs.
    """

    folder: SweepFolder
    packs: bool
    goes_on: bool

    def write(
        self,
        chunk: TrainedChunk,
        places: Mapping[int, int],
        jobs: Sequence[PreparedJob],
        written: Callable[[int, int], None],
    ) -> dict[int, str]:
        """Write jobs of a chunk; return by the number of a job why it has no folder.

        Args:
            chunk: the chunk.
            places: the place of each job in it, by its number.
            jobs: the jobs that are written.
            written: told how many are written by now, and of how many.
        """
        provenance = ProvenanceFiles(self.folder.path)
        packed = [job for job in jobs if self._is_packed(job)]
        others = [job for job in jobs if not self._is_packed(job)]
        if packed:
            written(0, len(jobs))
            contents = contents_of(
                chunk, [places[job.number] for job in packed], packed, provenance
            )
            self._pack(contents, chunk.csv, lambda count: written(count, len(jobs)))
        self._leave_packs(others)
        numbers = [places[job.number] for job in others]
        return write_folders(
            *(chunk, numbers, others, provenance),
            lambda count, of: written(len(packed) + count, len(jobs)),
        )

    def write_failed(
        self, jobs: Sequence[PreparedJob], outcome: RunOutcome, times: dict[str, Any]
    ) -> None:
        """Write jobs whose chunk could not be trained; what cannot be written is left out."""
        packed = [failed_content(job, outcome, times) for job in jobs if self._is_packed(job)]
        if packed:
            self._pack(packed, csv=False)
        others = [job for job in jobs if not self._is_packed(job)]
        self._leave_packs(others)
        for job in others:
            with suppress(RunFolderError):  # Then the row alone tells of it.
                write_failed(job, outcome, times)

    def _leave_packs(self, jobs: Sequence[PreparedJob]) -> None:
        """Let earlier packs count no more for jobs that are written as folders."""
        if self.goes_on and jobs and (self.folder.path / PACKED).is_dir():
            from seedbed.runs.packed.writing import leave_packs  # polars, as below.

            leave_packs(self.folder.path, {job.name: job.number for job in jobs})

    def _pack(
        self,
        contents: Sequence[RunContent],
        csv: bool,
        written: Callable[[int], None] = lambda count: None,
    ) -> None:
        from seedbed.runs.packed.writing import write_packs  # polars, which folders need not.

        write_packs(self.folder.path, contents, csv=csv, goes_on=self.goes_on, written=written)

    def _is_packed(self, job: PreparedJob) -> bool:
        return self.packs and not (job.folder / RECORD).is_file()
