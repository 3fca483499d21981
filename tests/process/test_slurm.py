"""The job of Slurm's that a process belongs to, and queueing it again."""

import os
import stat
from pathlib import Path

import pytest

from seedbed.process import slurm
from seedbed.process.slurm import SlurmJob, requeue, slurm_job

NAMES = ("JOB_ID", "ARRAY_JOB_ID", "ARRAY_TASK_ID", "RESTART_COUNT", "PROCID")


def scontrol(folder: Path, script: str) -> None:
    """Write a command of that name, which comes first on the path."""
    file = folder / "scontrol"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("variables", "job"),
    [
        ({}, None),
        ({"JOB_ID": "12"}, SlurmJob("12", 0, True)),
        ({"JOB_ID": "12", "RESTART_COUNT": "3"}, SlurmJob("12", 3, True)),
        ({"JOB_ID": "12", "PROCID": "1"}, SlurmJob("12", 0, False)),
        ({"JOB_ID": "9", "ARRAY_JOB_ID": "7", "ARRAY_TASK_ID": "4"}, SlurmJob("7_4", 0, True)),
        ({"JOB_ID": "12; rm -r ."}, None),
        ({"JOB_ID": ""}, None),
        ({"JOB_ID": "12", "RESTART_COUNT": "many"}, SlurmJob("12", 0, True)),
    ],
)
def test_a_job_is_known_by_its_variables(monkeypatch, variables, job):
    for name in NAMES:
        monkeypatch.delenv(f"SLURM_{name}", raising=False)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert slurm_job() == job


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ('echo "$@" > said', None),
        # Slurm itself has done it: words of Slurm 22.05.
        ('echo "$@" > said; echo "Job is pending execution for job 7" >&2; exit 1', None),
        ("echo 'Requested operation is presently disabled' >&2; exit 1", "Requested operation"),
        ("exit 3", "exit code 3"),
        ("sleep 5", "no answer in 0 s"),
        (None, "no such command here"),
    ],
)
def test_a_job_is_queued_again_or_it_is_said_why_not(tmp_path, monkeypatch, script, problem):
    monkeypatch.setattr(slurm, "SECONDS", 0.2 if script == "sleep 5" else 20.0)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if script else str(tmp_path))
    monkeypatch.chdir(tmp_path)
    if script is not None:
        scontrol(tmp_path, script)

    said = requeue(SlurmJob("7_4", 0, True))

    assert (said is None) == (problem is None)
    assert (said or "").startswith(problem or "")
    if problem is None:
        assert Path("said").read_text() == "requeue 7_4\n"
    assert not os.path.exists("core")
