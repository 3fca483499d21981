"""Workforce of jobs that submitit submits: an array of Slurm's, or processes on this machine."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.errors import ConfigError, ProcessLost
from seedbed.process.cores import usable_cores
from seedbed.sweep.execution.workforce.submitted import slurm
from seedbed.sweep.execution.workforce.submitted.executor import Submitting
from seedbed.sweep.execution.workforce.submitted.local import LocalJob, local_states
from seedbed.sweep.execution.workforce.submitted.losses import JobLogs, loss
from seedbed.sweep.execution.workforce.submitted.slurm import JobState, SlurmError
from seedbed.sweep.execution.workforce.submitted.worker import SubmittedWorker, started_word
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce
from seedbed.sweep.planning.sharing.workers import Sharing
from seedbed.terminal.telling import tell_progress
from seedbed.terminal.words import jobs_text

if TYPE_CHECKING:
    from seedbed.sweep.execution.workforce.worker_function import WorkerFunction

# Between two questions to Slurm: soon after something has changed, then ever more rarely.
SOONEST, LATEST = 1.0, 15.0
# An array that is ended leaves its nodes after Slurm's KillWait, 30 s as a rule.
SECONDS_TO_LEAVE = 120.0
SECONDS_BETWEEN_LOOKS = 0.2
# Jobs in a row that end before their worker has begun, after which no more are tried.
ENOUGH_FALSE_STARTS = 3


class SubmittedWorkforce(Workforce):
    """Workers in jobs of submitit's.

    Args:
        master: config of the command, which names submitit's launcher.
        options: keys of `sweep`, whose `workers` says how many are wanted; None: as many as units,
            within the limits of the cluster.
    """

    def __init__(self, master: DictConfig, options: SweepOptions) -> None:
        self.submitting = Submitting(master)
        self.workers = options.workers if isinstance(options.workers, int) else None
        self._most: int | None = None
        self._logs = JobLogs(self.submitting.folder)
        self._function: WorkerFunction | None = None
        self._local: dict[str, LocalJob] = {}
        # What was last known of each job that has not ended.
        self._jobs: dict[str, JobState] = {}
        self._ended_by_somebody: set[str] = set()
        self._refusals: dict[str, str] = {}
        self._false_starts: list[str] = []
        self._submitted = 0
        self._stops = False
        self._asking: Future[dict[str, JobState]] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="slurm")
        self._next, self._wait = 0.0, SOONEST
        self._said = ""

    @property
    def label(self) -> str:
        """What is at work, for messages."""
        return "Slurm" if self.submitting.cluster == "slurm" else self.submitting.name

    @property
    def most(self) -> int:
        """Workers at the same time at most."""
        if self.submitting.cluster == "local":
            cores = usable_cores() // int(self.submitting.params["cpus_per_task"] or 1)
            return self.workers or max(1, cores)
        if self._most is None:
            limits = (self.workers, self.submitting.at_once, self.submitting.most_tasks())
            self._most = min(limit for limit in (*limits, 1_000_000) if limit)
        return self._most

    def sharing(self) -> Sharing:
        """Return among how many workers jobs are shared; in Slurm each has memory of its own."""
        is_here = self.submitting.cluster == "local"
        return Sharing(self.most, on_memory=self.most if is_here else 1)

    def told(self, units: int) -> list[str]:
        """Return what a plan says of the workers, in a line."""
        if self.submitting.cluster == "local":
            return [f"workers {self.most} at most, by submitit on this machine"]
        time = f"{self.submitting.minutes:g} minutes"
        return [f"workers {self.most:,} at most, tasks of an array of Slurm's of {time} each"]

    def check(self) -> None:
        """Raise ConfigError where no job would be taken; nothing is written or submitted."""
        self.submitting.require(self.most)

    def open(self, function: "WorkerFunction") -> None:
        """Take what workers call; jobs of an earlier start of the sweep are ended first."""
        self._function = function
        self.submitting.begin()
        self._logs = JobLogs(self.submitting.folder)
        if self.submitting.cluster == "slurm":
            self._end_earlier()

    def _end_earlier(self) -> None:
        """End the jobs that this sweep has left in Slurm when its controller was killed."""
        scripts = self.submitting.scripts
        if not scripts.is_dir():
            return
        try:
            jobs = slurm.jobs_of_scripts(scripts)
            if not jobs:
                return
            tell_progress(f"Slurm job {', '.join(jobs)} of before is cancelled")
            slurm.cancel(jobs)
            deadline = time.monotonic() + SECONDS_TO_LEAVE
            while slurm.jobs_of_scripts(scripts) and time.monotonic() < deadline:
                time.sleep(0.5)
        except SlurmError as error:
            raise self.submitting.refused(error) from None

    def ensure(self, waiting: int) -> None:
        """Submit as many jobs as it takes for so many units to be worked on.

        Raises ConfigError where they are refused, and ProcessLost where somebody has ended all.
        """
        most = self.most - len(self._ended_by_somebody)
        there = sum(not state.waits_long for state in self._jobs.values())
        count = min(most, waiting) - there
        if waiting and not self._jobs and most <= 0:
            jobs = ", ".join(sorted({job.partition("_")[0] for job in self._ended_by_somebody}))
            raise ProcessLost(f"Slurm job {jobs} was cancelled by somebody")
        if count > 0 and not self._stops:
            self._submit(count)

    def _submit(self, count: int) -> None:
        assert self._function is not None
        executor = self.submitting.executor()
        worker = SubmittedWorker(self._function, self.submitting.cluster)
        try:
            with executor.batch():
                jobs = [executor.submit(worker) for _ in range(count)]
        except Exception as error:
            raise self.submitting.refused(error) from error
        for job in jobs:
            self._jobs[job.job_id] = JobState(job.job_id, "PENDING", 0)
            if self.submitting.cluster == "local":
                self._local[job.job_id] = LocalJob(job, time.monotonic())
        self._submitted += count
        self._ask_soon()
        self._say_submitted(jobs[0].job_id.partition("_")[0], count)

    def _say_submitted(self, job: str, count: int) -> None:
        workers = f"{count} worker" + "s" * (count > 1)
        where = f"Slurm job {job}" if self.submitting.cluster == "slurm" else "submitit_local"
        tell_progress(f"{where} runs {workers}")

    def look(self) -> list[Lost]:
        """Return the workers that are known to have gone since the last look.

        Raises ConfigError where all refuse, or none can begin. A silent Slurm is asked later.
        """
        lost = []
        for job, state in self._news().items():
            before = self._jobs.get(job)
            if before is None or state == before:
                continue
            self._ask_soon()
            if self._has_ended(before, state):
                lost.append(self._lost(before, state))
            if state.is_over:
                del self._jobs[job]
                self._take_leave(state)
            else:
                self._jobs[job] = state
        self._say_why_it_waits()
        self._require_some()
        return lost

    def tells_of(self, started: str) -> bool:
        """Return whether a worker is of a job that is not known to have ended."""
        starts = (
            started_word(self.submitting.cluster, job, state.restarts or 0)
            for job, state in self._jobs.items()
        )
        return started in starts

    def _news(self) -> dict[str, JobState]:
        """Return what is known of jobs by now, without waiting for it."""
        if self.submitting.cluster == "local":
            return local_states(self._local, self.submitting.minutes)
        now = time.monotonic()
        if self._asking is None:
            if self._jobs and now >= self._next:
                self._asking = self._pool.submit(slurm.states, list(self._jobs))
            return {}
        if not self._asking.done():
            return {}
        asking, self._asking = self._asking, None
        self._wait = min(self._wait * 1.5, LATEST)
        self._next = now + self._wait
        try:
            known = asking.result()
        except SlurmError as error:  # Workers need no Slurm; they go on.
            self._say(f"{error}; asked again later")
            return {}
        forgotten = [job for job in self._jobs if job not in known]
        return known | {job: JobState(job, "COMPLETED", reason="forgotten") for job in forgotten}

    def _ask_soon(self) -> None:
        self._wait, self._next = SOONEST, time.monotonic() + SOONEST

    @staticmethod
    def _has_ended(before: JobState, state: JobState) -> bool:
        """Return whether the worker of a job cannot be there any more."""
        restarted = state.restarts is not None and state.restarts > (before.restarts or 0)
        return state.is_over or restarted

    def _lost(self, before: JobState, state: JobState) -> Lost:
        started = started_word(self.submitting.cluster, state.id, before.restarts or 0)
        why, kind = loss(state, self._logs, self.submitting.minutes)
        return Lost(started, why, kind)

    def _take_leave(self, state: JobState) -> None:
        """Take note of how the job of a worker has ended."""
        refusal = self._logs.refusal(state.id)
        if refusal is not None:
            self._refusals[state.id] = refusal
        if state.state == "CANCELLED" and not self._stops:
            self._ended_by_somebody.add(state.id)
        elif refusal is None and not self._logs.has_begun(state.id):
            self._false_starts.append(state.id)
        else:
            self._false_starts.clear()

    def _require_some(self) -> None:
        """Raise ConfigError where no worker will ever take a unit."""
        if self._stops or any(state.runs for state in self._jobs.values()):
            return
        if not self._jobs and self._refusals and len(self._refusals) == self._submitted:
            raise ConfigError(next(iter(self._refusals.values())))
        if len(self._false_starts) < min(ENOUGH_FALSE_STARTS, self._submitted):
            return
        job, launcher = self._false_starts[-1], f"hydra/launcher={self.submitting.name}"
        if not self._logs.are_shared(job):
            raise ConfigError(
                f"{launcher}: job {job} ended at once; can the nodes see the folder "
                f"{self.submitting.scripts}?"
            )
        why = self._logs.why(job) or "see its log"
        raise ConfigError(f"{launcher}: job {job} ended before its worker began: {why}")

    def _say_why_it_waits(self) -> None:
        waiting = [state for state in self._jobs.values() if state.waits]
        if not waiting or len(waiting) < len(self._jobs) or not waiting[0].reason:
            return
        reasons = ", ".join(sorted({state.reason for state in waiting if state.reason}))
        self._say(f"{jobs_text(len(waiting))} in Slurm's queue: {reasons}")

    def _say(self, text: str) -> None:
        """Say something that has not just been said."""
        if text != self._said:
            self._said = text
            tell_progress(text)

    def stop(self) -> None:
        """Withdraw the jobs that have not begun, and wait until the others have left.

        The queue tells them to; those that are still there after a while are ended.
        """
        self._stops = True
        if self.submitting.cluster == "slurm" and self._jobs:
            with suppress(SlurmError):  # They find nothing to do, and leave.
                slurm.ask(["scancel", "--state=PENDING", *self._jobs])
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        while self._jobs and time.monotonic() < deadline:
            self.look()
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self._end_left()
        self._pool.shutdown(wait=False)

    def _end_left(self) -> None:
        if self.submitting.cluster == "local":
            for name in self._jobs:
                self._local[name].job.cancel()
        elif self._jobs:
            with suppress(SlurmError):
                slurm.cancel(list(self._jobs))
