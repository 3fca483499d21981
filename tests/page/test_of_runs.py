"""The page of runs: what they set differently is an axis; figures and errors are there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seedbed.page.assembly import page_document
from seedbed.page.file import NAME
from seedbed.page.of_runs import parts_of_runs, write_page_of_run


def run(folder: Path, seed: int, lr: float, config: str | None = None, **fields: Any) -> Path:
    """Write what a run leaves that its page shows."""
    (folder / ".hydra").mkdir(parents=True)
    record = {
        "status": "completed",
        "metrics": {"train/loss": 2.0, "val/loss": 3.0, "test/loss": 5.0},
        "metrics_epoch": 9,
        "checkpoints": {"best": {"epoch": 4, "metrics": {"train/loss": 1.0, "val/loss": 0.5}}},
        "hyperparameters": {"optimizer": "adam", "optimizer.lr": lr, "seed": seed},
        "seed": seed,
        "optimized_metric": "val/loss",
        "command": f"seedbed train optimizer.lr={lr} seed={seed}",
        "process": {"host": "node-17", "pid": 1},
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:00:02+00:00",
        "seconds": 2.0,
        **fields,
    }
    (folder / "run.json").write_text(json.dumps(record))
    text = config or f"optimizer:\n  lr: {lr}\nseed: {seed}\nname: null\n"
    (folder / ".hydra/config.yaml").write_text(text)
    (folder / "metrics.csv").write_text("epoch,train/loss,best/val/loss\n1,9.0,\n9,2.0,0.5\n")
    return folder


def test_runs_that_differ_in_their_seeds_are_a_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = [
        run(tmp_path / "a", 0, 0.1),
        run(tmp_path / "b", 1, 0.1),
        run(tmp_path / "c", 0, 0.2, status="interrupted", error="on host node-17"),
    ]
    (folders[2] / "checkpoints").mkdir()
    (folders[2] / "checkpoints/last.ckpt").touch()
    document = page_document(parts_of_runs(folders))
    columns = {column.name: column for column in document.columns}
    assert [name for name, column in columns.items() if column.kind == "axis"] == ["optimizer.lr"]
    assert columns["seed"].kind == "averaged"
    assert document.jobs.configuration == [0, 0, 1]
    assert document.configurations.values == {"optimizer.lr": [0.1, 0.2]}
    assert document.jobs.values["best/val/loss"] == [0.5] * 3
    assert document.jobs.values["val/loss"] == [3.0] * 3
    assert document.jobs.values["test/loss"] == [5.0] * 3
    assert document.jobs.values["best/epoch"] == [4] * 3
    assert columns["best/val/loss"].of_best == "val/loss"
    assert [(each.metric, each.mode) for each in document.objectives] == [("val/loss", "min")]
    assert ("optimizer", "adam") in document.constants
    assert document.configs.differing == {"optimizer.lr": [0.1, 0.1, 0.2], "seed": [0, 1, 0]}
    assert document.curves.metrics == ["train/loss"]
    assert document.curves.grids == [[1, 9]]
    assert document.jobs.folder == ["a", "b", "c"]
    assert document.sources[2].go_on == "seedbed train resume=c"
    assert document.errors["2"].message == "on host …"
    assert document.title == "3 runs"


def test_what_runs_have_set_differently_is_a_column(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlp = {"model": "mlp", "model.hidden_size": 8, "callback@callbacks.fit": "fit", "tags": "x"}
    folders = [
        run(tmp_path / "a", 0, 0.1, hyperparameters=mlp),
        run(tmp_path / "b", 0, 0.1, hyperparameters={"model": "linear", "optimizer": "sgd"}),
    ]
    document = page_document(parts_of_runs(folders))
    axes = {column.name for column in document.columns if column.kind != "metric"}
    assert axes == {"model", "model.hidden_size", "best/epoch", "seconds", "epochs"}
    assert document.jobs.values["model"] == ["mlp", "linear"]
    # The other one has no such key.
    assert document.jobs.values["model.hidden_size"] == [8, None]


def test_the_page_of_a_run_has_its_figures_and_its_traceback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trace = 'Traceback:\n  File "/home/mary/m.py"\nValueError: x'
    folder = run(tmp_path / "x", 0, 0.1, status="failed", error="ValueError: x", traceback=trace)
    (folder / "figures").mkdir()
    Image.new("L", (2, 2)).save(folder / "figures/fit.png")
    assert write_page_of_run(folder) == folder / NAME
    page = (folder / NAME).read_text()
    content = re.search(r'id="document">(.*?)</script>', page)
    assert content is not None
    document = json.loads(content[1])
    assert [figure["title"] for figure in document["figures"]] == ["fit"]
    assert document["jobs"]["folder"] == ["."]
    assert document["errors"]["0"] == {
        "message": "ValueError: x",
        "traceback": trace.replace("/home/mary", "~"),
    }
    assert write_page_of_run(folder) == folder / NAME
    (folder / NAME).write_text("mine")
    assert write_page_of_run(folder) is None


@pytest.mark.parametrize(
    "config",
    ["[1, 2]", "a: &a [*a]", "{" * 5_000, "a: 1\na: !!python/object:os.system x", "\0", "x: .nan"],
)
def test_a_config_that_cannot_be_read_is_not_shown(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = page_document(parts_of_runs([run(tmp_path / "x", 0, 0.1, config=config)]))
    assert document.jobs.count == 1
    assert document.configs.common in ({}, {"x": "nan"})


def test_a_job_of_a_sweep_is_repeated_by_its_own_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = run(tmp_path / "x", 0, 0.1, command="seedbed train -m seed=0,1")
    (folder / ".hydra/overrides.yaml").write_text("- seed=1\n- notes='a b'\n")
    [part] = parts_of_runs([folder])
    assert part.command == ["seedbed train seed=1 'notes='\"'\"'a b'\"'\"''"]
