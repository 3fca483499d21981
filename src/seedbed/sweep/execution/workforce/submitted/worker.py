"""What submitit calls in each of its jobs: a worker of a sweep."""

import os
import sys
from typing import TYPE_CHECKING, Any

from seedbed.process.slurm import slurm_job

if TYPE_CHECKING:
    from seedbed.sweep.execution.workforce.worker_function import WorkerFunction

# Says in a job's log that its worker is there.
BEGINS = "seedbed: a worker begins"
# Begins the line in a job's log that says why its worker has taken nothing.
REFUSED = "seedbed: this worker leaves: "


def started_word(cluster: str, job: str, restarts: int = 0) -> str:
    """Return how a worker was started: each start of a job is another worker."""
    times = f" start {restarts + 1}" if restarts else ""
    return f"{'slurm' if cluster == 'slurm' else f'submitit_{cluster}'} {job}{times}"


class SubmittedWorker:
    """Worker that a job of submitit's calls; it can be sent there.

    submitit's own handlers, of SIGUSR2 and SIGTERM, give way to those of the worker while it works:
    it saves and gives back what it runs, and others go on with it, so that nothing is queued again.
    """

    def __init__(self, function: "WorkerFunction", cluster: str) -> None:
        self.function = function
        self.cluster = cluster

    def __call__(self) -> Any:
        """Work until nothing is left to do; return how that ended."""
        print(BEGINS, flush=True)
        threads = _threads()
        if threads:
            _use_threads(threads)
        ended = self.function(started=self._started(), threads=threads)
        if ended.refused:
            print(f"{REFUSED}{ended.why}", file=sys.stderr, flush=True)
        elif ended.why:
            print(f"seedbed: {ended.why}", file=sys.stderr, flush=True)
        return ended

    def _started(self) -> str:
        job = slurm_job() if self.cluster == "slurm" else None
        if job is not None:
            return started_word(self.cluster, job.id, job.restarts)
        return started_word(self.cluster, os.environ.get("SUBMITIT_LOCAL_JOB_ID", str(os.getpid())))


def _threads() -> int:
    """Return how many CPUs Slurm has given to each task of this job; 0: it does not say."""
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        value = os.environ.get(name, "")
        if value.isdecimal() and int(value) > 0:
            return int(value)
    return 0


def _use_threads(count: int) -> None:
    """Let libraries use so many threads: without cgroups they would take all CPUs of the node."""
    os.environ.setdefault("OMP_NUM_THREADS", str(count))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
