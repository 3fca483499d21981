"""The Slurm job that this process belongs to, and queueing it again."""

import os
import re
import subprocess
from collections.abc import Callable
from typing import NamedTuple

from seedbed.process.signals import blocked

# Longer than the time-out of Slurm's own messages (MessageTimeout), which is 10 s as a rule.
SECONDS = 30.0
# What scontrol answers where Slurm itself has queued the job again, and has stopped it for that.
_IS_QUEUED = "Job is pending execution"

# Called with the exit code of a process that ends within a thread of its own.
_at_sudden_end: list[Callable[[int], None]] = []


class SlurmJob(NamedTuple):
    """Job of Slurm's.

    Attributes:
        id: by which `scontrol` knows it; of a task of an array `ARRAY_TASK`.
        restarts: how often it was queued again.
        is_first: whether this process is the first of the processes of its step.
    """

    id: str
    restarts: int
    is_first: bool


def slurm_job() -> SlurmJob | None:
    """Return the job that this process belongs to; None where that is none of Slurm's."""
    job = os.environ.get("SLURM_JOB_ID", "")
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    if array and task:
        job = f"{array}_{task}"
    if not re.fullmatch(r"[0-9]{1,20}(_[0-9]{1,20})?", job):
        return None
    restarts = os.environ.get("SLURM_RESTART_COUNT", "0")
    ranks = [os.environ.get(name, "0") for name in ("SLURM_PROCID", "LOCAL_RANK")]
    return SlurmJob(
        job,
        int(restarts) if re.fullmatch("[0-9]{1,9}", restarts) else 0,
        not any(rank not in ("", "0") for rank in ranks),
    )


def requeue(job: SlurmJob) -> str | None:
    """Queue a job again, which ends this process soon; return why that could not be done."""
    done = _scontrol("requeue", job.id)
    if isinstance(done, str):
        return done
    if done.returncode == 0 or _IS_QUEUED in done.stderr:
        return None
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[0] if said else f"exit code {done.returncode}"


def is_cancelled(job: SlurmJob) -> bool:
    """Return whether somebody is ending a job for good by `scancel`.

    It ends then before its time, and neither for another job nor to be queued again.
    """
    done = _scontrol("show", "job", job.id)
    if isinstance(done, str):
        return False
    fields = dict(re.findall(r"(\w+)=(\S+)", done.stdout))
    if fields.get("JobState") not in ("COMPLETING", "CANCELLED"):
        return False
    is_wanted = fields.get("PreemptTime", "None") != "None"
    is_queued = fields.get("Restarts") != str(job.restarts)
    used, limit = (_seconds(fields.get(name, "")) for name in ("RunTime", "TimeLimit"))
    is_over = used is not None and limit is not None and used >= limit
    return not (is_wanted or is_queued or is_over)


def _seconds(time: str) -> int | None:
    """Return the seconds of a time as Slurm writes it, `1-02:03:04`; None of another word."""
    matched = re.fullmatch(r"(?:([0-9]+)-)?([0-9]+):([0-9]+):([0-9]+)", time)
    if matched is None:
        return None
    days, hours, minutes, seconds = (int(each or 0) for each in matched.groups())
    return ((24 * days + hours) * 60 + minutes) * 60 + seconds


def _scontrol(*words: str) -> subprocess.CompletedProcess[str] | str:
    """Return what scontrol answers, or why it does not.

    The signals that Slurm ends jobs with do not reach it.
    """
    try:
        with blocked():
            return subprocess.run(
                ["scontrol", *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
    except FileNotFoundError:
        return "no such command here"
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS:.0f} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()


def at_sudden_end(call: Callable[[int], None] | None) -> None:
    """Let `tell_of_sudden_end` call this, in place of what it called before."""
    _at_sudden_end[:] = [] if call is None else [call]


def tell_of_sudden_end(code: int) -> None:
    """Tell the command that its process is about to end with this exit code."""
    for call in _at_sudden_end:
        call(code)
