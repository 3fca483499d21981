"""Questions to Slurm, by its own commands: how large arrays are, and what became of jobs."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.errors import SeedbedError

# A controller that is down is given up after 9 s by Slurm's commands; one that is slow, later.
SECONDS = 60.0
# Of what squeue tells of a job; fields may hold spaces, but no bars.
_FIELDS = ("JobArrayID:64", "State:24", "RestartCnt:12", "NodeList:256", "Reason:256")
_FORMAT = ",".join(f"{field}|" for field in _FIELDS)
_OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "SPECIAL_EXIT",
        "TIMEOUT",
    }
)


class SlurmError(SeedbedError):
    """Slurm refuses, or does not answer; the message is its own sentence."""


class JobState(NamedTuple):
    """State of a job of Slurm's.

    Attributes:
        id: by which `scontrol` knows it; of a task of an array `ARRAY_TASK`.
        state: as Slurm names it, such as `RUNNING`.
        restarts: how often it was queued again; None: not known.
        node: where it runs, or ran.
        reason: why it waits, or has ended.
    """

    id: str
    state: str
    restarts: int | None = None
    node: str = ""
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it has ended for good."""
        return self.state in _OVER

    @property
    def runs(self) -> bool:
        """Whether its worker may be there."""
        return self.state not in _OVER and not self.waits

    @property
    def waits(self) -> bool:
        """Whether it has not begun, or not again."""
        return self.state in ("PENDING", "CONFIGURING") or self.state.startswith("REQUEUE")

    @property
    def waits_long(self) -> bool:
        """Whether it was queued again, and waits for the two minutes that Slurm lets pass first."""
        return self.waits and self.reason == "BeginTime"


def ask(words: Sequence[str], text: str = "", seconds: float = SECONDS) -> str:
    """Return what a command of Slurm's prints.

    Args:
        words: the command.
        text: what it reads from stdin.
        seconds: how long it may take.

    Raises:
        SlurmError: it is missing, refuses, or does not answer.
    """
    try:
        done = subprocess.run(
            words,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            start_new_session=True,  # Ctrl-C is for the sweep.
        )
    except FileNotFoundError:
        raise SlurmError(f"no command {words[0]} here: is this machine part of a Slurm?") from None
    except OSError as error:
        raise SlurmError(f"{words[0]}: {(error.strerror or str(error)).lower()}") from None
    except subprocess.TimeoutExpired:
        raise SlurmError(f"{words[0]}: no answer in {seconds:.0f} s") from None
    if done.returncode:
        raise SlurmError(f"{words[0]}: {sentence(done.stderr or done.stdout, done.returncode)}")
    return done.stdout


def sentence(said: str, code: int = 1) -> str:
    """Return what Slurm's commands say is wrong, in a line and without their own names."""
    lines = [re.sub(r"^(\w+: )?(error|fatal): ", "", line.strip()) for line in said.splitlines()]
    lines = [re.sub(r"^(allocation failure|\w+ error): ", "", line) for line in lines if line]
    return "; ".join(dict.fromkeys(lines)) or f"exit code {code}"


def most_tasks() -> int | None:
    """Return how many tasks an array may have (MaxArraySize); None where Slurm does not say."""
    lines = ask(["scontrol", "show", "config"]).splitlines()
    values = dict(line.partition("=")[::2] for line in lines if "=" in line)
    size = {name.strip(): value.strip() for name, value in values.items()}.get("MaxArraySize", "")
    return int(size) if size.isdecimal() and int(size) > 0 else None


def states(ids: Iterable[str]) -> dict[str, JobState]:
    """Return the states of jobs, by id; one that Slurm has forgotten is left out.

    `squeue` knows them until some minutes after their end (MinJobAge); then `sacct` is asked,
    where there is accounting. Raises SlurmError where Slurm does not answer.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    arrays = ",".join(sorted({job.partition("_")[0] for job in wanted}))
    words = ["squeue", "--noheader", "--array", "--states=all", f"--jobs={arrays}"]
    try:
        known = read_squeue(ask([*words, f"--Format={_FORMAT}"]))
    except SlurmError as error:
        if "Invalid job id" not in str(error):
            raise
        known = {}
    forgotten = wanted - set(known)
    if forgotten:
        known |= {job: state for job, state in _accounted(arrays).items() if job in forgotten}
    return {job: known[job] for job in wanted & set(known)}


def read_squeue(text: str) -> dict[str, JobState]:
    """Return the states of jobs as `squeue` has printed them."""
    known = {}
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) >= len(_FIELDS):
            job, state, restarts, node, reason = fields[: len(_FIELDS)]
            count = int(restarts) if restarts.isdecimal() else None
            known[job] = JobState(job, state, count, node, "" if reason == "None" else reason)
    return known


def _accounted(arrays: str) -> dict[str, JobState]:
    words = ["sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={arrays}"]
    try:
        lines = ask([*words, "--format=JobID,State,NodeList"]).splitlines()
    except SlurmError:  # There is no accounting here.
        return {}
    known = {}
    for line in lines:
        job, _, rest = line.partition("|")
        state, _, node = rest.partition("|")
        # "CANCELLED by 1000".
        known[job] = JobState(job, state.partition(" ")[0], None, node)
    return known


def jobs_of_scripts(folder: Path) -> list[str]:
    """Return the arrays and jobs of this user that have not ended, whose script is in a folder.

    Raises SlurmError where Slurm does not answer.
    """
    lines = ask(["squeue", "--noheader", "--me", "--format=%F|%o"]).splitlines()
    within = os.path.realpath(folder) + os.sep
    scripts: Mapping[str, str] = dict(line.partition("|")[::2] for line in lines)
    return [job for job, path in scripts.items() if os.path.realpath(path).startswith(within)]


def cancel(jobs: Sequence[str]) -> None:
    """End jobs; those that run have Slurm's KillWait to save. Raises SlurmError."""
    if jobs:
        ask(["scancel", *jobs])
