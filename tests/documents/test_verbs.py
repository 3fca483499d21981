"""Documents of the verbs: their numbers are those of files that are read in another way."""

import json
import statistics
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.command_line import only_run
from tests.commands.test_report import swept
from tests.documents.validating import document

from seedbed.sweep.job import numbered
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan, write_plan
from seedbed.sweep.results.search_plan import SearchPlan, StoredDimension
from seedbed.sweep.results.table import Results, Row

TABLE = "x,y,kind\n" + "".join(f"{n % 7}.5,{n * 3 % 11},{'ab'[n % 7 > 3]}\n" for n in range(60))
TRAIN = (
    *("train", "data=table", "data.file=rows.csv", "data.target=kind", "model=mlp"),
    *("optimizer=adam", "trainer.max_epochs=2", "logger=none", "name=first", "tags=[a,b]"),
    "page=false",
)


def test_a_run_and_what_is_done_with_it(command, tmp_path: Path):
    (tmp_path / "rows.csv").write_text(TABLE)
    seen = document(command("inspect", *TRAIN[1:4], "--json").out, "seedbed-inspection/1")
    assert [(column["name"], column["role"]) for column in seen["columns"]] == [
        ("x", "input"),
        ("y", "input"),
        ("kind", "target"),
    ]
    counts = pl.read_csv(tmp_path / "rows.csv")["kind"].value_counts()
    of_splits = [split["classes"] for split in seen["splits"].values()]
    assert {name: sum(classes[name] for classes in of_splits) for name in seen["classes"]} == dict(
        counts.iter_rows()
    )

    trained = command(*TRAIN, "--json")
    told = document(trained.out, "seedbed-run/1")
    folder = only_run(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    run = told["run"]
    assert (told["exit_code"], trained.code, run["status"]) == (0, 0, "completed")
    assert run["folder"] == str(folder.relative_to(tmp_path))
    assert run["best"]["metrics"] == record["checkpoints"]["best"]["metrics"]
    assert run["last"]["metrics"] == record["checkpoints"]["last"]["metrics"]
    assert run["labels"] == {"name": "first", "tags": ["a", "b"], "notes": None}
    assert run["data"]["rows"] == record["data"]["rows"]
    assert run["seconds"] == record["seconds"]
    assert (tmp_path / run["best"]["weights"]).is_file()
    assert "run folder" in trained.err

    measured = document(command("evaluate", "run=latest", "--json").out, "seedbed-evaluation/1")
    written = json.loads((tmp_path / measured["output"]).read_text())
    assert measured["metrics"] == written["metrics"]
    assert measured["weights"]["epoch"] == written["epoch"] == run["best"]["epoch"]

    words = ("predict", "run=latest", "input=rows.csv")
    predicted = document(command(*words, "--json").out, "seedbed-predictions/1")
    command(*words, "output=told.csv")
    table = pl.read_csv(tmp_path / "told.csv").to_dict(as_series=False)
    assert predicted["columns"] == {
        name: pytest.approx(cells) if isinstance(cells[0], float) else cells
        for name, cells in table.items()
    }
    filed = document(command(*words, "output=b.csv", "--json").out, "seedbed-predictions/1")
    assert (filed["columns"], filed["output"], filed["predicted"]) == (None, "b.csv", 60)

    exported = document(
        command("export", "run=latest", "output=m.pt", "--json").out, "seedbed-export/1"
    )
    assert exported["bytes"] == (tmp_path / "m.pt").stat().st_size
    assert exported["description"] == json.loads((tmp_path / "m.pt.json").read_text())

    report = document(command("report", "latest", "--json").out, "seedbed-report/1")
    assert (report["runs"], report["sweeps"], report["total"]) == ([run], [], 1)
    [listed] = document(command("list", "runs", "--json").out, "seedbed-runs/1")["runs"]
    assert (listed["best"], listed["metric"]) == (
        record["checkpoints"]["best"]["metrics"]["val/loss"],
        "val/loss",
    )
    assert listed["metrics"] == run["best"]["metrics"]


def test_a_run_that_diverges_is_told_as_a_run(command):
    outcome = command("train", "optimizer.lr=1e30", "logger=none", "page=false", "--json")

    told = document(outcome.out, "seedbed-run/1")
    assert (outcome.code, told["exit_code"], told["run"]["status"]) == (1, 1, "diverged")
    assert told["run"]["error"].startswith("the loss became ")


def test_a_plan_is_told_and_nothing_written(command, tmp_path):
    words = ("train", "-m", "optimizer.lr=1e-6,1e-5", "seed=0,1", "sweep.plan=true", "--json")
    told = document(command(*words).out, "seedbed-plan/1")
    assert told["axes"] == {"optimizer.lr": ["1e-06", "1e-05"], "seed": ["0", "1"]}
    assert [each["jobs"] for each in told["together"]] == [[0, 1, 2, 3]]
    assert [job["number"] for job in told["jobs"]] == [0, 1, 2, 3]
    assert not any(tmp_path.iterdir())


def test_a_sweep_is_told_as_its_table_has_it(command, tmp_path):
    words = (
        "optimizer.lr=1e-6,1e-5",
        "seed=0,1,2",
        "trainer.max_epochs=3",
        "logger=none",
        "sweep.page_rows=0",
    )
    told = document(command("train", "-m", *words, "--json").out, "seedbed-sweep/1")

    rows = pl.read_csv(tmp_path / told["sweep"]["results"])
    results = told["results"]
    assert told["sweep"]["jobs"] == {"planned": 6, "ended": {"completed": 6}, "missing": 0}
    assert results["averaged"] == ["seed"]
    assert [each["place"] for each in results["configurations"]] == [1, 2]
    for each in results["configurations"]:
        own = rows.filter(pl.col("optimizer.lr") == each["axes"]["optimizer.lr"])
        values = own["best/train/loss"].to_list()
        shown = each["metrics"]["best/train/loss"]
        assert shown["mean"] == pytest.approx(statistics.mean(values), rel=1e-12)
        assert shown["deviation"] == pytest.approx(statistics.stdev(values), rel=1e-9)
        assert shown["jobs"] == each["completed"] == 3
        assert [number for _, number in each["jobs"]] == own["number"].to_list()
    means = [each["metrics"]["best/train/loss"]["mean"] for each in results["configurations"]]
    assert means == sorted(means)
    best = results["best"]
    assert best["axes"] == {"optimizer.lr": 1e-5}
    assert best["commands"].keys() == {"best_alone", "all_seeds"}
    assert (tmp_path / best["folder"]).is_dir()

    left = command("train", "-m", "sweep.resume=latest", "sweep.plan=true", "--json")
    plan = document(left.out, "seedbed-plan/1")
    assert (plan["folder"], plan["jobs"], plan["together"]) == (told["sweep"]["folder"], [], [])

    report = document(
        command("report", "latest", "page=all.html", "--json").out, "seedbed-report/1"
    )
    assert (report["sweeps"], report["results"]) == ([told["sweep"]], results)
    assert (report["page"], (tmp_path / "all.html").is_file()) == ("all.html", True)
    jobs = document(
        command("report", "latest", "group=false", "top=6", "--json").out, "seedbed-report/1"
    )["results"]["jobs"]
    assert [job["metrics"]["best/train/loss"] for job in jobs] == sorted(rows["best/train/loss"])
    assert {job["folder"] for job in jobs} == {f"{told['sweep']['folder']}/{n}" for n in range(6)}


def test_a_sweep_that_was_stopped_says_how_it_goes_on(command, tmp_path):
    swept(tmp_path / "outputs/sweeps/a/b", [0.5, 0.25, None], planned=5)

    report = document(command("report", "latest", "--json").out, "seedbed-report/1")
    [sweep] = report["sweeps"]
    assert (sweep["status"], sweep["killed"]) == ("interrupted", False)
    assert sweep["jobs"] == {
        "planned": 5,
        "ended": {"completed": 2, "diverged": 1},
        "missing": 2,
    }
    assert sweep["go_on"] == "seedbed train -m sweep.resume=outputs/sweeps/a/b"
    assert report["results"]["best"]["metrics"]["val/loss"] == 0.25
    [listed] = document(command("list", "sweeps", "--json").out, "seedbed-sweeps/1")["sweeps"]
    assert (listed["status"], listed["jobs"]) == ("interrupted", sweep["jobs"])
    assert (listed["folder"], listed["best"]) == ("outputs/sweeps/a/b", 0.25)
    assert listed["axes"] == {key: len(values) for key, values in sweep["axes"].items()}


def test_what_is_written_of_a_new_project(command, tmp_path):
    told = document(command("new", "mine", "--json").out, "seedbed-project/1")
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {*told["files"]} == there


def test_the_groups_and_the_metrics(command):
    groups = document(command("list", "--json").out, "seedbed-groups/1")["groups"]
    assert "tpe" in next(each["options"] for each in groups if each["name"] == "search")
    metrics = document(command("list", "metrics", "--json").out, "seedbed-metrics/1")["metrics"]
    assert {each["name"]: each["mode"] for each in metrics}["accuracy"] == "max"


def test_a_search_tells_what_it_has_found(command, tmp_path):
    values = [3.0, 2.0, 2.5, 0.5, 4.0, 1.0, 0.25, 6.0, 0.75, 5.0, 0.5, 7.0]
    rates = [10.0**-place for place in range(12)]
    folder = tmp_path / "outputs/sweeps/a/b"
    folder.mkdir(parents=True)
    space: list[StoredDimension] = [
        {"key": "optimizer.lr", "low": 1e-12, "high": 1.0, "step": None, "log": True}
    ]
    plan = SweepPlan(one_objective("val/loss", "min"), choices={"search": "tpe"})
    plan.search = SearchPlan("tpe", 12, (), space)
    words = [[f"optimizer.lr={rate}"] for rate in rates]
    plan.add(Round(numbered(words), [[*range(12)]], {}))
    write_plan(folder / "sweep.json", plan)
    Results(
        folder / "results.csv",
        ["optimizer.lr"],
        [
            Row(
                number,
                {"optimizer.lr": rate},
                "stopped_early" if number == 7 else "completed",
                "",
                {"val/loss": value},
                epochs=2 if number == 7 else 10,
            )
            for number, (rate, value) in enumerate(zip(rates, values, strict=True))
        ],
    )

    report = document(command("report", "latest", "--json").out, "seedbed-report/1")
    found = report["results"]["found"]
    assert (found["trials"], found["stopped_early"]) == (12, 1)
    assert (found["epochs"], found["planned_epochs"]) == (112, 120)
    best = np.minimum.accumulate(values)
    places = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist()]
    assert found["best_so_far"] == [{"trial": at, "value": values[at]} for at in places]
    assert found["importances"] is None  # Of so few trials nobody can tell.
    assert report["sweeps"][0]["search"] == "tpe"
    assert report["results"]["best"]["job"] == int(np.argmin(values))
