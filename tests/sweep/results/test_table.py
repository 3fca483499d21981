"""What a sweep keeps of its jobs, as others read it and as it is read back."""

import csv
import json
from pathlib import Path
from typing import Any

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.errors import RunFolderError
from seedbed.reading.content import leads_out
from seedbed.runs.record import STATUSES
from seedbed.sweep.results.table import Results, Row, mean_row, metrics_of_job, read_results

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
    assert frame.columns == [*HEADER.strip().split(","), "error"]
    assert frame["val/loss"].to_list() == list(AWKWARD)


def test_metrics_are_the_union_in_the_order_of_the_splits(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = Results(path, [])
    results.add([row(1, metrics={"test/loss": 1.0, "train/rmse": 2.0, "other": 3.0})])
    results.add([row(0, metrics={"val/loss": 4.0, "train/loss": 5.0, "train/rmse": 6.0})])
    results.finish()
    assert columns(path)[2:-3] == ["train/loss", "train/rmse", "val/loss", "test/loss", "other"]
    first, second = lines(path)
    assert (first["val/loss"], first["test/loss"]) == ("4.0", "")
    assert (second["val/loss"], second["test/loss"], second["train/rmse"]) == ("", "1.0", "2.0")


def test_the_best_epoch_and_its_metrics_stand_beside_the_last_ones(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    last = {"val/loss": 2.0, "test/loss": 3.0}
    best = {"train/loss": 9.0, "val/loss": 1.5, "val/rmse": 4.0, "test/loss": 3.0}
    of_best = {"best/val/loss": 1.5, "best/train/loss": 9.0, "best/val/rmse": 4.0}
    results = Results(path, [])
    results.add([row(0, metrics=metrics_of_job(last, "val/loss", (7, best)))])
    for _ in range(2):
        assert columns(path)[2:-3] == ["val/loss", "test/loss", "best/epoch", *of_best]
        assert (
            path.read_text().splitlines()[1] == "0,completed,2.0,3.0,7,1.5,9.0,4.0,0.5,outputs/0,"
        )
        results = Results(path, [], read_results(path))
    assert results.rows[0].metrics == {**last, "best/epoch": 7, **of_best}


def test_without_validation_rows_there_is_the_watched_metric_of_the_best_epoch_alone() -> None:
    values = {"train/loss": 1.0, "train/rmse": 2.0}
    found = metrics_of_job(values, "train/loss", (7, values))
    assert found == {**values, "best/epoch": 7, "best/train/loss": 1.0}


@pytest.mark.parametrize("best", [None, (7, {"train/loss": 9.0})])
def test_without_a_best_epoch_of_the_watched_metric_there_are_the_last_metrics_alone(
    best: Any,
) -> None:
    assert metrics_of_job({"val/loss": 2.0}, "val/loss", best) == {"val/loss": 2.0}


def test_objectives_are_there_in_the_best_epoch_without_validation_rows_too() -> None:
    best = 2, {"train/loss": 1.0, "train/rmse": 2.0, "train/mae": 3.0}
    judged_by = ("train/loss", "model/parameters", "train/mae")
    assert metrics_of_job({"train/loss": 9.0}, "train/loss", best, judged_by) == {
        "train/loss": 9.0,
        "best/epoch": 2,
        "best/train/loss": 1.0,
        "best/train/mae": 3.0,
    }


def test_the_trial_and_the_pareto_rank_are_columns_that_are_no_axes(tmp_path: Path) -> None:
    rows = [Row(n, {"a": n // 2}, "completed", str(n), {"val/loss": 1.0}) for n in range(4)]
    results = Results(tmp_path / "results.csv", ["a"], rows, jobs_of_trial=2)
    results.finish({2: 1, 3: 1})
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert lines[0] == "number,a,status,val/loss,seconds,folder,trial,pareto_rank,error"
    assert [line.split(",")[-3:-1] for line in lines[1:]] == [
        ["0", ""],
        ["0", ""],
        ["1", "1"],
        ["1", "1"],
    ]
    read = read_results(tmp_path / "results.csv")
    assert [(one.axes, one.metrics, one.error) for one in read] == [
        ({"a": str(n // 2)}, {"val/loss": 1.0}, None) for n in range(4)
    ]


def test_axes_that_come_later_have_values_in_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = Results(path, ["seed"], [row(0, seed=1), row(1, seed=2)])
    results.change_axes({0: {"seed": 1, "model": "linear"}, 1: {"seed": 2, "model": "mlp"}})
    assert [(one["seed"], one["model"]) for one in lines(path)] == [("1", "linear"), ("2", "mlp")]
    results.add([row(2, seed=3, model="cnn")])
    assert lines(path)[2]["model"] == "cnn"


def test_lines_are_there_as_jobs_end_and_in_order_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = Results(path, ["seed"])
    assert columns(path) == ["number", "seed", "status", "seconds", "folder", "error"]
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
    axes = {"model.sizes": [64, "gelu"], "model.bias": True, "data": 'a "b", c\nd'}
    results.add([Row(0, {**axes, "clip": None}, "completed", "o"), Row(1, {}, "failed", "o")])
    first, second = lines(tmp_path / "results.csv")
    assert json.loads(first["model.sizes"]) == [64, "gelu"]
    assert (first["model.bias"], first["data"], first["clip"]) == ("true", 'a "b", c\nd', "null")
    assert {second[key] for key in (*axes, "clip")} == {""}


# ---- results.csv, read back ----------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [
        "a,b",
        'say "so"',
        "one\ntwo",
        "a\r\nb",
        "\r",
        '"',
        '""',
        "\n",
        " x ",
        "\ufeff",
        "\x1c",
        "\x00",
    ]
)
NAMES = st.sampled_from(
    ["optimizer.lr", "status", "seconds", "folder", "number", "error", "a,b", "x\ny", 'q"']
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def some_rows(draw: st.DrawFn) -> list[Row]:
    """Return rows of one sweep: all have the same axes, not all the same metrics."""
    axes = draw(st.lists(NAMES, unique=True, max_size=3))
    names = st.sampled_from(["train/loss", "val/loss", "val/a,b", "other"])
    rows = st.builds(
        Row,
        number=st.integers(0, 10**6),
        axes=st.fixed_dictionaries(dict.fromkeys(axes, TEXTS)),
        status=st.sampled_from(STATUSES),
        # Any other is refused when it is read.
        folder=TEXTS.filter(lambda name: not leads_out(name)),
        metrics=st.dictionaries(names, FINITE),
        seconds=st.none() | FINITE,
        error=st.none() | TEXTS.filter(bool),
    )
    return draw(st.lists(rows, max_size=4))


def exact(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Return all that rows hold, the numbers to their last bit and with their sign."""
    return [
        (
            (row.number, row.status, row.folder, row.error, dict(row.axes)),
            {name: value.hex() for name, value in row.metrics.items()},
            None if row.seconds is None else row.seconds.hex(),
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("read") / "results.csv"


@settings(max_examples=100, deadline=None)
@given(rows=some_rows())
def test_rows_are_read_back_as_they_were_written(path: Path, rows: list[Row]) -> None:
    results = Results(path, list(rows[0].axes) if rows else [])
    results.add(rows[::2])
    results.add(rows[1::2])
    assert exact(read_results(path)) == exact([*rows[::2], *rows[1::2]])


@settings(max_examples=100, deadline=None)
@given(rows=some_rows().filter(bool), data=st.data())
def test_a_line_that_is_not_written_to_its_end_is_left_out(
    path: Path, rows: list[Row], data: st.DataObject
) -> None:
    """Cut off at any byte, as for who reads meanwhile or where the machine has stopped."""
    every = {name: 0.0 for row in rows for name in row.metrics}
    results = Results(path, list(rows[0].axes))
    results.add([Row(0, rows[0].axes, "completed", "", every)])
    ends = [path.stat().st_size]
    for one in rows:
        results.add([one])
        ends.append(path.stat().st_size)
    size = data.draw(st.integers(ends[0], ends[-1]))
    path.write_bytes(path.read_bytes()[:size])
    whole = sum(end <= size for end in ends[1:])
    assert exact(read_results(path)[1:]) == exact(rows[:whole])


def test_the_last_line_may_end_at_any_byte(path: Path) -> None:
    axes = {"data.target": 'é, "quoted"\n1,2\n'}
    rows = [Row(n, axes, "failed", "0", {"val/loss": 0.25}, 1.5, "é") for n in range(2)]
    Results(path, ["data.target"]).add(rows)
    content = path.read_bytes()
    for size in range(content.index(b"\n") + 1, len(content)):
        path.write_bytes(content[:size])
        found = read_results(path)
        assert found == rows[: len(found)]
        assert len(found) == content[:size].count(b",\xc3\xa9\n")


def test_axes_may_have_the_names_of_our_columns(path: Path) -> None:
    axes = {"status": "failed", "seconds": "1", "folder": "x", "number": "7"}
    rows = [Row(0, axes, "completed", "0", {"error": 1.0}, 2.0)]
    Results(path, list(axes)).add(rows)
    assert read_results(path) == rows


HEADER = "number,optimizer.lr,status,val/loss,seconds,folder\n"
LINE = "0,0.1,completed,2.0,0.5,0\n"


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("", 1, "header"),
        ("\n", 1, "header"),
        ("number,status,seconds", 1, "header"),  # Cut off, though it is written at once.
        ("epoch,loss\n1,2\n", 1, "header"),
        ("number,optimizer.lr,seconds,folder\n" + LINE, 1, "header"),
        ('"' + HEADER + LINE, 1, "header"),
        (HEADER + LINE + "1,0.1,completed,2.0,0.5\n" + LINE, 3, "5 cells for 6 columns"),
        (HEADER + LINE + "1,0.1,completed,2.0,0.5,1,2\n", 3, "7 cells for 6 columns"),
        (HEADER + LINE + "\n", 3, "0 cells for 6 columns"),
        (HEADER + "x" + LINE, 2, "'x0' is not the number of a job"),
        (HEADER + "-1" + LINE[1:], 2, "'-1' is not the number of a job"),
        (HEADER + "²" + LINE[1:], 2, "'²' is not the number of a job"),
        (HEADER + "9" * 5000 + LINE[1:], 2, "is not the number of a job"),
        (HEADER + LINE.replace("completed", "done"), 2, "'done' is no status"),
        (HEADER + LINE.replace("2.0", "2.0.1"), 2, "'2.0.1' in column val/loss is no number"),
        (HEADER + LINE.replace("2.0", "nan"), 2, "'nan' in column val/loss is no number"),
        (HEADER + LINE.replace("0.5", "1e999"), 2, "'1e999' in column seconds is no number"),
        (HEADER + '0,"a\nb\nc",completed,2.0,0.5,0\n1' + LINE[3:], 5, "cells for 6 columns"),
        (HEADER + LINE.replace("0.1", '"0.1"x'), 2, "expected after"),
        (HEADER + LINE.replace("0.1", '"0.1') + LINE + LINE, 2, "a quote is not closed"),
        (HEADER + LINE + LINE.replace("0.1", "0" * 200_000), 3, "field limit"),
        (HEADER.encode() + LINE.encode() + b"1,\xff,completed,2.0,0.5,1\n", 3, "UTF-8"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, found: str
) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RunFolderError) as refusal:
        read_results(path)
    assert str(refusal.value).startswith(f"{path}, line {line}: damaged: ")
    assert found in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(RunFolderError, match=f"^{path}: [a-z ]+$"):
            read_results(path)


def test_a_file_that_a_spreadsheet_has_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    text = (HEADER.replace("folder", "folder,remark") + LINE.replace("\n", ",mine\n")).replace(
        "\n", "\r\n"
    )
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_results(path) == [
        Row(0, {"optimizer.lr": "0.1"}, "completed", "0", {"val/loss": 2.0}, 0.5)
    ]


def test_a_table_of_a_search_tells_epochs_and_why_trials_were_stopped(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.csv", [], [Row(0, {}, "completed", "0")])
    why = "halving: place 2 of 2 at rung 0; the best 1/2 go on"
    results.add([Row(1, {}, "stopped_early", "1", epochs=2, stopped=why)])
    results.add([Row(2, {}, "completed", "2", epochs=9)])
    read = [(row.epochs, row.stopped) for row in read_results(results.path)]
    assert read == [(None, None), (2, why), (9, None)]


def test_a_mean_row_has_the_mean_reports_of_the_epochs_that_all_jobs_have() -> None:
    reports: list[Any] = [{1: [1.0], 2: [3.0], 4: [None]}, {1: [2.0], 4: [1.0]}]
    rows = [
        Row(n, {}, status, "", reports=each)
        for n, status, each in zip(range(2), ("completed", "stopped_early"), reports, strict=True)
    ]
    assert mean_row(rows).status == "stopped_early"
    assert mean_row(rows).reports == {1: [1.5], 4: [None]}
