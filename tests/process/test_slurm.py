"""The job of Slurm's that a process belongs to, and queueing it again."""

import os
import stat
from pathlib import Path

import pytest

from seedbed.process import slurm
from seedbed.process.slurm import SlurmJob, is_cancelled, requeue, slurm_job

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


# What Slurm 22.05 shows of a job that ends.
SHOWN = """\
JobId=25 JobName=wrap
   JobState={state} Reason=None Dependency=(null)
   Requeue=1 Restarts={restarts} BatchFlag=1 Reboot=0 ExitCode=0:15
   RunTime={time} TimeLimit={limit} TimeMin=N/A
   PreemptEligibleTime=2026-11-26T15:27:25 PreemptTime={preempted}
"""


@pytest.mark.parametrize(
    ("fields", "cancelled"),
    [
        ({}, True),
        ({"limit": "1-00:10:00"}, True),
        ({"limit": "UNLIMITED"}, True),
        ({"restarts": 1}, False),
        ({"state": "RUNNING"}, False),
        ({"time": "00:10:01"}, False),
        ({"preempted": "2026-11-26T15:27:29"}, False),
    ],
)
def test_a_job_that_a_person_ends_is_told_from_one_that_slurm_ends(
    tmp_path, monkeypatch, fields, cancelled
):
    shown = {"state": "COMPLETING", "restarts": 0, "time": "00:00:04", "limit": "00:10:00"}
    text = SHOWN.format(**{**shown, "preempted": "None", **fields})
    (tmp_path / "shown").write_text(text)
    scontrol(tmp_path, f"cat {tmp_path}/shown")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert is_cancelled(SlurmJob("25", 0, True)) == cancelled
    scontrol(tmp_path, "exit 1")
    assert not is_cancelled(SlurmJob("25", 0, True))
