"""The data module of data in memory: splits, scaling, types, and whose epoch orders the batches."""

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given as given_
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from seedbed.config.schema import data as schema
from seedbed.data import FashionMNIST, InMemoryData
from seedbed.data.in_memory import Source
from seedbed.data.loader import BatchLoader
from seedbed.data.random import permutations
from seedbed.data.splits import SplitRule, split_rows
from seedbed.data.table import Table
from seedbed.engines.lightning.data_module import place
from seedbed.errors import ConfigError, DataError

ROWS = 20


def numbered(first: int = 1, rows: int = ROWS) -> Table:
    """Rows first, first + 1, ... with twice as much for a target."""
    numbers = torch.arange(first, first + rows, dtype=torch.float64).unsqueeze(1)
    return Table(numbers, 2 * numbers)


class Given(InMemoryData):
    """Data of a source that the test gives."""

    def __init__(self, source: Source, **options: Any) -> None:
        super().__init__(
            schema.InMemoryData(task="regression", input_shape=[1], output_size=1, **options)
        )
        self.source = source
        self.loads = 0

    def load(self) -> Source:
        self.loads += 1
        return self.source


def given(source: Source | None = None, **options: Any) -> Given:
    data = Given(source or Source(numbered()), **options)
    data.setup("fit")
    return data


def make_trainer(**options: Any) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


def rows_of(loader: BatchLoader) -> list[list[float]]:
    return [inputs.flatten().tolist() for inputs, _ in loader]


def test_splits_hold_the_rows_that_the_split_names() -> None:
    data = given(val_size=0.25, test_size=3, split_seed=9)

    expected = split_rows(ROWS, SplitRule("random", 0.25, 3, 9))
    for name in ("train", "val", "test"):
        table, numbers = data.table(name), getattr(expected, name)
        assert table.inputs.flatten().tolist() == (numbers + 1).tolist()
        assert torch.equal(table.targets, 2 * table.inputs)
    assert [len(data.table(name).inputs) for name in ("train", "val", "test")] == [12, 5, 3]


def test_a_split_that_holds_nothing_is_not_there() -> None:
    data = given()

    assert data.has_split("train")
    for name in ("val", "test"):
        assert not data.has_split(name)
        with pytest.raises(DataError, match=rf"no {name} split: data\.{name}_size is 0"):
            data.table(name)
    # Lightning takes an empty list for "nothing to do".
    assert data.val_dataloader() == []
    assert data.test_dataloader() == []


def test_a_test_set_of_its_own_is_kept_whole() -> None:
    data = given(Source(numbered(), test=numbered(100, 4)), val_size=5, test_size=0.5)

    assert data.table("test").inputs.flatten().tolist() == [100, 101, 102, 103]
    # No further row is held out for the test.
    assert len(data.table("train").inputs) == ROWS - 5
    assert rows_of(data.test_dataloader()) == [[100, 101, 102, 103]]


def test_data_are_loaded_once() -> None:
    data = given(val_size=2)

    data.setup("validate")
    data.setup("test")

    assert data.loads == 1


def test_no_row_for_training_is_refused() -> None:
    with pytest.raises(ConfigError, match="none is left"):
        given(val_size=ROWS)


@pytest.mark.parametrize(("scale", "factor"), [(None, 1.0), (0.1, 0.1), (3, 3.0), (-2.5, -2.5)])
def test_inputs_are_scaled_by_a_factor_and_targets_are_not(scale: Any, factor: float) -> None:
    data = given(input_scale=scale, val_size=4)

    assert (1.0 if data.input_scaling is None else data.input_scaling.factor) == factor
    for name in ("train", "val"):
        table = data.table(name)
        numbers = table.targets / 2
        assert numbers.min() >= 1
        torch.testing.assert_close(table.inputs, factor * numbers, rtol=1e-6, atol=0)


def test_max_is_the_largest_input_that_is_trained_on() -> None:
    split = split_rows(ROWS, SplitRule("random", 6, 6, 1))
    # The largest inputs are held out: knowing them would be knowing the test rows.
    inputs = torch.ones(ROWS, 1, dtype=torch.float64)
    inputs[split.train] = torch.arange(1.0, 9.0, dtype=torch.float64).unsqueeze(1)
    inputs[split.val] = 40
    inputs[split.test] = 80
    data = given(
        Source(Table(inputs, inputs)), val_size=6, test_size=6, split_seed=1, input_scale="max"
    )

    assert data.input_scaling is not None
    assert data.input_scaling.factor == 1 / 8
    assert data.table("train").inputs.max() == 1
    assert data.table("val").inputs.unique().tolist() == [5]
    assert data.table("test").inputs.unique().tolist() == [10]
    # Rows to predict are scaled as the training rows were.
    assert data.model_inputs(torch.tensor([[4.0]])).tolist() == [[0.5]]


def test_max_of_zeros_is_refused() -> None:
    zeros = torch.zeros(4, 1, dtype=torch.float64)

    with pytest.raises(DataError, match=r"input_scale=max.* is 0"):
        given(Source(Table(zeros, zeros)), input_scale="max")


@pytest.mark.parametrize("scale", [None, "max"])
def test_images_are_brought_to_the_range_from_0_to_1(
    monkeypatch: pytest.MonkeyPatch, scale: Any
) -> None:
    pixels = torch.tensor([0, 51, 102, 255], dtype=torch.uint8).view(1, 1, 2, 2)
    images = pixels.expand(6, 1, 2, 2)
    source = Source(Table(images, torch.arange(6)), Table(images, torch.arange(6)))
    data = FashionMNIST(
        schema.FashionMNIST(
            task="multiclass", input_shape=[1, 2, 2], output_size=6, input_scale=scale, folder=""
        )
    )
    monkeypatch.setattr(data, "load", lambda: source)
    data.setup("fit")

    # The largest byte is 255 either way; it must not be divided by twice.
    train = data.table("train")
    assert train.inputs.dtype == torch.float32
    assert train.inputs[0].flatten().tolist() == pytest.approx([0, 0.2, 0.4, 1])
    assert train.targets.dtype == torch.int64


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [(None, torch.float32), ("32-true", torch.float32), ("64-true", torch.float64)],
)
def test_inputs_and_targets_have_the_type_they_are_placed_in(
    precision: Any, dtype: torch.dtype
) -> None:
    # A number that float32 cannot hold.
    third = torch.full((4, 1), 1 / 3, dtype=torch.float64)
    data = given(Source(Table(third, third)))
    if precision is not None:
        place(data, make_trainer(precision=precision))

    table = data.table("train")

    assert table.inputs.dtype == table.targets.dtype == dtype
    assert (table.inputs[0].item() == 1 / 3) == (dtype == torch.float64)
    assert (table.targets[0].item() == 1 / 3) == (dtype == torch.float64)


def test_classes_stay_integers() -> None:
    data = classes_of([0, 2, 1, 9], input_scale=0.5)

    assert data.table("train").targets.dtype == torch.int64
    assert data.table("train").targets.tolist() == [0, 2, 1, 9]


def fingerprint_of(source: Source, **options: Any) -> str | None:
    return given(source, **options).fingerprint


def test_fingerprint_changes_with_the_data_and_not_with_their_use() -> None:
    plain = fingerprint_of(Source(numbered()))

    assert plain is not None
    for options in (
        {"val_size": 0.3},
        {"test_size": 4, "split_seed": 8},
        {"input_scale": "max"},
        {"batch_size": 3, "seed": 5},
    ):
        assert fingerprint_of(Source(numbered()), **options) == plain
    others = [
        fingerprint_of(Source(numbered(first=2))),
        fingerprint_of(Source(numbered(rows=ROWS - 1))),
        fingerprint_of(Source(numbered(), test=numbered(rows=3))),
        fingerprint_of(Source(numbered(), test=numbered(first=2, rows=3))),
    ]
    assert len({plain, *others}) == 5


def test_fingerprint_that_a_dataset_brings_is_kept() -> None:
    assert fingerprint_of(Source(numbered(), fingerprint="its own")) == "its own"


def expected_batches(order: Tensor, batch_size: int) -> list[list[float]]:
    return [(part + 1).tolist() for part in order.split(batch_size)]


def test_training_batches_follow_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    data = given(batch_size=6, seed=4)
    place(data, make_trainer())
    loader = data.train_dataloader()
    assert isinstance(loader, BatchLoader)

    for epoch in (0, 3):
        monkeypatch.setattr(pl.Trainer, "current_epoch", epoch)
        assert rows_of(loader) == expected_batches(permutations(4, epoch, ROWS), 6)


def test_training_batches_follow_the_options() -> None:
    in_order = given(batch_size=6, shuffle=False)
    full_only = given(batch_size=6, shuffle=False, drop_last=True)
    all_at_once = given(shuffle=False)

    numbers = torch.arange(ROWS)
    assert rows_of(in_order.train_dataloader()) == expected_batches(numbers, 6)
    assert rows_of(full_only.train_dataloader()) == expected_batches(numbers[:18], 6)
    assert rows_of(all_at_once.train_dataloader()) == expected_batches(numbers, ROWS)


def test_overfitting_sees_the_batches_of_the_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.Trainer, "current_epoch", 3)
    data = given(batch_size=6, seed=4)
    place(data, make_trainer(overfit_batches=1))

    assert rows_of(data.train_dataloader()) == expected_batches(permutations(4, 0, ROWS), 6)


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_evaluation_sees_every_row_in_the_order_of_the_table(name: str) -> None:
    data = given(batch_size=4, drop_last=True, val_size=6, test_size=7)

    batches = rows_of(data.evaluation_loader(name))

    numbers = getattr(split_rows(ROWS, SplitRule("random", 6, 7, 0)), name)
    assert batches == expected_batches(numbers, 4)


def classes_of(targets: list[int], task: str = "multiclass", **options: Any) -> InMemoryData:
    """Rows with classes for targets, and a column of groups of five rows."""
    rows = Table(numbered(rows=len(targets)).inputs, torch.tensor(targets))
    groups = [row // 5 for row in range(len(targets))]
    size = 1 if task == "binary" else max(targets) + 1
    source = Source(rows, columns={"group": groups})
    chosen = {"task": task, "input_shape": [1], "output_size": size, **options}
    data = Given(source)
    data.options = schema.InMemoryData(**chosen)
    data.setup("fit")
    return data


def test_classes_are_split_in_their_proportions() -> None:
    data = classes_of([0] * 30 + [1] * 10, val_size=0.25, test_size=0.25)

    for name, expected in (("train", [14, 6]), ("val", [8, 2]), ("test", [8, 2])):
        counts = data.table(name).targets.bincount().tolist()
        assert all(abs(count - wanted) <= 1 for count, wanted in zip(counts, expected, strict=True))
    by_chance = classes_of([0] * 30 + [1] * 10, val_size=0.25, split="random")
    assert (
        by_chance.numbers("val").tolist() == split_rows(40, SplitRule("random", 0.25)).val.tolist()
    )


def test_rows_are_split_by_a_column_of_theirs() -> None:
    data = classes_of([0, 1] * 20, split="group", split_by="group", val_size=10)

    held_out = {int(row) // 5 for row in data.numbers("val")}
    assert len(held_out) == 2
    assert not held_out & {int(row) // 5 for row in data.numbers("train")}


@pytest.mark.parametrize(
    ("targets", "options", "said"),
    [
        ([1] * 8, {}, "all 8 training rows are of one class, 1; two classes at least"),
        (
            [0, 1] * 8,
            {"val_size": 1},
            "the single validation row is of one class, 1; a larger data.val_size",
        ),
        (
            [0] * 10 + [1] * 10,
            {"split": "group", "split_by": "group", "test_size": 5, "class_names": ["a", "b"]},
            "test rows are of one class, 'b'; data.split=stratified takes rows of every class",
        ),
        ([0, 1] * 8, {"folds": 17, "fold": 0}, "data.folds=17: 16 rows are too few"),
        ([0, 1] * 8, {"split": "group", "split_by": "grup"}, "no column 'grup'. Did you mean"),
        ([0, 1] * 8, {"weight": "group", "split": "random"}, ""),
    ],
)
def test_a_part_without_rows_or_with_one_class_is_refused(
    targets: list[int], options: dict[str, Any], said: str
) -> None:
    if not said:
        weights = classes_of(targets, **options).table("train").weights
        assert weights is not None
        assert weights.tolist() == [row // 5 for row in range(16)]
        return
    with pytest.raises(ConfigError) as caught:
        classes_of(targets, **options)

    assert said in str(caught.value)


def test_a_fold_of_a_rare_class_may_validate_on_one_class() -> None:
    data = classes_of([0] * 12 + [1, 1], folds=4, fold=3)

    assert data.table("val").targets.unique().tolist() == [0]
    assert "fewer rows than folds have the classes 1 (2 at least)" in data.notes[0]


@settings(max_examples=15, deadline=None)
@given_(st.permutations(range(6)), st.floats(-1e6, 1e6), st.sampled_from(["standard", "max"]))
def test_validation_rows_have_no_part_in_what_is_fitted(
    order: list[int], shift: float, scale: str
) -> None:
    rows = numbered()
    plain = given(val_size=6, input_scale=scale, target_scale="standard")
    held_out = plain.numbers("val")
    inputs, targets = rows.inputs.clone(), rows.targets.clone()
    inputs[held_out] = inputs[held_out[torch.tensor(order)]] + shift
    targets[held_out] = targets[held_out[torch.tensor(order)]] - shift

    changed = given(
        Source(Table(inputs, targets)), val_size=6, input_scale=scale, target_scale="standard"
    )

    assert changed.preparation == plain.preparation
    assert set(plain.preparation or {}) == {"input_scaling", "target_scaling"}


def test_targets_are_scaled_by_the_training_rows_alone() -> None:
    data = given(val_size=6, target_scale="standard")

    train = data.table("train").targets
    torch.testing.assert_close(train.mean(), torch.tensor(0.0), atol=1e-6, rtol=0)
    torch.testing.assert_close(train.std(correction=0), torch.tensor(1.0))
    assert data.target_scaling is not None
    own = data.target_scaling.undo(data.table("val").targets)
    torch.testing.assert_close(own, 2.0 * (data.numbers("val").unsqueeze(1) + 1))


def test_large_numbers_that_differ_little_keep_their_digits() -> None:
    moments = Table(1.7e9 + numbered().inputs, numbered().targets)

    table = given(Source(moments), input_scale="standard").table("train")

    expected = numbered().inputs - numbered().inputs.mean()
    torch.testing.assert_close(
        table.inputs.double(), expected / expected.std(correction=0), rtol=1e-6, atol=1e-6
    )
