"""Data as Lightning's Trainer takes them: told where to go, with the hooks of a user's own."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from seedbed.data import DataModule
from seedbed.data.data_module import Placement
from seedbed.engines.lightning.data_module import LightningData, place


class Ones(DataModule):
    """Rows of a single 1 in each split; notes what it is asked."""

    # Of nowhere, until it is told.
    placement = Placement(torch.device("meta"))

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def prepare_data(self) -> None:
        self.calls.append("prepare_data")

    def setup(self, stage: str) -> None:
        self.calls.append((stage, self.placement.device))

    def has_split(self, split: str) -> bool:
        return True

    def train_dataloader(self) -> Any:
        self.calls.append("train")
        return DataLoader(torch.ones(4, 1), batch_size=2)

    def evaluation_loader(self, split: str) -> Any:
        self.calls.append(split)
        return DataLoader(torch.ones(2, 1))


class WithHooks(Ones):
    """A user's data module that doubles each batch and has a state."""

    def on_after_batch_transfer(self, batch: Tensor, dataloader_idx: int) -> Tensor:
        return batch * 2

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": 17}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.calls.append(f"load {state}")

    def teardown(self, stage: str) -> None:
        self.calls.append(("teardown", stage))


class Sums(pl.LightningModule):
    """Notes the sum of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.sums: list[float] = []

    def training_step(self, batch: Tensor) -> Tensor:
        self.sums.append(batch.sum().item())
        return self.layer(batch).sum()

    def validation_step(self, batch: Tensor) -> None:
        pass

    def test_step(self, batch: Tensor) -> None:
        pass

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def trainer(**options: Any) -> pl.Trainer:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    options = {"max_epochs": 1, "enable_checkpointing": False, **options}
    return pl.Trainer(accelerator="cpu", num_sanity_val_steps=0, **quiet, **options)


@pytest.mark.parametrize(
    ("options", "dtype"),
    [
        ({}, torch.float32),
        ({"precision": "64-true"}, torch.float64),
        ({"precision": "bf16-mixed"}, torch.float32),
    ],
)
def test_data_are_told_device_type_and_process_of_the_trainer(
    options: dict[str, Any], dtype: torch.dtype
) -> None:
    data = Ones()
    place(data, trainer(**options))
    assert data.placement == Placement(torch.device("cpu"), dtype, rank=0, world_size=1)
    assert not data.repeats_first_epoch


def test_data_are_told_which_part_of_a_batch_is_theirs() -> None:
    class Second:
        """Trainer of the second of four processes."""

        precision = "32-true"
        global_rank, world_size, current_epoch, overfit_batches = 1, 4, 0, 0

        class strategy:  # noqa: N801
            root_device = torch.device("cuda", 1)

    data = Ones()
    place(data, Second())  # type: ignore[arg-type]
    assert data.placement == Placement(torch.device("cuda", 1), torch.float32, 1, 4)


def test_data_know_the_epoch_in_training() -> None:
    data, own = Ones(), trainer(max_epochs=3)
    own.fit(Sums(), datamodule=LightningData(data))
    assert data.current_epoch() == own.current_epoch == 3


def test_overfitting_repeats_the_first_epoch() -> None:
    data = Ones()
    place(data, trainer(overfit_batches=1))
    assert data.repeats_first_epoch


def test_data_are_placed_before_they_are_set_up_and_hand_out_each_split() -> None:
    data = Ones()
    trainer().fit(Sums(), datamodule=LightningData(data))
    assert data.calls[:2] == ["prepare_data", ("fit", torch.device("cpu"))]
    assert {"train", "val"} <= set(data.calls)
    data.calls.clear()
    trainer().test(Sums(), datamodule=LightningData(data), verbose=False)
    assert data.calls == ["prepare_data", ("test", torch.device("cpu")), "test"]


def test_hooks_of_a_users_data_module_are_called(tmp_path: Path) -> None:
    data, module, own = WithHooks(), Sums(), trainer()
    own.fit(module, datamodule=LightningData(data))
    assert module.sums == [4.0, 4.0]  # Two rows of a 1, doubled.
    assert data.calls[-1] == ("teardown", "fit")

    own.save_checkpoint(tmp_path / "last.ckpt")
    again = WithHooks()
    trainer(max_epochs=2).fit(
        Sums(), datamodule=LightningData(again), ckpt_path=tmp_path / "last.ckpt"
    )
    assert "load {'drawn': 17}" in again.calls


def test_data_without_hooks_get_batches_as_they_are() -> None:
    module = Sums()
    trainer().fit(module, datamodule=LightningData(Ones()))
    assert module.sums == [2.0, 2.0]
