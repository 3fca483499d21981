"""Torch Datasets read into memory, and what is inferred of those that are not."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from seedbed.config.schema.data import TorchDataset as Options
from seedbed.data import InMemoryData, TorchDataset
from seedbed.errors import ConfigError

HERE = __name__
ROWS = 30


def table(rows: int = ROWS, weighed: bool = False) -> TensorDataset:
    """Labels 1 and 2."""
    inputs = torch.arange(2.0 * rows).view(rows, 2)
    weights = (torch.arange(float(rows)),) if weighed else ()
    return TensorDataset(inputs, torch.arange(rows) % 2 + 1, *weights)


def part() -> Subset[Any]:
    return Subset(Subset(table(), range(20)), range(10))


def drawn() -> TensorDataset:
    return TensorDataset(torch.randn(ROWS, 2), torch.tensor(np.random.rand(ROWS, 1)))


class Animals(Dataset[Any]):
    """Words for targets."""

    classes = ("cat", "dog", "fox")

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, row: int) -> Any:
        return torch.full((1, 2, 2), float(row)), self.classes[row % 3]


class Numbered(Animals):
    """Numbers of classes."""

    def __getitem__(self, row: int) -> Any:
        return torch.full((1, 2, 2), float(row)), row % 3


class Named(Numbered):
    """Rows by name."""

    def __getitem__(self, row: int) -> Any:
        inputs, target = super().__getitem__(row)
        return {"image": inputs, "class": target}


class Endless(IterableDataset[Any]):
    """No rows by number."""

    def __iter__(self) -> Iterator[Any]:
        yield torch.zeros(2), torch.zeros(1)


def pairs(rows: list[dict[str, Any]]) -> tuple[Tensor, Tensor]:
    return torch.stack([row["image"] for row in rows]), torch.tensor([row["class"] for row in rows])


def options(name: str, **given: Any) -> Options:
    arguments = given.pop("arguments", {})
    return Options(train={"_target_": f"{HERE}.{name}", **arguments}, **given)


def in_memory(name: str, **given: Any) -> InMemoryData:
    asked = options(name, **given)
    facts = TorchDataset.facts(asked)
    assert facts.in_memory
    inferred = {key: getattr(facts, key) for key in ("task", "input_shape", "output_size")}
    given = {**inferred, "class_names": list(facts.class_names), **given, "in_memory": True}
    data = TorchDataset.made(options(name, **given))
    assert isinstance(data, InMemoryData)
    data.setup("fit")
    return data


@pytest.fixture(autouse=True)
def named_here(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, HERE, sys.modules.get(HERE) or _this())


def _this() -> Any:
    import types

    module = types.ModuleType(HERE)
    vars(module).update(globals())
    return module


def test_a_tensor_dataset_is_in_memory_by_itself_and_can_be_split() -> None:
    data = in_memory("table", val_size=0.2, test_size=5, input_scale="max")

    assert [data.rows(split) for split in ("train", "val", "test")] == [19, 6, 5]
    assert data.options.task == "binary"
    assert data.options.class_names == ["1", "2"]
    whole = torch.cat([data.table(split).inputs for split in ("train", "val", "test")])
    assert len(whole.unique(dim=0)) == ROWS
    assert data.table("train").targets.tolist() == (data.numbers("train") % 2).tolist()


def test_a_subset_of_one_is_in_memory_too() -> None:
    assert in_memory("part").rows("train") == 10


def test_a_third_tensor_weighs_the_rows() -> None:
    data = in_memory("table", arguments={"weighed": True})

    table = data.table("train")
    assert table.weights is not None
    assert table.weights.tolist() == list(range(ROWS))
    assert len(next(iter(data.train_dataloader()))) == 3


def test_other_datasets_are_read_where_that_is_asked_for() -> None:
    data = in_memory("Animals", in_memory=True, folds=3, fold=1)

    assert data.options.class_names == ["cat", "dog", "fox"]
    assert data.options.input_shape == (1, 2, 2)
    assert data.table("val").targets.bincount().tolist() == [3, 4, 3]
    numbers = data.numbers("train")
    assert data.table("train").inputs[:, 0, 0, 0].tolist() == numbers.tolist()
    assert data.table("train").targets.tolist() == (numbers % 3).tolist()


def test_what_a_dataset_draws_is_the_same_in_every_run() -> None:
    torch.manual_seed(1)
    first = in_memory("drawn")
    before = torch.rand(1)
    torch.manual_seed(1)
    second = in_memory("drawn")

    assert first.fingerprint == second.fingerprint
    # And what is drawn after it does not depend on it.
    assert torch.equal(torch.rand(1), before)


def test_of_rows_that_are_not_read_shape_and_classes_are_inferred() -> None:
    facts = TorchDataset.facts(options("Numbered"))
    by_name = TorchDataset.facts(
        options("Named", collate_fn={"_target_": f"{HERE}.pairs"}, task="multiclass")
    )

    for found in (facts, by_name):
        assert (found.task, found.input_shape, found.output_size) == ("multiclass", (1, 2, 2), 3)
        assert not found.in_memory


def test_batches_are_made_by_a_function_of_the_users() -> None:
    asked = options(
        "Named",
        collate_fn={"_target_": f"{HERE}.pairs"},
        in_memory=False,
        batch_size=4,
        task="multiclass",
        input_shape=[1, 2, 2],
        output_size=3,
        shuffle=False,
    )
    data = TorchDataset.made(asked)
    data.setup("fit")

    inputs, targets = next(iter(data.train_dataloader()))
    (rows, *_) = data.rows_to_check("train")

    assert inputs[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert targets.tolist() == [0, 1, 2, 0]
    assert rows.batch[1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("Endless", {"in_memory": True}, "Endless has no rows by number"),
        ("Named", {"in_memory": True}, "a row is a dict, and a pair (input, target) is needed"),
        ("Named", {}, "its first row, or the input in it, is a dict"),
        ("Endless", {}, "data.task: it does not follow from rows that are not in memory"),
        ("Endless", {"task": "regression"}, "data.output_size: it does not follow"),
        ("table", {"arguments": {"rows": 0}}, "data.train: it has no rows"),
        ("nothing", {}, "data.train"),
    ],
)
def test_what_does_not_follow_is_said(name: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TorchDataset.facts(options(name, **given))

    assert said in str(caught.value)
