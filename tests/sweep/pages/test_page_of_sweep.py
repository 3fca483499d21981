"""The page of a sweep says what its files say: results.csv, configs, curves, commands."""

import base64
import json
import os
import re
import shutil
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from seedbed.loggers.event_reading import read_scalars
from seedbed.sweep.execution.closing.page import page_lines
from seedbed.sweep.results.folder import SweepFolder

WORDS = (
    *("train", "-m", "data=linear_noise", "data.rows=20", "data.val_size=5"),
    *("trainer.max_epochs=4", "model=linear,mlp", "optimizer.lr=0.01,1e30", "sweep.repeats=2"),
)


def document(path: Path) -> dict[str, Any]:
    """Return the document in a page."""
    found = re.search(r'type="application/json" id="document">(.*?)</script>', path.read_text())
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(node, dict) or (prefix and not node):
        return {prefix: node}
    return {
        key: leaf
        for name, below in node.items()
        for key, leaf in flat(below, f"{prefix}.{name}" if prefix else str(name)).items()
    }


def test_a_page_has_the_numbers_of_the_table_the_configs_and_the_curves(
    command: Any, tmp_path: Path
) -> None:
    assert command(*WORDS, "hydra.sweep.dir=sweep", "optimizer=adam").code == 1
    page = document(tmp_path / "sweep/report.html")
    jobs = page["jobs"]
    table = pl.read_csv(tmp_path / "sweep/results.csv", infer_schema_length=None)
    assert table.height == jobs["count"] == 8
    kinds = {column["name"]: column["kind"] for column in page["columns"]}
    assert {kinds.pop(key) for key in ("model", "optimizer.lr")} == {"axis"}
    assert kinds.pop("seed") == "averaged"
    assert {*table.columns} - {*kinds, "number", "status", "folder", "error"} == {
        "model",
        "optimizer.lr",
        "seed",
    }
    for name, values in jobs["values"].items():
        assert values == table[name].to_list(), name
    assert [page["statuses"][status] for status in jobs["status"]] == table["status"].to_list()
    assert jobs["folder"] == [str(number) for number in range(8)]
    assert jobs["configuration"] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert page["configurations"] == {
        "count": 4,
        "values": {
            "model": ["linear", "linear", "mlp", "mlp"],
            "optimizer.lr": [0.01, 1e30, 0.01, 1e30],
        },
    }
    assert ["optimizer", "adam"] in page["constants"]
    source = page["sources"][0]
    assert source["command"] == f"seedbed {' '.join(WORDS)} hydra.sweep.dir=sweep optimizer=adam"
    assert source["counts"]["completed"] == table["status"].to_list().count("completed")
    errors = table.filter(pl.col("error").is_not_null())
    assert {int(job) for job in page["errors"]} == {*errors["number"].to_list()}

    configs, curves = page["configs"], page["curves"]
    for job in range(8):
        saved = yaml.safe_load((tmp_path / f"sweep/{job}/.hydra/config.yaml").read_text())
        saved = {key: node for key, node in saved.items() if key not in ("paths", "sweep")}
        shown = flat(configs["common"]) | {k: v[job] for k, v in configs["differing"].items()}
        whole = flat(saved)
        assert {key: value for key, value in shown.items() if key in whole} == whole
        assert {value for key, value in shown.items() if key not in whole} <= {None}
        check_curves(tmp_path / f"sweep/{job}", curves, job)
    assert jobs["command"][3] == (
        "seedbed train data=linear_noise data.rows=20 data.val_size=5 trainer.max_epochs=4 "
        "model=linear optimizer.lr=1e+30 optimizer=adam seed=1"
    )

    # The same of its folder, later and from elsewhere.
    (tmp_path / "pages").mkdir()
    outcome = command("report", "sweep", "page=pages/again.html")
    assert outcome.code == 0
    assert outcome.out.startswith("page         pages/again.html: 8 jobs, ")
    again = document(tmp_path / "pages/again.html")
    assert again["jobs"]["folder"] == [f"sweep/{number}" for number in range(8)]
    for name in page:
        if name not in ("written", "sources", "jobs"):
            assert again[name] == page[name], name
    assert again["sources"][0]["versions"] == source["versions"]


def check_curves(folder: Path, curves: dict[str, Any], job: int) -> None:
    """Assert that the curves of a job are those of its event file."""
    lengths = [len(curves["grids"][grid]) if grid >= 0 else 0 for grid in curves["grid_of_job"]]
    start, grid = sum(lengths[:job]), curves["grid_of_job"][job]
    logged = {
        tag: dict(zip(points.steps.tolist(), points.values.tolist(), strict=True))
        for tag, points in read_scalars([folder]).items()
    }
    for name in curves["metrics"]:
        numbers = np.frombuffer(base64.b64decode(curves["values"][name]), "<f4")
        shown = numbers[start : start + lengths[job]].tolist()
        epochs = curves["grids"][grid] if grid >= 0 else []
        by_epoch = {e: v for e, v in zip(epochs, shown, strict=True) if not np.isnan(v)}
        assert by_epoch == logged.get(name, {}), name


def test_a_sweep_without_folders_still_tells_where_it_comes_from(
    command: Any, tmp_path: Path
) -> None:
    words = ("train", "-m", "trainer.max_epochs=2", "seed=0,1", "sweep.keep=record")
    assert command(*words, "hydra.sweep.dir=sweep", "sweep.page_rows=1").code == 0
    assert not (tmp_path / "sweep/report.html").exists()
    assert command("report", "sweep", "page=x.html").code == 0
    page = document(tmp_path / "x.html")
    assert page["jobs"]["folder"] == ["", ""]
    assert page["curves"]["grids"] == [[1, 2]]
    assert {*page["configs"]["differing"]} == {"seed"}
    source = page["sources"][0]
    assert source["command"].startswith("seedbed train -m")
    assert "seed=0,1" in source["command"]
    assert source["versions"]["torch"]
    assert source["notes"] == ["0 of 2 jobs have kept their folders (sweep.keep)"]


def test_a_sweep_that_went_on_shows_the_command_that_it_began_with(
    command: Any, tmp_path: Path
) -> None:
    words = ("train", "-m", "trainer.max_epochs=2", "seed=0,1", "hydra.sweep.dir=sweep")
    assert command(*words, "sweep.fuse=never").code == 0
    sweep = tmp_path / "sweep"
    # As a kill before the first job had ended leaves it.
    header, *_ = (sweep / "results.csv").read_text().splitlines(keepends=True)
    (sweep / "results.csv").write_text(header)
    for number in (0, 1):
        shutil.rmtree(sweep / str(number))
    assert command("train", "-m", "sweep.resume=sweep").code == 0
    assert "sweep.resume=sweep" in json.loads((sweep / "0/run.json").read_text())["command"]
    [source] = document(sweep / "report.html")["sources"]
    expected = ["seedbed", *words, "sweep.fuse=never"]
    assert sorted(source["command"].split()) == sorted(expected)


def test_jobs_side_by_side_that_were_killed_are_shown_as_they_were_saved(
    command: Any, tmp_path: Path
) -> None:
    words = ("train", "-m", "data=linear_noise", "data.rows=20", "data.val_size=5")
    words = (*words, "trainer.max_epochs=4", "optimizer.lr=0.01,1e-3", "seed=0,1")
    assert command(*words, "hydra.sweep.dir=sweep", "sweep.every_seconds=0").code == 0
    sweep = tmp_path / "sweep"
    table = pl.read_csv(sweep / "results.csv")
    # As a kill leaves it: without what ends a sweep.
    lines = (sweep / "results.csv").read_text().splitlines(keepends=True)
    (sweep / "results.csv").write_text("".join(lines[:1]))
    for path in sweep.glob("[0-9]*/*"):
        if path.is_file():
            path.unlink()
    [state] = sweep.glob(".sweep/chunk-*.ckpt")
    os.utime(sweep / "results.csv", (state.stat().st_mtime - 50,) * 2)
    started = json.loads((sweep / "sweep.json").read_text())["started"]
    ended = datetime.fromisoformat(started).timestamp() + 9
    os.utime(state, (ended, ended))
    assert command("report", "sweep", "page=x.html").code == 0
    page = document(tmp_path / "x.html")
    jobs, [source] = page["jobs"], page["sources"]
    assert [page["statuses"][at] for at in jobs["status"]] == ["interrupted"] * 4
    assert jobs["values"]["epochs"] == [4] * 4
    assert jobs["values"]["val/loss"] == pytest.approx(table["val/loss"].to_list())
    assert jobs["values"]["optimizer.lr"] == table["optimizer.lr"].to_list()
    metrics = {column["name"] for column in page["columns"] if column["kind"] == "metric"}
    assert metrics == {name for name in table.columns if name.startswith(("train/", "val/"))}
    assert page["configurations"]["count"] == 2
    assert page["curves"]["grids"] == [[1, 2, 3, 4]]
    assert page["curves"]["grid_of_job"] == [0] * 4
    assert source["counts"] == {"interrupted": 4, "missing": 0}
    assert source["seconds"] == 9.0
    assert source["go_on"] == "seedbed train -m sweep.resume=sweep"
    assert source["notes"] == [
        "4 jobs not ended: shown as last saved (sweep.every_seconds), and not ranked"
    ]
    state.write_bytes(state.read_bytes()[:1000])
    assert command("report", "sweep", "page=x.html").code == 0
    assert document(tmp_path / "x.html")["sources"][0]["counts"] == {"missing": 4}
    # Nothing says when it was killed: the table's header is of its start.
    state.unlink()
    assert command("report", "sweep", "page=x.html").code == 0
    [source] = document(tmp_path / "x.html")["sources"]
    assert (source["finished"], source["seconds"]) == (None, None)


def test_a_file_of_somebodys_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.html").write_text("mine")
    options = SimpleNamespace(page_rows=10)
    worker: Any = SimpleNamespace(folder=SweepFolder(tmp_path), options=options)
    assert page_lines(worker, []) == []
    assert (tmp_path / "report.html").read_text() == "mine"
    assert "not written over" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["top=3", "sort=seed", "group=false", "mode=max"])
def test_a_key_of_the_printed_table_is_refused_with_a_page(word: str, refused: Any) -> None:
    message = refused("report", "latest", "page=x.html", word, function=None)
    assert message.startswith(f"seedbed: {word}: the page has every row")
