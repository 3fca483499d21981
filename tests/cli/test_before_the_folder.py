"""What can be told from config and data together is said before a folder is made."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.composing import specified

from seedbed.commands import train
from seedbed.data.data_module import Placement
from seedbed.errors import DoesNotFit
from seedbed.experiment.build import build_data, build_net, build_task
from seedbed.experiment.checks import check_network
from seedbed.experiment.training.experiment import build_experiment
from seedbed.training.row_checks import require_rows
from seedbed.training.tasks import Regression

ROWS = """
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset


class Rows(Dataset):
    def __init__(self, wrong="", classes=0, count=9):
        self.wrong, self.classes, self.count = wrong, classes, count

    def __len__(self):
        return self.count

    def __getitem__(self, row):
        inputs, target = torch.arange(3.0), torch.tensor([float(row)])
        if self.classes:
            target = torch.tensor(row % self.classes)
        wrong = self.wrong
        if wrong == "not a number" and row in (4, 7):
            inputs[1] = float("nan")
        if wrong == "infinite" and row == 5:
            target[0] = float("inf")
        if wrong == "raises" and row == 3:
            raise KeyError("x")
        if wrong == "ragged" and row == 6:
            inputs = inputs[:2]
        if wrong == "wide":
            inputs = torch.arange(4.0)
        if wrong == "double":
            inputs = inputs.double()
        return inputs, target


class Endless(IterableDataset):
    def __iter__(self):
        for row in range(10**9):
            yield torch.arange(3.0), torch.tensor([1.0 if row < 8 else float("nan")])


def table(rows):
    return TensorDataset(torch.zeros(rows, 3), torch.zeros(rows, 1))
"""
OWN = ("data=torch_dataset", "data.input_shape=[3]", "data.batch_size=4", "trainer.max_epochs=1")
LINE = (*OWN, "task=regression", "data.task=regression", "data.output_size=1")
THREE = (*OWN, "task=multiclass", "data.task=multiclass", "data.output_size=3")
OF_ROWS = "data.train._target_=own_rows.Rows"
NORMED = ("model=linear", "model._target_=tests.sweep.networks.Normed")


@pytest.fixture(autouse=True)
def own_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a module of the user's into the working folder."""
    (tmp_path / "own_rows.py").write_text(ROWS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("sys.dont_write_bytecode", True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*LINE, OF_ROWS, "+data.train.wrong='not a number'"), "rows 4, 7 (counted from 0) is not"),
        ((*LINE, OF_ROWS, "+data.train.wrong=raises"), "row 3 (counted from 0) cannot be read"),
        ((*LINE, OF_ROWS, "+data.train.wrong=ragged"), "row 6 (counted from 0) has an input of"),
        ((*LINE, OF_ROWS, "+data.train.wrong=wide"), "shape [4], and data.input_shape is [3]"),
        ((*LINE, OF_ROWS, "+data.train.wrong=double"), "the inputs are float64, the parameters"),
        ((*LINE, OF_ROWS, "+data.train.count=0"), "data.train: it has no rows"),
        ((*LINE, "data.train._target_=own_rows.Endless"), "row 8 is nan"),
        ((*THREE, OF_ROWS, "+data.train.classes=4"), "rows 3, 7 (counted from 0) is outside the 3"),
        (
            (*LINE, OF_ROWS, "data.val={_target_: own_rows.Rows, wrong: infinite}"),
            "data.val: the target of row 5",
        ),
        (
            (*LINE, OF_ROWS, *NORMED),
            "data.batch_size=4: the last batch of 9 rows has 1, and the model's batch norm needs "
            "two a step: data.drop_last=true",
        ),
        (("data.rows=5", "data.batch_size=1", *NORMED), "data.batch_size=1: a batch has one row"),
        (("scheduler=one_cycle", "scheduler.total_steps=12"), "total_steps: 12, and the run has"),
        (("optimizer=lbfgs", "trainer.accumulate_grad_batches=2"), "L-BFGS evaluates each batch"),
        (("trainer.limit_train_batches=0.1",), "limit_train_batches: 0.1 of 3 batches is none"),
        (("data.val_size=2", "trainer.limit_val_batches=0.3"), "limit_val_batches: 0.3 of 1 batch"),
        (("trainer.limit_train_batches=0",), "0 trains nothing; trainer.max_epochs=0"),
        (("freeze.parameters=[typo*]",), "freeze.parameters: 'typo*' matches no parameter"),
        (("initial_weights.parameters={}", "experiment=crop_yield_scratch"), "null empties it"),
    ],
)
def test_it_is_said_and_nothing_is_written(refused: Any, words: tuple[str, ...], said: str) -> None:
    message = refused("train", *words, function=None)
    assert said in message
    assert len(message.splitlines()) <= 2


@pytest.mark.parametrize(
    "words",
    [
        (*LINE, "data.train._target_=own_rows.table", "+data.train.rows=5"),
        (*LINE, OF_ROWS, *NORMED, "data.drop_last=true"),
        (*LINE, OF_ROWS, *NORMED, "trainer.limit_train_batches=2"),
        ("scheduler=cosine", "scheduler.T_max=9999", "debug=fast"),
        ("experiment=crop_yield_scratch", "initial_weights.parameters=null", "debug=fast"),
    ],
)
def test_what_is_right_runs(command: Any, words: tuple[str, ...]) -> None:
    outcome = command("train", *words, "callbacks=quiet", "logger=none")
    assert outcome.code == 0, outcome.err


def test_rows_that_were_too_many_to_look_at_are_named_by_their_batch(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedbed.data.torch_datasets.torch_dataset.SECONDS_TO_CHECK", 0.0)
    words = (*LINE, OF_ROWS, "+data.train.wrong='not a number'", "data.shuffle=false")
    outcome = command("train", *words, "callbacks=quiet", "logger=none")
    assert outcome.code == 1
    assert "data.train: inputs of batch 2 in epoch 1 are not finite" in outcome.err


def test_a_network_may_take_several_tensors() -> None:
    rows = (range(2), ({"a": torch.zeros(2, 1), "b": torch.zeros(2, 2)}, torch.zeros(2, 1)))
    require_rows("rows", *rows, Regression(), [3], 1)


def test_every_device_needs_two_rows_for_batch_norm() -> None:
    words = ("data.rows=15", "data.batch_size=6", *NORMED)
    spec = specified(*words, "trainer.devices=2")
    data, net, task = build_data(spec), build_net(spec), build_task(spec)
    data.setup("fit")
    check_network(spec, data, net, task)
    # Of the last three rows, the second device has one.
    data.place(Placement(world_size=2))
    with pytest.raises(DoesNotFit, match="the last batch of 15 rows has 3 for 2 devices"):
        check_network(spec, data, net, task)


def test_a_run_is_built_and_its_data_are_read_once(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(*arguments: Any) -> Any:
        built.append(arguments)
        return build_experiment(*arguments)

    monkeypatch.setattr(train, "build_experiment", build)
    words = ("trainer.max_epochs=1", "callbacks=quiet", "logger=none")
    for folder in ((), ("hydra.run.dir=here/${now:%H}-${unique:}",)):
        assert command("train", *words, *folder).code == 0
    assert len(built) == 2
