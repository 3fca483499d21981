"""`sweep.detach=true`: real processes, which go on in the background."""

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.catalogue.supervision.test_standing import swept
from tests.command_line import seedbed

import seedbed as api
from seedbed.application import detaching
from seedbed.process import background
from seedbed.sweep.presence.controller import SeenController, see_controller

WORDS = ("data=crop_yield", "trainer=cpu", "logger=none", "callbacks=quiet", "page=false")
AXES = ("optimizer.lr=1e-6,1e-5", "seed=1,2")


def ended(folder: Path) -> SeenController:
    """Wait until the controller of a sweep has said that it ends."""
    until = time.monotonic() + 100
    while (seen := see_controller(folder / ".sweep", False)).state != "ended":
        assert time.monotonic() < until, seen
        time.sleep(0.1)
    return seen


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a sweep without the times that they took."""
    with (folder / "results.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_the_command_returns_and_the_sweep_goes_on_to_the_same_results(
    tmp_path: Path, command: Any
) -> None:
    words = ("train", "-m", *WORDS, *AXES, "trainer.max_epochs=3")
    begun = seedbed(tmp_path, *words, "hydra.sweep.dir=sweep", "sweep.detach=true")
    assert (begun.returncode, begun.stderr) == (0, "")
    lines = {line[:13].strip(): line[13:] for line in begun.stdout.splitlines()}
    assert lines["look"] == "seedbed status sweep"
    assert lines["stop"] == "seedbed cancel sweep"
    seen = ended(tmp_path / "sweep")
    assert seen.note is not None
    assert (seen.note.code, seen.note.detached) == (0, True)
    assert lines["detached"] == f"sweep: process {seen.note.pid} goes on with it"
    assert "jobs         4 completed" in (tmp_path / lines["output"]).read_text()
    assert command(*words, "hydra.sweep.dir=here").code == 0
    assert rows(tmp_path / "sweep") == rows(tmp_path / "here")
    record = json.loads((tmp_path / "sweep/0/run.json").read_text())
    assert record["command"].startswith("seedbed train -m data=crop_yield ")


def test_from_python_it_is_the_sweep_that_runs_or_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with pytest.raises(api.ConfigError, match=r"optimizer.lr: -1.0 is out of range"):
        api.sweep(*WORDS, axes={"optimizer.lr": [1e-6, -1]}, sweep={"detach": True})
    assert not list(tmp_path.glob("outputs/sweeps/*/*"))
    folder = swept(tmp_path, {0: "completed"}).path
    told = {"folder": str(folder), "word": "sweep", "log": "log", "process": 1, "modules": []}
    monkeypatch.setattr(detaching, "start", lambda *_: background.Started(told, 0))
    sweep = api.sweep(*WORDS, axes={"seed": range(2)}, sweep={"detach": True})
    assert (sweep.folder, sweep.status) == (folder, "interrupted")


def test_a_job_of_a_cluster_which_ends_with_its_command_is_refused(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background._Background, "is_known", True)
    monkeypatch.setattr(background._Background, "pipe", 99)
    words = ("train", "-m", *WORDS, *AXES, "sweep.detach=true")
    refused = command(*words, "trainer.requeue=true")
    assert refused.code == 2
    assert "sweep.detach=true: trainer.requeue=true, and a job of a cluster" in refused.err
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert "SLURM_JOB_ID is set" in command(*words).err


def test_no_process_that_is_started_goes_to_the_background_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr(background._Background, "is_known", False)
    monkeypatch.setattr(background._Background, "pipe", None)
    monkeypatch.setenv(background.VARIABLE, str(writer))
    assert background.is_asked()
    assert background.VARIABLE not in os.environ
    assert not os.get_inheritable(writer)
    os.close(reader)
    os.close(writer)
