"""A run that is trained again equals what it was, or it is said by how much it does not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from tests.composing import composed
from tests.experiments import record, trained

from seedbed.commands.repeat import DIFFERENT, repeat
from seedbed.errors import ConfigError, RunFolderError

TABLE = "x,y\n" + "".join(f"{row},{2 * row + row % 3}\n" for row in range(20))
SHORT = ("trainer.max_epochs=3", "optimizer.lr=1e-6")
HELD_OUT = ("data.val_size=4", "data.test_size=3")


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no process be started as this one."""
    monkeypatch.setattr(
        "seedbed.commands.repeat.let_processes_start_as_this_one", lambda folder: None
    )


def repeated(folder: Path, *words: str) -> int:
    """Repeat the run in a folder into `again` beside it; return the exit code."""
    again = folder.with_name("again")
    shutil.rmtree(again, ignore_errors=True)
    config = composed(f"run='{folder}'", f"folder='{again}'", *words, verb="repeat")
    return repeat(config, ["seedbed", "repeat"])


@pytest.mark.parametrize(
    "words",
    [
        (*HELD_OUT, "model=mlp", "model.dropout=0.5", "optimizer=adam", "data.batch_size=5"),
        ("data=clusters", "data.sample=stream", "data.val_size=50", "optimizer=adam"),
        ("data=none", "model=bowl"),
    ],
)
def test_a_run_is_repeated_bit_for_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    folder = tmp_path / "run"
    trained(folder, *SHORT, *words)
    capsys.readouterr()

    assert repeated(folder) == 0

    said = capsys.readouterr().out
    assert "differs      nothing" in said
    assert said.endswith("verdict      equal: metrics and weights, bit for bit\n")
    now, before = record(tmp_path / "again"), record(folder)
    assert now["repeats"] == str(folder)
    assert now["metrics"] == before["metrics"]
    assert now["hyperparameters"] == before["hyperparameters"]
    # It is a run like any other, which can be repeated itself.
    (tmp_path / "again").rename(tmp_path / "second")
    assert repeated(tmp_path / "second") == 0


def changed(folder: Path, **fields: Any) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_is_not_equal_is_said_by_how_much(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    trained(folder, *SHORT, "logger=none")
    metrics = record(folder)["metrics"]
    changed(folder, metrics={**metrics, "train/loss": metrics["train/loss"] + 0.25})
    path = folder / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    content["state_dict"]["net.bias"] += 0.5
    torch.save(content, path)
    capsys.readouterr()

    assert repeated(folder) == DIFFERENT

    said = capsys.readouterr().out
    (row,) = (line for line in said.splitlines() if "train/loss" in line and "-0.25" in line)
    assert row
    assert "best.ckpt    equal, bit for bit" in said
    assert "last.ckpt    at most 0.5 apart" in said
    assert "verdict      not equal; nothing differed before training" in said


def test_other_data_are_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, table = tmp_path / "run", tmp_path / "table.csv"
    table.write_text(TABLE)
    data = ("data=table", f"data.file='{table}'", "data.target=y", "data.val_size=0.2")
    trained(folder, *SHORT, *data)
    resolved = OmegaConf.to_yaml(composed("callbacks=quiet", *SHORT, *data), resolve=True)
    (folder / ".hydra" / "resolved.yaml").write_text(resolved)
    moved = table.rename(tmp_path / "moved.csv")
    with pytest.raises(ConfigError, match="no such file"):
        repeated(folder)
    assert repeated(folder, f"file='{moved}'") == 0
    moved.write_text(TABLE.replace("19,", "18,"))

    for words in ((f"file='{moved}'",), ("other_data=true",)):
        with pytest.raises(ConfigError, match=r"not the file|no such file"):
            repeated(folder, *words)
    assert not (tmp_path / "again").exists()

    capsys.readouterr()
    assert repeated(folder, f"file='{moved}'", "other_data=true") == DIFFERENT
    assert "data     other rows: the hash of the files differs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "failed", "error": "out of memory"}, "failed.*out of memory"),
        ({"status": "interrupted", "error": "killed"}, r"killed\).*seedbed train resume="),
        ({"group": {"jobs": 3, "exact": False}}, "random numbers together"),
        ({"resumed": [{"changed": {"optimizer.lr": [1, 2]}}]}, "optimizer.lr was changed"),
        ({"data": {"fingerprint": "0", "fingerprint_of": "all rows"}}, "hash of all rows"),
    ],
)
def test_what_cannot_be_repeated_is_refused(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any], said: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "run-to-refuse"
    if not folder.exists():
        trained(folder, *SHORT, "logger=none")
    before = (folder / "run.json").read_text()
    try:
        changed(folder, **fields)
        with pytest.raises((ConfigError, RunFolderError), match=said):
            repeated(folder)
    finally:
        (folder / "run.json").write_text(before)
    assert not folder.with_name("again").exists()


def test_a_run_that_went_on_with_other_names_is_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    trained(folder, *SHORT, "logger=none")
    changed(folder, resumed=[{"changed": {"name": [None, "a"], "trainer.max_epochs": [2, 3]}}])

    assert repeated(folder) == 0
