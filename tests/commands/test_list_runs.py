"""Runs and sweeps as `seedbed list runs` and `seedbed report` show them."""

import csv
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.list_benchmark import make_runs, record
from tests.command_line import environment
from tests.commands.test_report import swept

from seedbed.catalogue.shown import lines
from seedbed.process.identity import this_process
from seedbed.sweep.job import numbered
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan, write_plan
from seedbed.sweep.results.search_plan import SearchPlan


def run_folder(path: Path, **fields: object) -> Path:
    path.mkdir(parents=True)
    (path / "run.json").write_text(json.dumps({**record(5), "status": "completed", **fields}))
    return path


def words(out: str) -> list[list[str]]:
    """Return the cells of each row of a printed table."""
    rows = out.split("─\n")[-1].split(" \n \n")[0].splitlines()
    return [re.split(r"  +", row.strip()) for row in rows if row.strip()]


def test_runs_are_listed_the_newest_first_and_the_rest_is_counted(command, tmp_path):
    make_runs(tmp_path / "outputs", 30)

    listed = command("list", "runs")

    assert (listed.code, listed.err) == (0, "")
    table, more = listed.out.rstrip("\n").rsplit("\n", 1)
    assert more == "and 10 more; limit=null shows all, output=FILE.csv writes them"
    names = re.findall(r"run_[0-9]+", table)
    assert names == [f"run_{number}" for number in range(29, 9, -1)]
    assert "outputs/runs/2026-01-01/00029-abcdef" in table
    assert len(command("list", "runs", "limit=null").out.splitlines()) == 34
    few = command("list", "runs", "tags=baseline", "status=failed", "sort=name", "limit=3").out
    assert re.findall(r"run_[0-9]+", few) == ["run_1", "run_13", "run_21"]


def test_a_sweep_is_a_line_and_its_jobs_are_lines_where_they_are_asked_for(command, tmp_path):
    sweep = swept(tmp_path / "outputs/sweeps/a/b", [0.5, 0.25, None], planned=5)
    run_folder(sweep / "0", name="job 0")
    run_folder(tmp_path / "outputs/runs/a/c", name="alone")

    table = command("list", "runs").out
    assert "5 jobs (1 diverged, 2 missing)" in table
    assert "interrupted" in table
    assert "killed" not in table
    assert re.search(r"val/loss +0\.25", table)
    assert "job 0" not in table
    assert "5 jobs" not in command("list", "runs", "sweeps=false").out
    (sweep / ".sweep").mkdir(exist_ok=True)
    (sweep / ".sweep/running").touch()
    for _ in range(2):  # The second time from the cache.
        assert "interrupted (killed)" in command("list", "runs").out
    (sweep / ".sweep/running").unlink()
    assert "killed" not in command("list", "runs").out
    jobs = command("list", "runs", "sweeps=jobs").out
    assert "job 0" in jobs
    assert "5 jobs" not in jobs
    # And what is known of jobs is not forgotten meanwhile.
    assert command("list", "runs", "sweeps=jobs").out == jobs


def test_all_runs_can_be_written_to_a_file_that_is_new(command, refused, tmp_path):
    make_runs(tmp_path / "outputs", 25)
    run_folder(tmp_path / "outputs/runs/x/y", notes="two\nlines\x1b[31m", name="odd, \x1b[2J")

    said = command("list", "runs", "output=all.csv")

    assert said.out == "26 runs written to all.csv\n"
    rows = list(csv.DictReader((tmp_path / "all.csv").open(newline="")))
    assert len(rows) == 26
    assert {row["optimizer.key_7"] for row in rows} == {"1.0"}
    [odd] = [row for row in rows if row["notes"]]
    assert (odd["notes"], odd["name"]) == ("two\nlines\\x1b[31m", "odd, \\x1b[2J")
    assert float(odd["val/loss"]) == record(5)["metrics"]["val/loss"]
    assert "all.csv: is there already" in refused("list", "runs", "output=all.csv", function=None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "list runs: nowhere: no such folder"),
        (("statsu=failed",), "statsu: no such key. Did you mean 'status'?"),
        (("lr=0.1",), "lr: no such key. Those of runs are typed in full, such as optimizer.lr=0.1"),
        (("status=complete",), "status=complete: one of"),
        (("limit=0",), "limit: 0 is out of range"),
        (("since=soon",), "since=soon: neither a time"),
        (("optimizer.lr=1", "optimizer.lr=2"), "optimizer.lr: given twice"),
    ],
)
def test_what_is_wrong_is_said(refused, arguments, said):
    assert said in refused("list", "runs", *arguments, function=None)


def test_nothing_to_list_is_said(command, tmp_path):
    assert command("list", "runs").out == "no run in outputs\n"
    run_folder(tmp_path / "outputs/runs/a/b")
    assert command("list", "runs", "status=failed").out == "none of 1 run in outputs is so\n"


def test_a_terminal_of_80_columns_has_two_lines_for_each_run(tmp_path):
    """Of a run with long texts each line ends within the terminal, with the folder whole."""
    path = "outputs/runs/2026-11-26/05-24-52-777e3f"
    run_folder(
        tmp_path / path,
        **{"name": "n" * 200, "status": "running", "process": {**this_process(), "pid": 4_000_000}},
    )
    ours, theirs = pty.openpty()
    variables = {**environment(), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    done = subprocess.run(
        [sys.executable, "-m", "seedbed", "list", "runs"],
        cwd=tmp_path,
        env=variables,
        stdout=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode().replace("\r", "").splitlines()
    assert done.returncode == 0
    assert len(shown) == 2
    assert max(map(len, shown)) <= 80
    assert "interrupted (killed)" in shown[0]
    assert shown[1].strip().startswith(path)


def test_texts_of_a_record_steer_no_terminal(tmp_path):
    from seedbed.catalogue.collection import collect

    run_folder(tmp_path / "a", name="\x1b[2J\nname", tags=["\x07"], error="\x9b", status="failed")
    shown = "\n".join(lines(collect([tmp_path / "a"], tmp_path), 200))
    assert "\\x1b[2J name" in shown
    assert not set("\x1b\x07\x9b") & {*shown}


def test_listing_imports_neither_torch_nor_hydra(tmp_path):
    run_folder(tmp_path / "outputs/runs/a/b")
    code = (
        "import sys; sys.argv = ['seedbed', 'list', 'runs']\n"
        "from seedbed.cli.main import run_command\n"
        "try: run_command()\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'hydra', 'polars', 'numpy'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), check=True)


# ---- Report --------------------------------------------------------------------------------------


def test_a_report_of_one_run_shows_its_epochs_and_what_became_of_it(command, tmp_path):
    best, last = (
        {"epoch": epoch, "step": 1, "metrics": {"val/loss": loss}}
        for epoch, loss in ((7, 0.123456789), (20, 0.5))
    )
    changed = {"trainer.max_epochs": [10, 20]}
    run = run_folder(
        tmp_path / "outputs/runs/a/b",
        name="mine",
        notes="first\nsecond",
        checkpoints={"best": best, "last": last},
        resumed=[{"at": "", "epoch": 9, "step": 9, "status": "interrupted", "changed": changed}],
        seconds=123.4,
    )

    said = command("report", str(run.relative_to(tmp_path)))

    assert (said.code, said.err) == (0, "")
    for text in (
        "status       completed\n",
        "name         mine\n",
        "notes        first second\n",
        "took 123 s\n",
        "epoch 7 (best)   epoch 20 (last)",
        "0.123457",
        "went on      after epoch 9, interrupted, trainer.max_epochs 10 -> 20\n",
        "command      seedbed train data=table",
    ):
        assert text in said.out


def test_several_runs_stand_side_by_side_with_what_differs(command, tmp_path):
    same = {"data": "table", "optimizer": "adam"}
    for name, model, loss in (("one", "mlp", 0.25), ("two", "cnn", 0.125)):
        kept = {"best": {"epoch": 3, "metrics": {"val/loss": loss, "train/loss": 1.0}}}
        run_folder(
            tmp_path / f"runs/{name}",
            name=name,
            hyperparameters={**same, "model": model},
            checkpoints=kept,
        )

    said = command("report", "runs/*")

    rows = {row[0]: row[1:] for row in words(said.out)}
    assert rows["model"] == ["mlp", "cnn"]
    assert rows["val/loss"] == ["0.25", "0.125"]
    assert "data" not in rows
    assert "equal        data=table optimizer=adam" in said.out
    assert said.out.endswith("best         runs/two, val/loss 0.125\n")
    rows = {row[0] for row in words(command("report", "runs/*", "metrics=val/*").out)}
    assert "val/loss" in rows
    assert "train/loss" not in rows
    refused = command("report", "runs/*", "metrics=val/los")
    assert "metrics=val/los: no such metric. Did you mean 'val/loss'?" in refused.err
    assert refused.code == 2
    assert "two" not in command("report", "runs", "model=mlp").out
    assert "no run in runs that is so" in command("report", "runs", "model=linear").err


def test_a_search_shows_what_its_keys_may_be_and_not_all_that_was_drawn(command, tmp_path):
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    space = [
        {"key": "optimizer.lr", "low": 1e-4, "high": 0.1, "log": True},
        {"key": "model.hidden_size", "low": 2, "high": 64, "whole": True},
    ]
    long = f"loss.weight={'1' * 300}"
    plan = SweepPlan(
        one_objective("val/loss", "min"), search=SearchPlan("random", 90, (long,), space)
    )
    drawn = [[f"optimizer.lr={1 / (n + 11)}", f"model.hidden_size={n}", long] for n in range(2, 60)]
    plan.add(Round(numbered(drawn), [list(range(len(drawn)))], {}))
    write_plan(sweep / "sweep.json", plan)
    listed = command("list", "runs", "sweep").out
    for told in ("lr=tag(log,interval(0.0001,0.1))", "hidden_size=int(interval(2,64))", "…"):
        assert told in listed
    assert max(map(len, listed.splitlines())) < 400
    space[0]["low"] = 1.0  # No interval: what was drawn tells enough.
    write_plan(sweep / "sweep.json", plan)
    assert f"optimizer.lr={1 / 13}," in command("list", "runs", "sweep").out


def test_a_report_takes_sweeps_and_runs_together(command, tmp_path):
    swept(tmp_path / "sweep", [0.5, 0.25])
    run_folder(tmp_path / "run", name="alone")

    said = command("report", "sweep", "run").out

    assert "name         alone" in said
    assert "ranked" in said or "best alone" in said
    run_folder(tmp_path / "outputs/runs/a/b")
    assert command("report", "latest").err == "report=latest: outputs/runs/a/b\n"
    swept(tmp_path / "outputs/sweeps/a/b", [0.5])  # It began just now.
    assert command("report", "latest").err.startswith("sweep=latest: outputs/sweeps/a/b")
