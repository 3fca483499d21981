"""What a sweep says about its jobs, as others read it."""

import csv
import json
from io import StringIO
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import polars
import pytest
from omegaconf import OmegaConf
from rich.console import Console

from seedbed.sweep.results import Results, Row, closing_table, write_plan

AWKWARD = (0.1, 1 / 3, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123456789)


def row(number: int, status: str = "completed", metrics: Any = None, **axes: Any) -> Row:
    """Return a job's row."""
    named = {key.replace("__", "."): value for key, value in axes.items()}
    return Row(number, named, status, f"outputs/{number}", metrics or {}, 0.5)


def lines(path: Path) -> list[dict[str, str]]:
    """Return the lines of a file by the names of its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(path: Path) -> list[str]:
    return path.read_text().splitlines()[0].split(",")


# ---- results.csv ---------------------------------------------------------------------------------


def test_numbers_are_read_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = Results(path, ["optimizer.lr"])
    results.add(
        [row(n, metrics={"val/loss": one}, optimizer__lr=one) for n, one in enumerate(AWKWARD)]
    )
    results.finish()
    for one, value in zip(lines(path), AWKWARD, strict=True):
        assert float(one["val/loss"]).hex() == float(one["optimizer.lr"]).hex() == value.hex()
    frame = polars.read_csv(path)
    assert frame.columns == ["number", "optimizer.lr", "status", "val/loss", "seconds", "folder"]
    assert frame["val/loss"].to_list() == list(AWKWARD)


def test_metrics_are_the_union_in_the_order_of_the_splits(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = Results(path, [])
    results.add([row(1, metrics={"test/loss": 1.0, "train/rmse": 2.0, "other": 3.0})])
    results.add([row(0, metrics={"val/loss": 4.0, "train/loss": 5.0, "train/rmse": 6.0})])
    results.finish()
    assert columns(path)[2:-2] == ["train/loss", "train/rmse", "val/loss", "test/loss", "other"]
    first, second = lines(path)
    assert (first["val/loss"], first["test/loss"]) == ("4.0", "")
    assert (second["val/loss"], second["test/loss"], second["train/rmse"]) == ("", "1.0", "2.0")


def test_lines_are_there_as_jobs_end_and_in_order_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = Results(path, ["seed"])
    assert columns(path) == ["number", "seed", "status", "seconds", "folder"]
    results.add([row(2, metrics={"val/loss": 2.0}, seed=7)])
    before = path.stat().st_ino
    results.add([row(0, metrics={"val/loss": 0.0}, seed=5), row(1, "failed", seed=6)])
    assert path.stat().st_ino == before  # Added, not written anew.
    assert [one["number"] for one in lines(path)] == ["2", "0", "1"]
    results.finish()
    assert path.stat().st_ino != before  # Replaced at once.
    assert [one["number"] for one in lines(path)] == ["0", "1", "2"]
    assert [one["seed"] for one in lines(path)] == ["5", "6", "7"]
    assert [one["status"] for one in lines(path)] == ["completed", "failed", "completed"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_an_empty_cell(tmp_path: Path, value: float) -> None:
    results = Results(tmp_path / "results.csv", [])
    results.add([row(0, metrics={"val/loss": value}), Row(1, {}, "failed", "outputs/1")])
    (first, second) = lines(tmp_path / "results.csv")
    assert (first["val/loss"], first["seconds"]) == ("", "0.5")
    assert (second["val/loss"], second["seconds"]) == ("", "")


def test_values_of_any_kind_are_one_cell(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.csv", ["model.sizes", "model.bias", "data", "clip"])
    sizes = OmegaConf.create({"sizes": [64, "gelu"]}).sizes
    axes = {"model.sizes": sizes, "model.bias": True, "data": 'a "b", c\nd'}
    results.add([Row(0, {**axes, "clip": None}, "completed", "o"), Row(1, {}, "failed", "o")])
    first, second = lines(tmp_path / "results.csv")
    assert json.loads(first["model.sizes"]) == [64, "gelu"]
    assert (first["model.bias"], first["data"], first["clip"]) == ("true", 'a "b", c\nd', "null")
    assert {second[key] for key in (*axes, "clip")} == {""}


# ---- sweep.json ----------------------------------------------------------------------------------


def test_the_plan_is_read_back(tmp_path: Path) -> None:
    axes = {"seed": range(3), "model.sizes": OmegaConf.create([[1, 2], [3]])}
    jobs = [OmegaConf.create({"seed": 0}), {"seed": 1}]
    write_plan(tmp_path / "sweep.json", axes, jobs, [(0, 1), (2,)], "abc")
    assert json.loads((tmp_path / "sweep.json").read_text()) == {
        "config_hash": "abc",
        "axes": {"seed": [0, 1, 2], "model.sizes": [[1, 2], [3]]},
        "jobs": [{"seed": 0}, {"seed": 1}],
        "groups": [[0, 1], [2]],
    }
    assert [one.name for one in tmp_path.iterdir()] == ["sweep.json"]


# ---- Closing table -------------------------------------------------------------------------------


def printed(table: Any) -> list[list[str]]:
    """Return the words of each line of a table."""
    text = StringIO()
    Console(file=text, width=200).print(table)
    found = [line.split() for line in text.getvalue().splitlines()]
    return [words for words in found if words and set("".join(words)) != {"─"}]


def test_seeds_are_one_row_with_mean_deviation_and_count() -> None:
    values = {0.1: [3.0, 4.0, 8.0], 0.01: [1.0, 2.0]}
    rows = [
        row(number, metrics={"val/loss": one}, optimizer__lr=rate, seed=number)
        for rate, some in values.items()
        for number, one in enumerate(some)
    ]
    header, first, second = printed(closing_table(rows, "val/loss", "min"))
    assert header == ["optimizer.lr", "val/loss", "deviation", "jobs"]
    assert first == ["0.01", f"{mean(values[0.01]):.6g}", f"{stdev(values[0.01]):.3g}", "2"]
    assert second == ["0.1", f"{mean(values[0.1]):.6g}", f"{stdev(values[0.1]):.3g}", "3"]


@pytest.mark.parametrize(("mode", "best"), [("min", range(10)), ("max", range(14, 4, -1))])
def test_the_ten_best_come_first(mode: str, best: range) -> None:
    rows = [row(n, metrics={"val/loss": n * 7 % 15}, model=f"m{n * 7 % 15}") for n in range(15)]
    found = printed(closing_table(rows, "val/loss", mode))[1:]
    assert [words[0] for words in found] == [f"m{number}" for number in best]
    assert [words[-1] for words in found] == ["1"] * 10


def test_equally_good_ones_stay_in_the_jobs_order() -> None:
    rows = [row(n, metrics={"a": 1.0}, model=f"m{n}") for n in range(3)]
    for mode in ("min", "max"):
        found = printed(closing_table(rows[::-1], "a", mode))[1:]
        assert [words[0] for words in found] == ["m0", "m1", "m2"]


def test_jobs_that_did_not_complete_are_not_counted() -> None:
    rows = [
        row(0, metrics={"a": 2.0}, model="x", seed=0),
        row(1, "diverged", metrics={"a": 90.0}, model="x", seed=1),
        row(2, metrics={"a": float("nan")}, model="x", seed=2),
        row(3, "failed", model="y", seed=0),
    ]
    assert printed(closing_table(rows, "a", "min"))[1:] == [["x", "2", "1", "of", "3"]]


def test_a_value_in_brackets_is_shown() -> None:
    rows = [row(0, metrics={"a": 1.0}, activations=["relu"], name="[bold]")]
    assert printed(closing_table(rows, "a", "min"))[1][:2] == ['["relu"]', "[bold]"]
