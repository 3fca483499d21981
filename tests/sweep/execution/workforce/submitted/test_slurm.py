"""What Slurm's commands print, in words of Slurm 22.05, and what is made of it."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from seedbed.sweep.execution.workforce.submitted import slurm
from seedbed.sweep.execution.workforce.submitted.slurm import JobState, SlurmError

Say = Callable[..., None]

SQUEUE = """\
10_0     |PENDING      |1  |           |BeginTime       |
10_1     |COMPLETED    |0  |node1      |None            |
13_0     |FAILED       |0  |node1      |NonZeroExitCode |
14       |RUNNING      |0  |node[1-2]  |None            |
a line of another kind
"""


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Return a function that lets a command of Slurm's print something."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    for name in ("squeue", "sacct", "scontrol", "sbatch", "scancel"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 9\n")
        (tmp_path / name).chmod(stat.S_IRWXU)

    def write(name: str, out: str = "", error: str = "", code: int = 0) -> None:
        (tmp_path / f"{name}.out").write_text(out)
        (tmp_path / f"{name}.err").write_text(error)
        script = f"cat {tmp_path}/{name}.out; cat {tmp_path}/{name}.err >&2; exit {code}"
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{script}\n')

    return write


def test_states_of_jobs_are_read_as_squeue_prints_them(say: Say, tmp_path: Path) -> None:
    say("squeue", SQUEUE)
    known = slurm.states(["10_0", "13_0", "14"])
    assert known == {
        "10_0": JobState("10_0", "PENDING", 1, "", "BeginTime"),
        "13_0": JobState("13_0", "FAILED", 0, "node1", "NonZeroExitCode"),
        "14": JobState("14", "RUNNING", 0, "node[1-2]", ""),
    }
    assert "--jobs=10,13,14" in (tmp_path / "asked").read_text()
    assert [known[job].waits for job in ("10_0", "13_0", "14")] == [True, False, False]
    assert [known[job].is_over for job in ("10_0", "13_0", "14")] == [False, True, False]


def test_a_job_that_squeue_has_forgotten_is_known_by_the_accounts(say: Say) -> None:
    say("squeue", error="slurm_load_jobs error: Invalid job id specified", code=1)
    assert slurm.states(["12_0"]) == {}
    say("sacct", "12_0|TIMEOUT|node3\n12_1|CANCELLED by 1000|node3\n")
    assert slurm.states(["12_0"]) == {"12_0": JobState("12_0", "TIMEOUT", None, "node3")}
    assert slurm.states(["12_1"])["12_1"].state == "CANCELLED"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "sbatch: error: invalid partition specified: nope\n"
            "allocation failure: Invalid partition name specified\n",
            "sbatch: invalid partition specified: nope; Invalid partition name specified",
        ),
        (
            "slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)",
            "sbatch: Unable to contact slurm controller (connect failure)",
        ),
        ("", "sbatch: exit code 7"),
    ],
)
def test_what_slurm_refuses_is_said_in_its_own_sentence(say: Say, said: str, sentence: str) -> None:
    say("sbatch", error=said, code=7)
    with pytest.raises(SlurmError) as error:
        slurm.ask(["sbatch", "--test-only"])
    assert str(error.value) == sentence


def test_commands_that_are_missing_or_silent_are_named(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "squeue").write_text("#!/bin/sh\nexec sleep 20\n")
    with pytest.raises(SlurmError, match=r"^squeue: no answer in 0 s$"):
        slurm.ask(["squeue"], seconds=0.2)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SlurmError, match=r"^no command sbatch here: is this "):
        slurm.ask(["sbatch"])


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ("MaxArraySize            = 101\nMaxJobCount = 1000\n", 101),
        ("MaxArraySize            = 0\n", None),
        ("nothing of it", None),
    ],
)
def test_the_size_of_arrays_is_what_slurm_says(say: Say, said: str, most: int | None) -> None:
    say("scontrol", f"Configuration data as of 2026-11-26T15:01:18\n{said}")
    assert slurm.most_tasks() == most


def test_jobs_of_a_folder_are_those_whose_scripts_lie_in_it(say: Say, tmp_path: Path) -> None:
    scripts, other = tmp_path / "sweep/.submitit", tmp_path / "sweep/.submitit-other"
    (scripts / "12").mkdir(parents=True)
    (scripts / "12/submission.sh").touch()
    os.symlink(scripts / "12/submission.sh", scripts / ".submission_file_a.sh")
    say("squeue", f"12|{scripts}/.submission_file_a.sh\n13|{other}/b.sh\n14|(null)\n15|\n")
    assert slurm.jobs_of_scripts(scripts) == ["12"]
