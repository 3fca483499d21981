"""Sweeps as `seedbed list sweeps` shows them, and the quick way to what is known of one."""

import csv
import json
import os
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from scripts.list_benchmark import make_runs, make_sweeps
from tests.commands.test_report import swept

from seedbed.catalogue.collection import collect
from seedbed.catalogue.of_sweep import _entry, _told
from seedbed.catalogue.sweep_told import told_quickly
from seedbed.errors import RunFolderError
from seedbed.sweep.results.folder import SweepFolder


def test_sweeps_are_listed_the_newest_first_and_the_rest_is_counted(command, tmp_path):
    make_sweeps(tmp_path / "outputs", 23)
    make_runs(tmp_path / "outputs", 3)

    listed = command("list", "sweeps")

    assert (listed.code, listed.err) == (0, "")
    lines = [" ".join(line.split()) for line in listed.out.splitlines()]
    assert lines[-1].startswith("and 3 more")
    names = [word for line in lines for word in line.split() if word.startswith("sweep_")]
    assert names == [f"sweep_{number}" for number in range(22, 2, -1)]
    assert "interrupted 18 of 20 optimizer.lr (4) x seed (5) val/loss 3.143" in lines[3]
    assert "run_" not in listed.out
    assert command("list", "sweeps").out == listed.out  # From what is known.
    few = command("list", "sweeps", "status=completed", "sort=best", "limit=2").out
    assert [word for word in few.split() if word.startswith("sweep_")] == ["sweep_0", "sweep_1"]
    # What is known of runs is kept meanwhile.
    kept = json.loads((tmp_path / "outputs/.runs.json").read_text())["runs"]
    command("list", "runs")
    before = {key for key in kept if key.startswith("runs/")}
    command("list", "sweeps")
    kept = json.loads((tmp_path / "outputs/.runs.json").read_text())["runs"]
    assert (len(before), len(kept)) == (0, 26)
    command("list", "sweeps", "output=all.csv")
    with (tmp_path / "all.csv").open() as file:
        assert len(list(csv.reader(file))) == 24


@pytest.mark.parametrize("content", ["", "{", '{"version": 3, "runs": 4}', "\x00" * 50, None])
def test_what_is_known_never_holds_what_is_not_in_the_folders(command, tmp_path, content):
    """Damaged, of somebody else's making, or a link: then the folders are read again."""
    make_sweeps(tmp_path / "outputs", 3)
    listed = command("list", "sweeps").out
    file = tmp_path / "outputs/.runs.json"
    if content is None:
        (tmp_path / "other.json").write_bytes(file.read_bytes())
        file.unlink()
        file.symlink_to("../other.json")
    else:
        file.write_text(content)
    assert command("list", "sweeps").out == listed
    # Folders that have gone or changed.
    first, second, third = sorted((tmp_path / "outputs/sweeps").glob("*/*"))
    third.rename(third.with_name("moved"))
    results = second / "results.csv"
    results.write_text(results.read_text().replace(",completed,", ",failed,"))
    (first / "sweep.json").unlink()
    now = command("list", "sweeps").out
    assert "sweep_0" not in now
    assert "sweep_1 " in now
    assert "20 of 20 (20 failed)" in now
    assert "/moved" in now
    assert third.name not in now


def test_there_are_no_sweeps(command, refused, tmp_path):
    assert command("list", "sweeps").out == "no sweep in outputs\n"
    swept(tmp_path / "outputs/sweeps/a/b", [0.5])
    assert "none of 1 sweep in outputs is so" in command("list", "sweeps", "status=failed").out
    assert "no such folder" in refused("list", "sweeps", "nowhere")
    assert "sweeps: no such key" in refused("list", "sweeps", "sweeps=jobs")


VALUES = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(VALUES, max_size=6),
    planned=st.integers(1, 8),
    mode=st.sampled_from(["min", "max"]),
    cut=st.integers(0, 40),
)
def test_the_quick_way_leads_to_what_is_found_by_reading_all(
    tmp_path_factory, values, planned, mode, cut
):
    folder = swept(
        tmp_path_factory.mktemp("sweep") / "s",
        values,
        planned=max(planned, len(values), 1),
        metric="best/val/loss",
        optimized=("val/loss", mode),
    )
    results = folder / "results.csv"
    if results.is_file() and cut < 20:  # A kill, while a line is written.
        os.truncate(results, max(0, results.stat().st_size - cut))
    quick = told_quickly(SweepFolder(folder))
    try:
        whole = _told(SweepFolder(folder))
    except RunFolderError:
        assert quick is None
        return
    event("read quickly" if quick else "read whole")
    state = os.stat(folder / "sweep.json")
    assert quick is None or _entry(quick, state) == _entry(whole, state)


def test_other_sweeps_are_read_whole(tmp_path: Path):
    make_sweeps(tmp_path, 1)
    [path] = tmp_path.glob("sweeps/*/*")
    state = os.stat(path / "sweep.json")
    quick = told_quickly(SweepFolder(path))
    assert quick is not None
    assert _entry(quick, state) == _entry(_told(SweepFolder(path)), state)
    plan = json.loads((path / "sweep.json").read_text())
    table = (path / "results.csv").read_text()
    odd = [
        ({"constraints": ["val/loss<3"]}, table),
        ({"optimized_metric": ["val/loss", "val/r2"], "optimized_mode": ["min", "max"]}, table),
        ({"optimized_metric": "val/other"}, table),
        ({}, table.replace("completed", "compleated", 1)),
        ({}, table.replace("19,0.0001", '"19",0.0001')),
        ({}, table.replace("\n1,", "\n0,")),
    ]
    for fields, text in odd:
        (path / "sweep.json").write_text(json.dumps({**plan, **fields}))
        (path / "results.csv").write_text(text)
        assert told_quickly(SweepFolder(path)) is None, fields
    assert [item.entry.kind for item in collect([tmp_path], tmp_path, runs=False)] == ["sweep"]
