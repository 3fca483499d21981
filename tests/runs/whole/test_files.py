"""A job's folder is a run folder, and there is never half of one."""

import json
import os
import signal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.experiments import curve, trained

from seedbed.errors import RunFolderError
from seedbed.loggers.event_file import event_file_name
from seedbed.loggers.event_records import header_event, scalar_events
from seedbed.runs.folder import RunFolder, open_run
from seedbed.runs.loading import load_checkpoint
from seedbed.runs.outcome import EpochState
from seedbed.runs.preparation import preparation_text, stored_preparation
from seedbed.runs.record import read_record, write_json
from seedbed.runs.whole import files as module
from seedbed.runs.whole.files import (
    Preparation,
    RunFiles,
    remove_leftovers,
    write_run,
)

CONFIG = "seed: 3\nname: größer\n"


def files(**changes: Any) -> RunFiles:
    """Return what a run folder holds."""
    weights = {"weight": torch.tensor([[1.5, -2.0]]), "bias": torch.tensor([0.25])}
    scalars = scalar_events([np.array([1, 2])], [{"train/loss": np.array([2.0, 1.0])}], 1.0)
    whole: dict[str, Any] = {
        "hydra": {"config.yaml": CONFIG, "overrides.yaml": "- seed=3\n"},
        "record": {"status": "completed", "metrics": {"train/loss": 1.0, "val/r2": float("nan")}},
        "events": header_event(1.0) + scalars[0],
        "events_name": event_file_name(0),
        "best": EpochState(1, 10, {"train/loss": 2.0}, weights),
        "last": EpochState(2, 20, {"train/loss": 1.0}, weights),
    }
    return RunFiles(**{**whole, **changes})


def everything(folder: Path) -> set[str]:
    """Return all files below a folder."""
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_all_of_it_can_be_read_where_readers_look(tmp_path: Path) -> None:
    path = tmp_path / "sweep" / "0"
    write_run(path, files())

    folder = open_run(str(path), "")
    assert folder.config.read_text(encoding="utf-8") == CONFIG
    assert (path / ".hydra" / "overrides.yaml").read_text() == "- seed=3\n"
    assert read_record(folder.record)["metrics"] == {"train/loss": 1.0, "val/r2": None}
    assert curve(path) == {1: 2.0, 2: 1.0}
    best = load_checkpoint(folder.checkpoint("best"))
    assert (best["epoch"], best["global_step"], best["metrics"]) == (1, 10, {"train/loss": 2.0})
    assert load_checkpoint(folder.checkpoint("last"))["epoch"] == 2
    assert [one.name for one in path.parent.iterdir()] == ["0"]


def test_the_record_is_written_as_any_other(tmp_path: Path) -> None:
    fields = {"status": "failed", "unit": "°C", "metrics": {"a": float("inf"), "b": 0.1}}
    write_run(tmp_path / "0", files(record=fields))
    write_json(tmp_path / "run.json", fields)
    assert (tmp_path / "0" / "run.json").read_bytes() == (tmp_path / "run.json").read_bytes()


def test_a_checkpoint_is_as_the_run_alone_writes_it(tmp_path: Path) -> None:
    experiment = trained(tmp_path / "alone", "trainer.max_epochs=2")
    path = RunFolder(tmp_path / "alone").checkpoint("best")
    alone = torch.load(path, weights_only=True)
    weights = {name.removeprefix("net."): one for name, one in alone["state_dict"].items()}
    assert list(weights) == list(experiment.module.net.state_dict())

    numbers = {name: np.float64(value) for name, value in alone["metrics"].items()}
    content = EpochState(int(alone["epoch"]), int(alone["global_step"]), numbers, weights)
    write_run(tmp_path / "0", files(best=content))

    found = torch.load(tmp_path / "0" / "checkpoints" / "best.ckpt", weights_only=True)
    assert list(found) == list(alone)
    assert {k: v for k, v in found.items() if k != "state_dict"} == {
        k: v for k, v in alone.items() if k != "state_dict"
    }
    assert list(found["state_dict"]) == list(alone["state_dict"])
    for name, value in alone["state_dict"].items():
        assert torch.equal(found["state_dict"][name], value)


def test_a_row_of_a_matrix_is_saved_without_the_matrix(tmp_path: Path) -> None:
    rows = torch.randn(1000, 100, requires_grad=True)
    write_run(tmp_path / "0", files(last=EpochState(1, 1, {}, {"weight": rows[7]})))
    path = tmp_path / "0" / "checkpoints" / "last.ckpt"
    found = torch.load(path, weights_only=True)["state_dict"]["net.weight"]
    assert torch.equal(found, rows[7])
    assert not found.requires_grad
    assert path.stat().st_size < 4000


def test_a_run_without_checkpoints_has_no_folder_for_them(tmp_path: Path) -> None:
    write_run(tmp_path / "0", files(best=None, last=None))
    assert not (tmp_path / "0" / "checkpoints").exists()


@pytest.mark.parametrize("name", ["run.json", "checkpoints", "link"])
def test_what_is_there_already_stays(tmp_path: Path, name: str) -> None:
    if name == "link":
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "0").symlink_to("elsewhere")
    else:
        (tmp_path / "0").mkdir()
        (tmp_path / "0" / name).write_text("mine")
    before = {file: file.is_symlink() or file.read_text() for file in tmp_path.rglob("*/*")}
    with pytest.raises(RunFolderError, match="something already"):
        write_run(tmp_path / "0", files())
    assert {file: file.read_text() for file in tmp_path.rglob("*/*")} == before
    assert not [one.name for one in tmp_path.iterdir() if one.name.endswith(".tmp")]


def test_beside_files_that_no_run_writes_a_run_is_written(tmp_path: Path) -> None:
    (tmp_path / "0" / "photos").mkdir(parents=True)
    (tmp_path / "0" / "photos" / "a.jpg").write_text("mine")
    write_run(tmp_path / "0", files())
    assert {"photos/a.jpg", "run.json", ".hydra/config.yaml"} <= everything(tmp_path / "0")
    assert os.listdir(tmp_path) == ["0"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(module.torch, "save", full)
    with pytest.raises(OSError, match="no space left"):
        write_run(tmp_path / "0", files())
    assert list(tmp_path.iterdir()) == []


def write_killed(path: Path, count: int) -> None:
    """Write a run folder in a process that is killed within the file after the first `count`."""
    write = Path.write_bytes

    def counted(file: Path, content: bytes) -> int:
        nonlocal count
        count -= 1
        if count < 0:
            write(file, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(file, content)

    Path.write_bytes = counted  # type: ignore[method-assign, assignment]
    write_run(path, files(best=None, last=None))


@pytest.mark.parametrize("count", [0, 2, 3])
def test_a_kill_leaves_no_half_of_a_folder(tmp_path: Path, count: int) -> None:
    path = tmp_path / "0"
    process = get_context("fork").Process(target=write_killed, args=(path, count))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not path.exists()
    (left,) = tmp_path.iterdir()
    assert len(everything(left)) == count + 1

    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
    write_run(path, files())
    assert json.loads((path / "run.json").read_text())["status"] == "completed"


def test_only_leftovers_are_removed(tmp_path: Path) -> None:
    write_run(tmp_path / "0", files())
    for name in (".1.123.tmp", ".results.csv.123.tmp"):
        (tmp_path / name).mkdir() if name.startswith(".1") else (tmp_path / name).touch()
    kept = {"0", "sweep.json", ".hydra", "notes.12.tmp", ".tmp"}
    for name in kept - {"0"}:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    remove_leftovers(tmp_path / "none")
    assert set(os.listdir(tmp_path)) == kept
    assert "run.json" in everything(tmp_path / "0")


def test_what_was_fitted_is_in_a_file_and_in_the_checkpoints(tmp_path: Path) -> None:
    plain = {"input_scaling": {"shift": [0.5], "scale": [2.0]}}
    text = preparation_text("arrays", plain)
    state = EpochState(1, 5, {"train/loss": 1.0}, {"weight": torch.zeros(1)})
    files = RunFiles({}, {}, b"", "", state, state, Preparation(plain, text.encode()))
    write_run(tmp_path / "job", files)

    folder = RunFolder(tmp_path / "job")
    assert json.loads(folder.preparation.read_text()) == {"data": "arrays", "preparation": plain}
    assert stored_preparation(folder) == plain
    for name in ("best", "last"):
        assert stored_preparation(folder, load_checkpoint(folder.checkpoint(name))) == plain
    assert folder.preparation in set(folder.written())
