"""Metrics of the epoch by which configurations are ranked: in configurations.csv and the table."""

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from seedbed.sweep.results.configurations import value_of
from seedbed.sweep.results.configurations_file import write_configurations
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.ranking import closing_table, folds_lines
from seedbed.sweep.results.table import BEST_EPOCH, Row, metrics_of_job

METRICS = ("loss", "rmse", "mae", "r2")
FOLDS = 3


def rows(*others: str) -> list[Row]:
    """Return the jobs of two configurations, and of other metrics besides ours."""
    draw = np.random.default_rng(0)
    names = [f"{split}/{name}" for split in ("train", "val") for name in (*METRICS, *others)]
    jobs = []
    for number in range(2 * FOLDS):
        last, best = (dict(zip(names, draw.random(len(names)), strict=True)) for _ in range(2))
        # The engines enter what the best weights reach on the test rows in both.
        last["test/rmse"] = best["test/rmse"] = draw.random()
        metrics = metrics_of_job(last, "val/loss", (4, best))
        axes = {"x": number // FOLDS, "data.fold": number % FOLDS}
        jobs.append(Row(number, axes, "completed", "", metrics))
    return jobs


def written(folder: Path, jobs: list[Row], rank: str) -> list[dict[str, str]]:
    write_configurations(
        folder / "configurations.csv", jobs, one_objective("val/loss", "min", rank)
    )
    with (folder / "configurations.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def header(table: Any) -> tuple[list[str], int]:
    """Return the titles of a table's columns, and the width of its longest line."""
    text = StringIO()
    Console(file=text, width=1000).print(table)
    longest = max(len(line.rstrip()) for line in text.getvalue().splitlines())
    return [str(column.header) for column in table.columns], longest


@pytest.mark.parametrize("rank", ["best", "last"])
def test_all_metrics_are_of_the_epoch_that_ranks(rank: str, tmp_path: Path) -> None:
    jobs = rows()
    start = {"best": "best/", "last": ""}[rank]
    expected = [f"{start}{split}/{name}" for split in ("train", "val") for name in METRICS]
    lines = written(tmp_path, jobs, rank)
    for line in lines:
        named = [name for name in list(line)[4:] if not name.endswith(" deviation")]
        assert sorted(named) == sorted([*expected, "test/rmse"])
        of_line = [job for job in jobs if str(job.axes["x"]) == line["x"]]
        for name in named:
            values = [job.metrics[name] for job in of_line]
            assert float(line[name]) == pytest.approx(np.mean(values), rel=1e-12)
            assert float(line[f"{name} deviation"]) == pytest.approx(np.std(values, ddof=1))


def test_jobs_without_a_best_epoch_show_their_last(tmp_path: Path) -> None:
    axes = {"data.fold": 0}
    jobs = [Row(0, axes, "completed", "", {"val/loss": 2.0, "val/rmse": 3.0, "train/loss": 1.0})]
    [line] = written(tmp_path, jobs, "best")
    assert (line["val/rmse"], line["train/loss"]) == ("3.0", "1.0")


def test_a_table_of_before_shows_no_value_of_another_epoch(tmp_path: Path) -> None:
    metrics = {"val/loss": 2.0, "val/rmse": 3.0, "test/rmse": 1.0}
    old = Row(0, {"data.fold": 0}, "completed", "", {**metrics, BEST_EPOCH: 4, "best/val/loss": 1})
    [line] = written(tmp_path, [old], "best")
    assert [name for name in line if "/" in name and "deviation" not in name] == [
        "test/rmse",
        "best/val/loss",
    ]
    # Beside jobs of today the column is there, and its cell is empty.
    assert value_of(old, "best/val/rmse") is None
    assert value_of(old, "best/test/rmse") == 1.0


@pytest.mark.parametrize("rank", ["best", "last"])
def test_the_table_of_folds_shows_other_metrics_of_that_epoch(rank: str) -> None:
    titles, width = header(closing_table(rows(), one_objective("val/loss", "min", rank)))
    other = {"best": "last", "last": "best"}[rank]
    assert titles[:4] == ["x", f"{rank} val/loss", "deviation", f"{other} val/loss"]
    assert [title.split() for title in titles[4:]] == [
        *([rank, f"val/{name}"] for name in METRICS[1:]),
        ["jobs"],
    ]
    assert width <= 100


def test_of_many_metrics_the_table_has_the_first_four_in_titles_of_two_lines() -> None:
    titles, _ = header(closing_table(rows("a", "b", "c"), one_objective("val/loss", "min")))
    assert titles[4:] == [*(f"best\nval/{name}" for name in ("rmse", "mae", "r2", "a")), "jobs"]


def test_a_mark_of_another_metric_is_explained() -> None:
    jobs = rows()
    assert len(folds_lines(jobs, one_objective("val/loss", "min"))) == 1
    jobs[0] = replace(jobs[0], metrics={**jobs[0].metrics, "best/val/r2": np.nan})
    [_, line] = folds_lines(jobs, one_objective("val/loss", "min"))
    assert line.startswith("*  ")
    assert line.endswith(" no job has a val/r2")


def test_without_folds_the_table_has_no_other_metrics() -> None:
    jobs = [Row(job.number, {"x": job.number}, "completed", "", job.metrics) for job in rows()]
    titles, _ = header(closing_table(jobs, one_objective("val/loss", "min")))
    assert titles == ["x", "best val/loss", "deviation", "last val/loss", "jobs"]
