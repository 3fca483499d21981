"""Rows of classes of the user's: what their `load` may return, and what follows from it."""

from typing import Any

import numpy as np
import pytest
import torch

from seedbed.config.schema.data import InMemoryData as Options
from seedbed.data import InMemoryData, Source, Table
from seedbed.data.in_memory.own_options import checked_options, options_of, takes_options
from seedbed.errors import ConfigError

X, Y = np.arange(60.0).reshape(20, 3), [0, 1] * 10


class Rows(InMemoryData):
    """Rows that a test gives."""

    returned: Any = None

    def load(self) -> Source:
        if callable(self.returned):
            self.returned = self.returned()
        return self.returned


def returning(value: Any) -> type[Rows]:
    return type("Rows", (Rows,), {"returned": value, "__module__": "mine"})


@pytest.mark.parametrize("given", [Table(X, Y), Source(Table(X, Y), columns={"g": Y})])  # type: ignore[arg-type]
def test_a_load_alone_is_enough(given: Any) -> None:
    kind = returning(given)

    facts = kind.facts(Options())
    data = kind(Options(task=facts.task, input_shape=[3], output_size=1, val_size=0.2))
    data.setup("fit")

    assert (facts.task, facts.input_shape, facts.output_size) == ("binary", (3,), 1)
    assert (data.rows("train"), data.rows("val")) == (16, 4)
    assert data.table("train").inputs.tolist() == X[data.numbers("train")].tolist()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "returns a NoneType, and a seedbed.data.Table or Source is needed"),
        (
            Table(X, Y[:19]),
            "the load of mine.Rows returns have 20 inputs, 19 targets",
        ),  # type: ignore[arg-type]
        (Table(X, ["a"] * 20), "have targets that are no numbers"),  # type: ignore[arg-type]
        (Table(X[:0], Y[:0]), "have 0 inputs, 0 targets"),  # type: ignore[arg-type]
        (Source(Table(X, Y), columns={"g": [1]}), "the column 'g' that"),  # type: ignore[arg-type]
        (Table(X, [1, 2] * 10), "are 1, 2; they must be whole numbers from 0 to 1"),  # type: ignore[arg-type]
        (lambda: 1 / 0, "the load of mine.Rows fails: ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_table_is_refused_in_a_line(given: Any, said: str) -> None:
    kind = returning(staticmethod(given) if callable(given) else given)

    with pytest.raises(ConfigError) as caught:
        kind.facts(Options())

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_it_draws_is_the_same_in_every_run() -> None:
    def drawn() -> Table:
        return Table(torch.randn(9, 2), torch.from_numpy(np.random.rand(9, 1)))

    prints = set()
    for seed in (1, 2):
        torch.manual_seed(seed)
        data = returning(staticmethod(drawn))(
            Options(task="regression", input_shape=[2], output_size=1)
        )
        data.setup("fit")
        prints.add(data.fingerprint)

    assert len(prints) == 1


def test_keys_of_ones_own_are_attributes_of_the_options() -> None:
    keys = {"_target_": "mine.Rows", "task": "binary", "input_shape": [3], "output_size": 1}

    options: Any = checked_options({**keys, "rows": 7, "val_size": 2})

    assert (options.rows, options.val_size, options.task) == (7, 2, "binary")
    assert (options.shuffle, options.input_shape) == (True, [3])
    assert options_of({"rows": 7}).rows == 7  # type: ignore[attr-defined]
    assert takes_options(Rows)
    assert not takes_options(Table)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"split": "half"}, "data.split: 'half' is not one of random"),
        ({"folds": 3}, "data.fold, from 0 to 2, says which validates"),
        ({"val_size": "some"}, "data.val_size: "),
        ({"batch_size": 0}, "data.batch_size: "),
        ({"split": "group"}, "data.split_by is needed"),
    ],
)
def test_keys_that_all_data_have_are_checked(given: dict[str, Any], said: str) -> None:
    facts = {"_target_": "mine.Rows", "task": "binary", "input_shape": [3], "output_size": 1}

    with pytest.raises(ConfigError) as caught:
        checked_options({**facts, **given})

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("targets", "task", "expected"),
    [
        (torch.tensor([True, False] * 10), "binary", [1, 0] * 10),
        (torch.tensor([[1.0], [0.0]] * 10), "binary", [1, 0] * 10),
        (torch.tensor([1, 0] * 10, dtype=torch.uint8), "multiclass", [1, 0] * 10),
        (torch.tensor([1, 0] * 10), "regression", [[1.0], [0.0]] * 10),
        (torch.tensor([0.5, 0.25] * 10).half(), "regression", [[0.5], [0.25]] * 10),
    ],
)
def test_targets_have_the_form_of_their_task(targets: Any, task: str, expected: Any) -> None:
    inputs = torch.nn.Parameter(torch.arange(20.0)).bfloat16()
    size = 2 if task == "multiclass" else 1

    data = returning(Table(inputs, targets))(Options(task=task, input_shape=[1], output_size=size))
    data.setup("fit")

    table = data.table("train")
    assert table.targets.tolist() == expected
    assert table.inputs.dtype == torch.float32
    assert table.inputs.flatten().tolist() == list(range(20))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"folds": 2, "fold": 0}, "data.folds=2: these data have a validation set of their own"),
        ({"split": "column", "split_by": "part"}, "data.split=column: these data have a test set"),
    ],
)
def test_rows_are_not_held_out_beside_a_set_of_its_own(given: dict[str, Any], said: str) -> None:
    rows, part = Table(X, Y), ["train", "val", "test", "train"] * 5  # type: ignore[arg-type]
    source = Source(rows, columns={"part": part}, **{"val" if "folds" in given else "test": rows})  # type: ignore[arg-type]

    data = returning(source)(Options(task="binary", input_shape=[3], output_size=1, **given))

    with pytest.raises(ConfigError) as caught:
        data.setup("fit")

    assert said in str(caught.value)
