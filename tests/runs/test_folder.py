"""The layout of a run folder, and finding one."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from seedbed.errors import RunFolderError, plain
from seedbed.process.identity import this_process
from seedbed.runs.folder import RunFolder, latest_run, open_run


def make_run(folder):
    """Make what a folder needs to be one of a run."""
    run = RunFolder(folder)
    run.config.parent.mkdir(parents=True)
    run.config.write_text("seed: 0\n")
    run.record.write_text("{}")
    return folder


def test_the_layout():
    folder = RunFolder("a/b")

    assert folder.path == Path("a/b")
    assert folder.record == Path("a/b/run.json")
    assert folder.config == Path("a/b/.hydra/config.yaml")
    assert folder.figures == Path("a/b/figures")
    assert folder.checkpoint("best") == Path("a/b/checkpoints/best.ckpt")
    assert folder.checkpoint("last") == Path("a/b/checkpoints/last.ckpt")


# ---- Opening a run -------------------------------------------------------------------------------


def test_a_run_is_opened_by_its_folder(tmp_path):
    make_run(tmp_path / "run")

    assert open_run(str(tmp_path / "run"), "outputs").path == tmp_path / "run"
    assert open_run(f"{tmp_path / 'run'}/", "outputs").path == tmp_path / "run"


def test_a_relative_folder_is_found_from_the_working_folder(tmp_path, monkeypatch):
    make_run(tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")

    assert open_run(".", "outputs").record.is_file()


@pytest.mark.parametrize("run", ["nowhere", "", "~", "\0"])
def test_a_folder_that_is_not_there_is_refused(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RunFolderError, match=re.escape(f"run={plain(run)}")):
        open_run(run, "outputs")


def test_a_misspelt_latest_is_told():
    with pytest.raises(RunFolderError, match=r"no such folder\. Did you mean 'latest'\?"):
        open_run("lastest", "outputs")


def test_a_file_is_no_run(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(RunFolderError, match="no such folder"):
        open_run(str(tmp_path / "file"), "outputs")


@pytest.mark.parametrize("missing", ["run.json", ".hydra/config.yaml"])
def test_what_a_folder_lacks_to_be_a_run_is_named(tmp_path, missing):
    (make_run(tmp_path / "run") / missing).unlink()

    with pytest.raises(RunFolderError, match=re.escape(f"it has no {missing}")):
        open_run(str(tmp_path / "run"), "outputs")


# ---- The latest run ------------------------------------------------------------------------------


def make_ended(folder, started, status="completed", weights=True, **fields):
    """Make a run that began at a time, with a checkpoint."""
    run = RunFolder(make_run(folder))
    run.record.write_text(json.dumps({"status": status, "started": started, **fields}))
    if weights:
        run.checkpoint("last").parent.mkdir()
        run.checkpoint("last").touch()
    return folder


def test_the_latest_run_is_the_one_that_began_last_whatever_its_name_and_time_zone(
    tmp_path, capsys
):
    runs = tmp_path / "runs"
    make_ended(runs / "2026-10-25/02-30-00-aaaaaa", "2026-10-25T00:30:00.000+00:00")
    newest = make_ended(runs / "2026-10-25/02-10-00-ffffff", "2026-10-25T01:10:00.000+00:00")
    make_ended(runs / "[odd]\n=, name" / "9", "2026-10-25T02:00:00+01:00")
    # Not by the clock of the disk: that changes when a run is copied.
    os.utime(newest / "run.json", (0, 0))

    assert latest_run(tmp_path, say=True) == newest
    assert capsys.readouterr().err == f"run=latest: {newest}, completed\n"
    assert open_run("latest", str(tmp_path)).path == newest


@pytest.mark.parametrize(
    ("unusable", "state"),
    [
        ({"weights": False}, "completed, no checkpoint"),
        ({"status": "running", "process": this_process()}, "running"),
        ({"status": "running", "process": {**this_process(), "pid": 4_000_000}, "weights": False},
         "interrupted (killed), no checkpoint"),
    ],
    ids=["no checkpoint", "running", "killed"],
)  # fmt: skip
def test_the_latest_run_is_one_that_can_be_used(tmp_path, capsys, unusable, state):
    runs = tmp_path / "runs" / "2026-02-01"
    usable = make_ended(runs / "1", "2026-02-01T00:00:00.000+00:00")
    newer = make_ended(runs / "2", "2026-02-01T00:00:01.000+00:00", **unusable)

    assert latest_run(tmp_path, say=True) == usable
    passed = f"passed over {newer}, {state}"
    assert capsys.readouterr().err == f"run=latest: {usable}, completed; {passed}\n"
    shutil.rmtree(usable)
    assert latest_run(tmp_path) == newer


def test_what_is_no_run_is_not_the_latest(tmp_path):
    run = make_ended(tmp_path / "runs/2026-02-01/00-00-02", "2026-02-01T00:00:02.000+00:00")
    (tmp_path / "runs" / "2026-02-01" / "00-00-03-000000" / ".hydra").mkdir(parents=True)
    (tmp_path / "runs" / "2027-01-01").mkdir()
    make_run(tmp_path / "runs" / "2026-02-01" / "damaged")
    (tmp_path / "runs" / "notes.txt").write_text("")

    assert latest_run(tmp_path) == run


@pytest.mark.parametrize("made", [(), ("runs",), ("runs/2026-01-01",), ("sweeps/2026-01-01/x/0",)])
def test_where_there_is_no_run_it_says_where_it_looked(tmp_path, made):
    for folder in made:
        (tmp_path / folder).mkdir(parents=True)

    with pytest.raises(RunFolderError, match=re.escape(str(tmp_path / "runs"))):
        open_run("latest", str(tmp_path))
