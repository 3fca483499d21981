"""Hostile folders and bad inputs: a spread of those of scripts/hostile.py, and what it notices."""

from pathlib import Path

import pytest
from scripts.hostile_cases.checks import changes, faults, refused_well, snapshot
from scripts.hostile_cases.command_server import CommandServer, Outcome
from scripts.hostile_cases.config_folders import CONFIG_FOLDERS
from scripts.hostile_cases.driving import Bench, spread
from scripts.hostile_cases.inputs.cases import INPUTS
from scripts.hostile_cases.queue_folders import QUEUE_FOLDERS
from scripts.hostile_cases.run_folders import RUN_FOLDERS
from scripts.hostile_cases.sweep_folders import SWEEP_FOLDERS

# Kinds of folders, the names of some of them, and the verbs that they go through.
FOLDERS = (
    (
        "run",
        RUN_FOLDERS,
        ("evaluate", "predict", "PYTHON"),
        (
            "os.system as model",
            "a pickle that runs a command",
            "another shape",
            "class names that steer a terminal",
        ),
    ),
    (
        "sweep",
        SWEEP_FOLDERS,
        ("train", "report"),
        ("overrides that are numbers", "no saved configs"),
    ),
    (
        "queue",
        QUEUE_FOLDERS,
        ("status", "worker"),
        ("what waits", "a version that steers a terminal", "a name that steers a terminal"),
    ),
    (
        "config",
        CONFIG_FOLDERS,
        ("list", "--help", "COMPLETE"),
        ("a folder", "options whose names steer a terminal"),
    ),
)
NOT_YET = ("own data", "own models", "hydra", "sweeps", "paths and arguments")


def test_hostile_folders_and_bad_inputs(tmp_path: Path) -> None:
    with CommandServer() as server:
        bench = Bench(tmp_path / "bench", server)
        found = []
        for kind, folders, verbs, names in FOLDERS:
            for folder in folders:
                if folder.name in names:
                    found += bench.drive(kind, folder, verbs=verbs)
        for bad in spread([one for one in INPUTS if one.kind not in NOT_YET], 25):
            found += bench.refuse(bad)
    assert found == []
    assert bench.commands > 40


def outcome(code: int | None, out: str = "", err: str = "", mib: float = 1) -> Outcome:
    return Outcome(code, out, err, 0.1, mib)


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (outcome(None), "not ended"),
        (outcome(-9), "exit code -9"),
        (outcome(0, mib=5_000), "took 5000 MiB"),
        (outcome(1, err="Traceback (most recent call last):\nKeyError: 1"), "KeyError: 1"),
        (outcome(0, out="\x1b[31m"), "wrote"),
        (outcome(0, out="x" * 2_000), "a line of more"),
        (outcome(2, err="usage: x"), "exit code 2 without"),
        (outcome(2, err="seedbed: a\nb\nc\nd"), "exit code 2 without"),
        (outcome(1), "exit code 1 without a word"),
    ],
)
def test_a_command_that_ends_badly_is_noticed(ended: Outcome, said: str) -> None:
    [problem] = faults(ended, 10)

    assert said in problem


def test_a_command_that_ends_well_is_not_noticed() -> None:
    assert faults(outcome(0, "done\n"), 10) == []
    assert faults(outcome(2, err="seedbed: no\nknown: a\n"), 10) == []
    assert refused_well(outcome(2, err="a warning\nseedbed: no\n"))


def test_what_is_created_changed_and_deleted_is_noticed_but_for_the_own_folder(
    tmp_path: Path,
) -> None:
    for name in ("kept", "deleted", "changed", "own"):
        (tmp_path / "a" / name).mkdir(parents=True)
        (tmp_path / "a" / name / "file").write_text("text")
    own = (tmp_path / "a/own",)
    before = snapshot(tmp_path, own)

    (tmp_path / "a/deleted/file").unlink()
    (tmp_path / "a/changed/file").write_text("other")
    (tmp_path / "a/created").symlink_to("kept")
    (tmp_path / "a/own/file").unlink()

    assert changes(before, snapshot(tmp_path, own)) == [
        f"changed {tmp_path}/a/changed/file",
        f"created {tmp_path}/a/created",
        f"deleted {tmp_path}/a/deleted/file",
    ]
