"""The file of out-of-fold predictions."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from seedbed.config.spec import DataFacts
from seedbed.sweep.execution.cross_validation.out_of_fold import FoldPredictions, csv_text, labels


def fold(
    number: int, rows: list[int], targets: Any, predictions: Any, facts: DataFacts, **ids: Any
) -> FoldPredictions:
    return FoldPredictions(
        number, rows, ids, torch.tensor(targets), torch.tensor(predictions).double(), 9, facts
    )


def lines(*folds: FoldPredictions) -> list[list[str]]:
    return [line.split(",") for line in csv_text(folds).splitlines()]


def test_rows_are_in_the_order_of_the_dataset_with_what_names_them() -> None:
    facts = DataFacts("regression", (3,), 2, target_names=("height", "weight"))
    first = fold(0, [3, 1], [[3.0, 30.0], [1.0, 10.0]], [[3.5, 33.0], [1.5, 11.0]], facts, key="dx")
    second = fold(1, [2], [[2.0, 20.0]], [[2.5, 22.0]], facts, key=["b"])
    assert lines(first, second) == [
        ["row", "fold", "key", "height", "weight", "prediction of height", "prediction of weight"],
        ["1", "0", "x", "1.0", "10.0", "1.5", "11"],
        ["2", "1", "b", "2.0", "20.0", "2.5", "22"],
        ["3", "0", "d", "3.0", "30.0", "3.5", "33"],
    ]


def test_classes_have_their_names_and_the_probability_of_each() -> None:
    facts = DataFacts("binary", (1,), 1, target_names=("ill",), class_names=("no", "yes"))
    assert lines(fold(0, [0, 1], [1, 0], [[0.25, 0.75], [0.5, 0.5]], facts)) == [
        ["row", "fold", "ill", "class", "probability of no", "probability of yes"],
        ["0", "0", "yes", "yes", "0.25", "0.75"],
        ["1", "0", "no", "no", "0.5", "0.5"],
    ]


@pytest.mark.parametrize(
    ("task", "names", "size", "targets", "predictions"),
    [
        ("regression", [], 1, ["target"], ["prediction"]),
        ("regression", ["prediction"], 1, ["prediction"], ["predicted"]),
        ("regression", [], 2, ["target 1", "target 2"], ["prediction of target 1"]),
        ("multiclass", ["class"], 3, ["class"], ["predicted class", "probability of 0"]),
        ("multiclass", [], 3, ["target"], ["class", "probability of 0"]),
    ],
)
def test_no_two_columns_have_one_name(
    task: str, names: Sequence[str], size: int, targets: list[str], predictions: list[str]
) -> None:
    found = labels(DataFacts(task, (1,), size, target_names=tuple(names)), size)
    assert found.targets == targets
    assert found.predictions[: len(predictions)] == predictions
    assert len({*found.targets, *found.predictions}) == len([*found.targets, *found.predictions])


def test_a_target_that_bears_the_name_of_another_column_is_told_apart() -> None:
    facts = DataFacts("regression", (1,), 1, target_names=("row",))
    assert lines(fold(0, [0], [[1.0]], [[2.0]], facts))[0] == [
        *("row", "fold", "target row", "prediction")
    ]
