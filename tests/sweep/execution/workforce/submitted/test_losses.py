"""How jobs of Slurm's have ended, as their states and logs tell it."""

from pathlib import Path

import pytest

from seedbed.sweep.execution.workforce.submitted.losses import JobLogs, loss
from seedbed.sweep.execution.workforce.submitted.slurm import JobState
from seedbed.sweep.execution.workforce.submitted.worker import BEGINS, REFUSED

# Of slurmstepd 22.05 without cgroups, and of one with them.
KILLED = (
    "slurmstepd-node3: error: StepId=3.0 exceeded memory limit (533200 > 104857), being killed",
    "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=3.0. Some of your processes may have"
    " been killed by the cgroup out-of-memory handler.",
    "srun: error: node3: task 0: Out Of Memory",
)


@pytest.fixture
def logs(tmp_path: Path) -> JobLogs:
    (tmp_path / "3_0").mkdir()
    return JobLogs(tmp_path / "%j")


def write(logs: JobLogs, *lines: str, end: str = "err") -> None:
    (logs.folder.parent / f"3_0/3_0_0_log.{end}").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("state", "why", "kind"),
    [
        ("TIMEOUT", "ran out of time (hydra.launcher.timeout_min=5)", "time"),
        ("OUT_OF_MEMORY", "ran out of memory on node3", "memory"),
        ("NODE_FAIL", "lost its node, node3", "died"),
        ("CANCELLED", "was cancelled on node3", "died"),
        ("PREEMPTED", "was preempted on node3", "died"),
        ("COMPLETED", "ended on node3", "died"),
        ("FAILED", "ended on node3: Segmentation fault", "died"),
    ],
)
def test_the_state_of_a_job_says_how_it_ended(
    logs: JobLogs, state: str, why: str, kind: str
) -> None:
    write(logs, "Segmentation fault", "srun: error: node3: task 0: Exited with exit code 139")
    assert loss(JobState("3_0", state, 0, "node3"), logs, 5.0) == (why, kind)


@pytest.mark.parametrize("line", KILLED)
def test_a_job_that_was_killed_for_its_memory_says_so_in_its_log(logs: JobLogs, line: str) -> None:
    write(logs, "epoch 3", line, "srun: error: node3: task 0: Killed")
    assert loss(JobState("3_0", "FAILED", 0), logs, 5.0)[1] == "memory"


def test_what_a_worker_refuses_is_found_in_its_log(logs: JobLogs) -> None:
    assert logs.refusal("3_0") is None
    write(logs, "a warning", f"{REFUSED}it cannot see FOLDER", "srun: done")
    assert logs.refusal("3_0") == "it cannot see FOLDER"


def test_a_job_that_does_not_see_the_folder_is_told_from_one_that_does(logs: JobLogs) -> None:
    assert not logs.are_shared("3_0")
    write(logs, "submitit INFO (2026-11-26 16:12:24,673) - Starting", end="out")
    assert logs.are_shared("3_0")
    assert not logs.has_begun("3_0")
    error = "RuntimeError: Waited for 60 seconds but could not find submitted jobs in path:"
    write(logs, error, "/data/sweep/.submitit/3_0/3_0_submitted.pkl")
    assert not logs.are_shared("3_0")
    write(logs, "submitit INFO (2026-11-26 16:12:24,673) - Loading", BEGINS, end="out")
    assert logs.has_begun("3_0")
