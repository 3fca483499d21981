"""Datasets of the user's: through Lightning as through a training loop written by hand."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.data import Dataset, IterableDataset

from seedbed.config.schema import data as schema
from seedbed.data import TorchDataset
from seedbed.data.data_module import Placement
from seedbed.data.random import permutations
from seedbed.data.torch_datasets.torch_dataset import EpochOrder
from seedbed.engines.lightning.data_module import LightningData, place
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.errors import DataError, SeedbedError
from seedbed.models import Linear
from seedbed.training.tasks import Regression

ROWS, EPOCHS, RATE = 11, 3, 0.05


class Squares(Dataset[tuple[Tensor, Tensor]]):
    """Map-style: x in steps of a tenth, and its square."""

    def __init__(self, rows: int = ROWS) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        x = torch.tensor([0.1 * row])
        return x, x * x


class StreamOfSquares(IterableDataset[tuple[Tensor, Tensor]]):
    """Iterable-style: the same rows, one after the other."""

    def __init__(self, rows: int = ROWS) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return (Squares()[row] for row in range(self.rows))


def numbers(count: int) -> list[int]:
    """Something that is no Dataset."""
    return list(range(count))


def node(kind: Any, **arguments: Any) -> dict[str, Any]:
    """A dataset as the config names it."""
    return {"_target_": f"{kind.__module__}.{kind.__qualname__}", **arguments}


def wrapped(**options: Any) -> TorchDataset:
    return TorchDataset(
        schema.TorchDataset(
            task="regression",
            input_shape=[1],
            output_size=1,
            **{"train": node(Squares), "batch_size": 4, **options},
        )
    )


def set_up(**options: Any) -> TorchDataset:
    data = wrapped(**options)
    data.setup("fit")
    return data


def rows_of(loader: Any) -> list[list[int]]:
    return [(10 * inputs).round().long().flatten().tolist() for inputs, _ in loader]


def make_trainer(**options: Any) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        # As in seedbed's own trainer.
        use_distributed_sampler=False,
        **options,
    )


def make_module() -> SupervisedModule:
    module = SupervisedModule(
        Linear([1], 1),
        Regression(metrics=["mae"]),
        make_optimizer=partial(torch.optim.SGD, lr=RATE),
    )
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.3)
    return module


def by_hand(batches: list[list[int]]) -> tuple[float, float]:
    """Weight and bias after descending the mean squared error of these rows, batch by batch."""
    weight = bias = 0.3
    for batch in batches:
        points = [(0.1 * row, (0.1 * row) ** 2) for row in batch]
        errors = [(weight * x + bias - y, x) for x, y in points]
        weight -= RATE * sum(2 * error * x for error, x in errors) / len(batch)
        bias -= RATE * sum(2 * error for error, _ in errors) / len(batch)
    return weight, bias


def chunks(rows: list[int], size: int) -> list[list[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def test_a_map_style_dataset_trains_in_the_order_of_each_epoch() -> None:
    module = make_module()

    make_trainer().fit(module, datamodule=LightningData(wrapped(seed=7)))

    orders = [permutations(7, epoch, ROWS).tolist() for epoch in range(EPOCHS)]
    batches = [batch for order in orders for batch in chunks(order, 4)]
    found = [parameter.item() for parameter in module.net.parameters()]
    assert found == pytest.approx(by_hand(batches), rel=1e-5)
    # Another order leads elsewhere: the figures above could not come from any other.
    assert found != pytest.approx(by_hand(list(reversed(batches))), rel=1e-4)


def test_an_iterable_style_dataset_trains_in_its_own_order() -> None:
    module = make_module()

    make_trainer().fit(
        module, datamodule=LightningData(wrapped(train=node(StreamOfSquares), shuffle=True))
    )

    batches = chunks(list(range(ROWS)), 4) * EPOCHS
    found = [parameter.item() for parameter in module.net.parameters()]
    assert found == pytest.approx(by_hand(batches), rel=1e-5)


@pytest.mark.parametrize("kind", [Squares, StreamOfSquares])
def test_every_split_is_evaluated_on_its_own_rows(kind: type) -> None:
    module, trainer = make_module(), make_trainer()
    data = wrapped(val=node(kind, rows=2), test=node(kind, rows=6))

    trainer.validate(module, datamodule=LightningData(data), verbose=False)
    val = trainer.callback_metrics["val/mae"].item()
    trainer.test(module, datamodule=LightningData(data), verbose=False)
    test = trainer.callback_metrics["test/mae"].item()

    # |0.3 x + 0.3 - x^2| at x = 0, 0.1, ... 0.5, where the line is above.
    errors = [0.3 + 0.03 * row - 0.01 * row * row for row in range(6)]
    assert val == pytest.approx(sum(errors[:2]) / 2)
    assert test == pytest.approx(sum(errors) / 6)


def test_a_split_without_a_dataset_does_not_exist() -> None:
    data = set_up()

    assert data.has_split("train")
    for name in ("val", "test"):
        assert not data.has_split(name)
        with pytest.raises(DataError, match=rf"data\.{name} is null: there is no {name} split"):
            data.evaluation_loader(name)
    assert data.val_dataloader() == []
    assert data.test_dataloader() == []


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_an_object_that_is_no_dataset_is_refused(split: str) -> None:
    data = wrapped(**{split: node(numbers, count=3)})

    with pytest.raises(SeedbedError, match=rf"^data\.{split}: .* is not a torch\.utils\.data\."):
        data.setup("fit")


def test_batches_follow_the_options() -> None:
    rows = list(range(ROWS))

    assert rows_of(set_up(shuffle=False).train_dataloader()) == chunks(rows, 4)
    assert rows_of(set_up(shuffle=False, drop_last=True).train_dataloader()) == chunks(rows, 4)[:2]
    assert rows_of(set_up(shuffle=False, batch_size=None).train_dataloader()) == [rows]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_evaluation_sees_every_row_in_the_datasets_order(split: str) -> None:
    data = set_up(drop_last=True, **{split: node(Squares, rows=6)})

    assert rows_of(data.evaluation_loader(split)) == [[0, 1, 2, 3], [4, 5]]


def test_a_dataset_smaller_than_a_batch_is_one_batch() -> None:
    data = set_up(shuffle=False, drop_last=True, batch_size=100)

    # As of data in memory: else training would end, with success, before it began.
    assert rows_of(data.train_dataloader()) == [list(range(ROWS))]


def test_worker_processes_load_the_same_batches() -> None:
    def batches(workers: int) -> list[list[int]]:
        return rows_of(set_up(seed=2, num_workers=workers).train_dataloader())

    assert batches(1) == batches(0)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 1000),
    shuffle=st.booleans(),
)
def test_order_depends_on_seed_and_epoch_alone(
    rows: int, seed: int, epoch: int, shuffle: bool
) -> None:
    order = EpochOrder(rows, seed, shuffle)
    order.set_epoch(epoch)

    expected = permutations(seed, epoch, rows).tolist() if shuffle else list(range(rows))
    assert list(order) == expected
    assert len(order) == rows


def shares_of(
    world_size: int, rows: int, batch_size: int, evaluated: bool = False, **options: Any
) -> list[list[list[int]]]:
    """The batches of the training rows that each of several devices gets."""
    shares = []
    for rank in range(world_size):
        data = set_up(train=node(Squares, rows=rows), batch_size=batch_size, **options)
        data.place(Placement(rank=rank, world_size=world_size))
        loader = data.evaluation_loader("train") if evaluated else data.train_dataloader()
        shares.append(rows_of(loader))
        assert len(loader) == len(shares[-1])
    return shares


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(3, 20),
    batch_size=st.integers(3, 25),
    world_size=st.integers(1, 3),
    drop_last=st.booleans(),
)
def test_the_shares_of_all_devices_make_up_the_batches_of_one(
    rows: int, batch_size: int, world_size: int, drop_last: bool
) -> None:
    options = {"seed": 5, "drop_last": drop_last}
    (alone,) = shares_of(1, rows, batch_size, **options)

    shares = shares_of(world_size, rows, batch_size, **options)

    # Every step adds up gradients over all devices: it waits for ever for one that has no step.
    # So a last batch that has no row for one of them is left out.
    shared = [batch for batch in alone if len(batch) >= world_size]
    assert [len(share) for share in shares] == [len(shared)] * world_size
    for batch, *parts in zip(shared, *shares, strict=True):
        assert sorted(chain(*parts)) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("world_size", "rows", "batch_size"), [(2, 8, 4), (2, 5, 4), (3, 7, 6), (3, 8, 3), (2, 11, 5)]
)
def test_devices_evaluate_every_row(world_size: int, rows: int, batch_size: int) -> None:
    shares = shares_of(world_size, rows, batch_size, evaluated=True)

    # Nothing is added up before the end: not every device needs a row of the last batch.
    measured = sorted(row for share in shares for batch in share for row in batch)
    assert measured == list(range(rows))


@pytest.mark.parametrize(
    ("precision", "dtype"), [("32-true", torch.float32), ("64-true", torch.float64)]
)
def test_model_inputs_have_the_precision_of_the_trainer(precision: Any, dtype: torch.dtype) -> None:
    data = set_up()
    place(data, make_trainer(precision=precision))

    # As the in-memory data do: a network in double precision takes nothing else.
    assert data.model_inputs(torch.tensor([[1, 2]])).dtype == dtype


def test_rows_of_a_stream_have_no_numbers() -> None:
    data = TorchDataset(schema.TorchDataset(task="regression", input_shape=[1], output_size=1))
    data._datasets = {"train": Squares(), "val": StreamOfSquares()}
    numbers = data.row_numbers("train")
    assert numbers is not None
    assert numbers.tolist() == list(range(ROWS))
    assert data.row_numbers("val") is None
