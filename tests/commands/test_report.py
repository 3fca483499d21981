"""A sweep's closing table, printed again: by which words, of which folders, in which order."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from tests.command_line import environment

import seedbed.commands.report
from seedbed.process.identity import this_process
from seedbed.sweep.job import numbered
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan, write_plan
from seedbed.sweep.results.table import Results, Row

TRAIN = (
    *("train", "-m", "data=linear_noise", "trainer=cpu", "trainer.max_epochs=2", "logger=none"),
    *(
        "data.rows=20",
        "data.batch_size=10",
        "data.val_size=5",
        "optimizer.lr=0.01,1e30",
        "seed=0,1",
    ),
)


def swept(
    folder: Path,
    values: list[float | None],
    axis: str = "model",
    metric: str = "val/loss",
    optimized: tuple[str, str] = ("val/loss", "min"),
    planned: int = 0,
) -> Path:
    """Write what a sweep leaves: a job for each value, None where it diverged."""
    folder.mkdir(parents=True)
    words = [[f"{axis}=m{number}", "seed=1"] for number in range(max(planned, len(values), 1))]
    flags = ["-cd", "my configs"]
    plan = SweepPlan(one_objective(*optimized), flags)
    plan.add(Round(numbered(words), [list(range(len(words)))], {}))
    write_plan(folder / "sweep.json", plan)
    results = Results(folder / "results.csv", [axis, "seed"])
    for number, value in enumerate(values):
        axes, status = {axis: f"m{number}", "seed": 1}, "diverged" if value is None else "completed"
        metrics = {} if value is None else {metric: value}
        results.add([Row(number, axes, status, str(number), metrics, 10.0 - number)])
    return folder


def table(out: str) -> list[list[str]]:
    """Return the words of each line of the printed table, its header first."""
    lines = out.splitlines()
    rules = [place for place, one in enumerate(lines) if "──" in one]
    if not rules:
        return []
    below = takewhile(str.strip, lines[rules[0] + 1 :])
    return [one.split() for one in (lines[rules[0] - 1], *below)]


def line(out: str, title: str) -> str:
    """Return what stands behind a title, or an empty text."""
    found = [one.removeprefix(title).strip() for one in out.splitlines() if one.startswith(title)]
    return found[0] if found else ""


@pytest.fixture
def report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return a function that runs the verb in tmp_path; it returns what was printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> str:
        capsys.readouterr()
        assert seedbed.commands.report.report(words) == 0
        printed = capsys.readouterr()
        assert printed.err.startswith("sweep=latest: " if "latest" in words else "")
        assert bool(printed.err) == ("latest" in words)
        return printed.out

    return run


# ---- One sweep -----------------------------------------------------------------------------------


def test_it_is_what_the_sweep_has_printed_at_its_end(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    trained = command(*TRAIN, "hydra.sweep.dir=the sweep", "--config-name=train")
    assert trained.code == 1, trained.err
    plan = json.loads((tmp_path / "the sweep" / "sweep.json").read_text())
    assert (plan["optimized_metric"], plan["optimized_mode"]) == ("val/loss", "min")
    reported = command("report", "the sweep")
    assert (reported.code, reported.err) == (0, "")
    out = reported.out
    assert table(out) == table(trained.out)
    assert len(table(out)) == 2
    assert line(out, "jobs") == line(trained.out, "jobs").partition(";")[0]
    assert line(out, "jobs") == "2 completed, 2 diverged"
    for title in ("best alone", "results", "TensorBoard"):
        assert line(out, title) == line(trained.out, title) != ""
    assert "--config-name=train" in line(out, "best alone")


def test_the_newest_sweep(report: Callable[..., str], tmp_path: Path) -> None:
    days = tmp_path / "outputs" / "sweeps"
    swept(days / "2026-11-22" / "09-00-00-aaaaaa", [1.0])
    swept(days / "2026-11-21" / "23-00-00-ffffff", [2.0])
    swept(days / "2026-11-22" / "10-00-00-000000", [3.0])
    (days / "2026-11-23" / "11-00-00-000000").mkdir(parents=True)  # Has not begun.
    assert table(report("latest"))[1][:2] == ["m0", "3"]
    swept(tmp_path / "elsewhere" / "sweeps" / "2026-01-01" / "00-00-00-000000", [4.0])
    assert table(report("latest", "paths.outputs=elsewhere"))[1][:2] == ["m0", "4"]


def test_a_sweep_that_is_running_says_how_many_jobs_are_missing(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = swept(tmp_path / "a", [1.0, None, 2.0], planned=7)
    with (folder / "results.csv").open("a") as file:
        file.write("3,m3,1,comple")
    out = report("a")
    assert line(out, "jobs") == "2 completed, 1 diverged, 4 not ended"
    assert [words[0] for words in table(out)] == ["model", "m0", "m2"]


def test_without_a_job_that_completed_there_is_no_table(
    report: Callable[..., str], tmp_path: Path
) -> None:
    swept(tmp_path / "a", [None, None])
    out = report("a")
    assert table(out) == []
    assert (line(out, "jobs"), line(out, "best alone")) == ("2 diverged", "")


def test_of_accuracies_the_highest_is_best(report: Callable[..., str], tmp_path: Path) -> None:
    best = ("val/accuracy", "max")
    swept(tmp_path / "a", [0.5, 0.7, 0.6], metric="val/accuracy", optimized=best)
    swept(tmp_path / "b", [0.5, 0.7], metric="val/mine", optimized=("val/mine", "max"))
    assert [words[1] for words in table(report("a"))[1:]] == ["0.7", "0.6", "0.5"]
    assert [words[1] for words in table(report("b"))[1:]] == ["0.7", "0.5"]
    assert [words[1] for words in table(report("b", "mode=min"))[1:]] == ["0.5", "0.7"]
    assert "model=m0" in line(report("b", "mode=min"), "best alone")
    # By its name as well, if it is one that is known to be better when higher.
    assert [words[1] for words in table(report("b", "sort=val/mine"))[1:]] == ["0.7", "0.5"]


# ---- Order, number and kind of the rows ----------------------------------------------------------


def test_rows_are_sorted_by_a_column(report: Callable[..., str], tmp_path: Path) -> None:
    swept(tmp_path / "a", [2.0, 3.0, 1.0])
    expected = {
        ("sort=null",): ["m2", "m0", "m1"],
        ("sort=val/loss",): ["m2", "m0", "m1"],
        ("sort=val/loss", "mode=max"): ["m1", "m0", "m2"],
        ("sort=seconds",): ["m2", "m1", "m0"],
        ("sort=seconds", "mode=max"): ["m0", "m1", "m2"],
        ("sort=model",): ["m0", "m1", "m2"],
        ("sort=model", "mode=max"): ["m2", "m1", "m0"],
        ("top=2",): ["m2", "m0"],
    }
    for words, order in expected.items():
        out = report("a", *words)
        assert [one[0] for one in table(out)[1:]] == order
        assert table(out)[0][1] == "val/loss"
    assert "seconds" in table(report("a", "sort=seconds"))[0]
    # The best is the best, whatever the order of the others.
    for words in (("sort=model",), ("sort=seconds", "mode=max"), ("top=1",)):
        assert "model=m2" in line(report("a", *words), "best alone")


def test_single_jobs_are_shown_with_a_folder_that_evaluate_takes(
    report: Callable[..., str], tmp_path: Path
) -> None:
    swept(tmp_path / "sweeps" / "a", [2.0, None, 1.0])
    header, *rows = table(report("sweeps/a", "group=false"))
    assert header == ["model", "seed", "val/loss", "status", "folder"]
    assert [row[-1] for row in rows] == [f"sweeps/a/{number}" for number in (2, 0, 1)]
    assert table(report("sweeps/a", "group=false", "sort=seed"))[1][0] == "m0"


def test_jobs_whose_folders_were_not_kept_have_none(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = swept(tmp_path / "a", [])
    rows = [Row(n, {}, "completed", "1" if n == 1 else "", {"val/loss": n}) for n in range(2)]
    Results(folder / "results.csv", []).add(rows)
    assert table(report("a", "group=false"))[1:] == [["0"], ["1", "a/1"]]
    assert line(report("a"), "TensorBoard") == "seedbed dashboard a"
    Results(folder / "results.csv", []).add(rows[:1])
    assert line(report("a"), "TensorBoard") == ""


# ---- Several folders -----------------------------------------------------------------------------


def test_several_folders_are_one_table(report: Callable[..., str], tmp_path: Path) -> None:
    swept(tmp_path / "a", [2.0, None])
    swept(tmp_path / "in" / "b", [1.0, 3.0], axis="task", planned=4)
    out = report("a", "in/b")
    assert table(out) == [
        ["sweep", "model", "task", "val/loss", "deviation", "jobs"],
        ["b", "m0", "1", "1"],
        ["a", "m0", "2", "1"],
        ["b", "m1", "3", "1"],
    ]
    assert line(out, "jobs") == "3 completed, 1 diverged, 2 not ended"
    best = shlex.split(line(out, "best alone"))
    assert best == ["seedbed", "train", "-cd", "my configs", "task=m0", "seed=1"]
    by_folder = table(report("a", "in/b", "sort=sweep", "mode=max"))[1:]
    assert [row[0] for row in by_folder] == ["b", "b", "a"]


def test_folders_of_the_same_name_are_told_apart_and_no_folder_counts_twice(
    report: Callable[..., str], tmp_path: Path
) -> None:
    swept(tmp_path / "x" / "a", [2.0])
    swept(tmp_path / "y" / "a", [1.0])
    assert [row[0] for row in table(report("x/a", "y/a"))] == ["sweep", "y/a", "x/a"]
    assert report("x/a", "x/../x/a", "x/a/", str(tmp_path / "x/a")) == report("x/a")


def test_sweeps_that_optimized_something_else_need_a_metric(
    report: Callable[..., str], refused: Callable[..., str], tmp_path: Path
) -> None:
    swept(tmp_path / "a", [2.0])
    swept(tmp_path / "b", [1.0], optimized=("val/accuracy", "max"))
    for words in ((), ("sort=seconds",), ("sort=model",)):
        message = refused("report", "a", "b", *words, function=None)
        for found in ("val/loss (min)", "val/accuracy (max)", "sort="):
            assert found in message
    assert [row[0] for row in table(report("a", "b", "sort=val/loss"))[1:]] == ["b", "a"]


# ---- Folders on the command line -----------------------------------------------------------------

ODD = ("a b", "a,b", "[x]", "{x: y}", "lr=0.1", "it's", 'q"q', "back\\", "${x}", "\\${x}", "3", "~")
ODD += ("Größe;ü", "a;b")
ODD += ("null", "1e3", "true", "(z)", "é", "top", "$", "a b", "x:y", "#", "\\'", " ")


def test_folders_of_any_name_can_be_named(command: Callable[..., Any], tmp_path: Path) -> None:
    for name in ODD:
        if not (tmp_path / name).exists():
            swept(tmp_path / name, [1.0])
    outcome = command("report", *ODD, "top=100")
    assert (outcome.code, outcome.err) == (0, "")
    width = max(map(len, ODD))
    shown = [one.partition("   m0 ")[0] for one in outcome.out.splitlines() if "   m0 " in one]
    assert shown == [f" {name:{width}}" for name in dict.fromkeys(ODD)]


def test_a_folder_with_an_equals_sign_is_a_folder_unless_it_is_a_key(
    report: Callable[..., str], tmp_path: Path
) -> None:
    swept(tmp_path / "in" / "lr=0.1", [1.0])
    swept(tmp_path / "a", [2.0, 1.0])
    (tmp_path / "top=1").mkdir()
    assert table(report("in/lr=0.1"))[1][0] == "m0"
    assert len(table(report("a", "top=1"))) == 2
    swept(tmp_path / "sort=a,b;c", [4.0])
    assert table(report("./sort=a,b;c"))[1][:2] == ["m0", "4"]


# ---- Sweeps that have not ended ------------------------------------------------------------------


@pytest.mark.parametrize("values", [[], [1.0, 2.0]], ids=["none has ended", "two have"])
def test_a_killed_sweep_says_what_is_missing_and_how_to_go_on(
    report: Callable[..., str], tmp_path: Path, values: list[float]
) -> None:
    swept(tmp_path / "a", values, planned=5)
    (tmp_path / "a" / "4").mkdir()
    (tmp_path / "a" / "4" / "run.json").write_text("{}")
    missing = f"{5 - len(values)} jobs missing, 1 of them have a folder already"
    assert f"stopped      {missing}; go on with: seedbed train -m sweep.resume=a\n" in report("a")


def test_a_running_sweep_says_how_many_jobs_are_to_end(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = SweepFolder(swept(tmp_path / "a", [1.0], planned=4))
    folder.saved.mkdir(exist_ok=True)
    job = folder.path / "2" / "run.json"
    job.parent.mkdir()
    job.write_text(json.dumps({"status": "running", "process": this_process()}))
    with folder.locked():
        assert "running      3 jobs to end, 1 of them in training\n" in report("a")
    assert "stopped      3 jobs missing" in report("a")


# ---- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), "report: which sweep or run?"),
        (("none",), "sweep=none: no such folder"),
        (("wine.csv",), "sweep=wine.csv: a file; name the folder of a sweep"),
        (("",), "no such folder"),
        (("???",), "???: no such folder"),
        (("a", "none"), "sweep=none: no such folder"),
        (("a/0",), "a/0/run.json: object missing required field status"),
        (("empty",), "report: no run in empty"),
        (("early",), "sweep=early: this sweep was stopped before its first job"),
        (("latest",), "latest: no run and no sweep in outputs"),
        (("damaged",), "damaged/results.csv, line 2: damaged"),
        (("unplanned",), "unplanned/sweep.json: nested too deeply"),
        (("in/lr=0.1",), "sweep=in/lr=0.1: no such folder"),
        (("a", "sort=val/los"), "Did you mean 'val/loss'?\nColumns: val/loss, seconds, model"),
        (("a", "sort=seed"), "sort=seed: no such column. With group=false there is."),
        (("a", "sort=sweep"), "sort=sweep: no such column"),
        (("a", "top=0"), "top: 0 is out of range"),
        (("a", "top=all"), "top: 'all' is not a whole number"),
        (("a", "mode=best"), "mode: 'best' is not one of min, max"),
        (("a", "group=seed"), "group: 'seed' is not true or false"),
        (("a", "metrics=val/los"), "metrics=val/los: no such metric. Did you mean 'val/loss'?"),
        (("a", "sorted=seconds"), "sorted: no such key. Did you mean 'sort'?"),
        (("a", "top=1", "top=2"), "top: given twice, by top=1 and by top=2"),
        (("a", "-m"), "report: unknown flag '-m'; see seedbed report --help"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    refused: Callable[..., str], tmp_path: Path, words: tuple[str, ...], found: str
) -> None:
    swept(tmp_path / "a", [1.0])
    (tmp_path / "a" / "0").mkdir()
    (tmp_path / "a" / "0" / "run.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "wine.csv").touch()
    (tmp_path / "early" / ".sweep").mkdir(parents=True)
    with (swept(tmp_path / "damaged", []) / "results.csv").open("a") as file:
        file.write("1,2\n")
    (swept(tmp_path / "unplanned", [1.0]) / "sweep.json").write_text(
        '["optimized_metric",' + "[" * 100_000
    )
    assert found in refused("report", *words, function=None)


# ---- Metrics -------------------------------------------------------------------------------------


def measured(folder: Path) -> Path:
    """Write a sweep of two configurations of three seeds, each with its best and last epoch."""
    swept(folder, [])
    results = Results(folder / "results.csv", ["model", "seed"])
    for number in range(6):
        name, seed = f"m{number // 3}", number % 3
        best = {"best/val/loss": 1.0 + number, "best/train/loss": 100.0 * (number + 1) ** 2}
        last = {"val/loss": 9.0, "train/loss": 7.0, "test/f1": 0.5 + 0.001 * number}
        metrics = {**last, **best, "best/epoch": 4.0}
        axes = {"model": name, "seed": seed}
        results.add([Row(number, axes, "completed", str(number), metrics, 1.0)])
    return folder


def test_metrics_that_are_asked_for_have_means_with_the_digits_of_their_deviations(
    report: Callable[..., str], tmp_path: Path
) -> None:
    measured(tmp_path / "a")
    header, first, second = table(report("a", "metrics=train/*, test/f1"))
    assert " ".join(header) == (
        "model best val/loss deviation last val/loss best train/loss test/f1 jobs"
    )
    # The means and deviations of 100, 400, 900 and of 1600, 2500, 3600; of steps of 0.001.
    assert " ".join(first) == "m0 2 1 9 470 ± 400 0.5010 ± 0.0010 3"
    assert " ".join(second) == "m1 5 1 9 2600 ± 1000 0.5040 ± 0.0010 3"
    header, first, *_ = table(report("a", "metrics=best/train/loss,val/*", "group=false"))
    assert " ".join(header) == "model seed best val/loss last val/loss best train/loss folder"
    assert " ".join(first) == "m0 0 1 9 100 a/0"
    # Without the key it is the table that the sweep itself ended with.
    assert "train/loss" not in report("a")


# ---- Imports -------------------------------------------------------------------------------------


def test_it_imports_neither_torch_nor_lightning_nor_hydra(tmp_path: Path) -> None:
    swept(tmp_path / "a", [1.0, None])
    code = (
        "import sys; from seedbed.cli.main import main\n"
        "sys.argv = ['seedbed', 'report', 'a', 'group=false']\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'pytorch_lightning', 'numpy', 'polars', 'hydra'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "a/0" in done.stdout


def test_nothing_is_written(report: Callable[..., str], tmp_path: Path) -> None:
    swept(tmp_path / "a", [1.0])
    before = sorted(tmp_path.rglob("*"))
    report("a")
    assert sorted(tmp_path.rglob("*")) == before
