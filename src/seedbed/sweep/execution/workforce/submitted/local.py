"""States of the processes that hydra/launcher=submitit_local has started on this machine."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.sweep.execution.workforce.submitted.slurm import JobState

if TYPE_CHECKING:
    from submitit import Job


class LocalJob(NamedTuple):
    """Process that submitit has started here, and when it did."""

    job: "Job[Any]"
    started: float


def local_states(jobs: Mapping[str, LocalJob], minutes: float) -> dict[str, JobState]:
    """Return the states of processes, in Slurm's words; each may take so many minutes."""
    return {name: JobState(name, _state(job, minutes), 0) for name, job in jobs.items()}


def _state(job: LocalJob, minutes: float) -> str:
    state = {"RUNNING": "RUNNING", "INTERRUPTED": "FAILED"}.get(job.job.state, "COMPLETED")
    ended_late = state != "RUNNING" and time.monotonic() - job.started >= 60 * minutes
    return "TIMEOUT" if ended_late else state
