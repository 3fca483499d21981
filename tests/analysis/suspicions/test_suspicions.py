"""Suspicious columns and splits are said, and what is as it should be is not."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from seedbed.analysis.suspicions.columns import suspicious_columns
from seedbed.analysis.suspicions.splits import suspicious_classes, suspicious_splits
from seedbed.data.tables import RawTable, infer_schema, typed_frame

ROWS = 200
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=ROWS)
CLASSES = ["ab"[row % 2] for row in range(ROWS)]
THREE = ["abc"[row % 3] for row in range(ROWS)]


def said(target: Any = CLASSES, **columns: Any) -> list[str]:
    table = RawTable(pl.DataFrame({**columns, "y": target}, strict=False), Path("t.csv"), "CSV")
    schema = infer_schema(table, ["y"])
    return list(suspicious_columns(typed_frame(table, schema), schema))


def test_columns_as_they_should_be_are_not_suspicious() -> None:
    good = NOISE + np.array([row % 2 for row in range(ROWS)])
    words = [["red", "green"][row % 7 > row % 2] for row in range(ROWS)]
    assert said(
        x=good, w=words, m=[None if row % 9 else 1.5 * row for row in range(ROWS)][::-1]
    ) == ["column 'm' has no value in 88% of the rows"]
    assert said(target=good + RANDOM.normal(size=ROWS) * 0.2, x=good, w=words) == []


@pytest.mark.parametrize(
    ("column", "target", "part"),
    [
        (NOISE, NOISE**3, "their ranks correlate by 1.0000"),
        (NOISE, -3 * NOISE, "their ranks correlate by -1.0000"),
        ([f"w{row % 5}" for row in range(ROWS)], [row % 5 * 1.5 for row in range(ROWS)], "one val"),
        ([row % 2 + 0.3 * np.tanh(NOISE[row]) for row in range(ROWS)], CLASSES, "single threshold"),
        ([-(row % 2) - row / 900 for row in range(ROWS)], CLASSES, "single threshold"),
        ([row % 3 + 0.4 * np.tanh(NOISE[row]) for row in range(ROWS)], THREE, "lie apart by class"),
        ([f"{name}{row % 7}" for row, name in enumerate(THREE)], THREE, "values has one class"),
        ([row % 2 == 1 for row in range(ROWS)], CLASSES, "each of its 2 values has one class"),
        ([NOISE[row] if row % 2 else None for row in range(ROWS)], CLASSES, "whether it has a val"),
    ],
)  # fmt: skip
def test_a_column_that_gives_the_target_away(column: Any, target: Any, part: str) -> None:
    [line] = said(target, x=column, other=RANDOM.normal(size=ROWS))
    assert line.startswith("column 'x' gives the target 'y' away: ")
    assert part in line


def test_columns_of_next_to_nothing_and_twins() -> None:
    lines = said(
        x=NOISE,
        again=NOISE,
        rare=["no"] * (ROWS - 1) + ["yes"],
        age=[-999.0 if row % 40 == 0 else 20 + row % 50 for row in range(ROWS)],
    )
    assert lines == [
        "column 'rare' is false in 99.5% of the rows",
        "column 'age' is -999 in 5 rows, far from all others (20 to 69); if that is missing: "
        "'data.null_values=[NA, -999]'",
        "columns 'x' and 'again' are the same",
    ]


def test_rows_on_both_sides_and_groups() -> None:
    numbers = [float(row % 90) for row in range(ROWS)]
    owner = [f"N{row % 60}A" for row in range(ROWS)]
    table = RawTable(
        pl.DataFrame({"x": numbers, "owner_id": owner, "y": CLASSES}), Path("t.csv"), "CSV"
    )
    schema = infer_schema(table, ["y"], {"owner_id": "id"})
    frame = typed_frame(table, schema)
    parts = {"train": frame[:100], "val": frame[100:150], "test": frame[150:]}
    assert list(suspicious_splits(parts, schema)) == [
        "10 rows of the training set with the inputs of others there",
        "50 rows of the validation set (100.0%) with the inputs of rows of the training set",
        "50 rows of the test set (100.0%) with the inputs of rows of the training set",
        "10 rows of the test set (20.0%) with the inputs of rows of the validation set",
        "50 rows of the validation set with the 'owner_id' of training rows; data.split=group "
        "data.split_by=owner_id keeps them together",
    ]


@pytest.mark.parametrize(
    ("name", "values", "is_said"),
    [
        ("patient", [f"P{row % 40}" for row in range(ROWS)], True),
        ("PatientID", [row % 40 for row in range(ROWS)], True),
        ("site_id", [row % 40 for row in range(ROWS)], True),
        ("patient_age", [row % 40 for row in range(ROWS)], False),
        ("device", [f"D{row % 2}" for row in range(ROWS)], False),  # A kind of device.
        ("user", [row % 40 + 0.5 for row in range(ROWS)], False),
        ("paid", [row % 40 for row in range(ROWS)], False),
    ],
)
def test_subjects_on_both_sides_of_a_split(name: str, values: list[Any], is_said: bool) -> None:
    frame = pl.DataFrame({"x": RANDOM.normal(size=ROWS), name: values, "y": CLASSES})
    table = RawTable(frame, Path("t.csv"), "CSV")
    schema = infer_schema(table, ["y"])
    frame = typed_frame(table, schema)
    lines = list(suspicious_splits({"train": frame[:150], "val": frame[150:]}, schema))
    line = f"50 rows of the validation set with the '{name}' of training rows; "
    assert lines == [f"{line}data.split=group data.split_by={name} keeps them together"] * is_said


def test_inputs_of_few_combinations_are_alike_by_chance() -> None:
    frame = pl.DataFrame({"x": [float(row % 7) for row in range(ROWS)], "y": NOISE})
    table = RawTable(frame, Path("t.csv"), "CSV")
    schema = infer_schema(table, ["y"])
    frame = typed_frame(table, schema)
    assert list(suspicious_splits({"train": frame[:150], "val": frame[150:]}, schema)) == []


def test_classes_that_a_split_lacks_or_that_are_few() -> None:
    counts = {"train": [50, 3, 0], "val": [9, 0, 2]}
    assert list(suspicious_classes(counts, ["a", "b", "c"], 5)) == [
        "classes in the validation set alone, not in training: c",
        "classes that the validation set lacks: b",
        "classes with fewer rows than the 5 folds: b (3), c (2)",
    ]
    assert list(suspicious_classes({"train": [50, 40]}, ["a", "b"], None)) == []
    [line] = suspicious_classes({"train": [99, 2]}, ["a", "b"], None)
    assert line.startswith("class a has 98.0% of the rows")
