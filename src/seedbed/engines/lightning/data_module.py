"""LightningDataModule of a run's data."""

from typing import Any

import pytorch_lightning as pl
import torch

from seedbed.data import DataModule
from seedbed.data.data_module import Placement

# Hooks of Lightning's that a user's own data module may have.
HOOKS = (
    "on_before_batch_transfer",
    "transfer_batch_to_device",
    "on_after_batch_transfer",
    "state_dict",
    "load_state_dict",
    "teardown",
)


class LightningData(pl.LightningDataModule):
    """LightningDataModule that passes on the loaders and hooks of a DataModule.

    Args:
        data: Data of the run; they are placed where the Trainer trains.
    """

    def __init__(self, data: DataModule) -> None:
        super().__init__()
        self.data = data
        for hook in HOOKS:
            if hasattr(data, hook):
                setattr(self, hook, getattr(data, hook))

    def prepare_data(self) -> None:
        """Download what is missing."""
        self.data.prepare_data()

    def setup(self, stage: str) -> None:
        """Place the data and load the rows."""
        assert self.trainer is not None
        place(self.data, self.trainer)
        self.data.setup(stage)

    def train_dataloader(self) -> Any:
        """Return batches of the training rows."""
        return self.data.train_dataloader()

    def val_dataloader(self) -> Any:
        """Return batches of the validation rows."""
        return self.data.val_dataloader()

    def test_dataloader(self) -> Any:
        """Return batches of the test rows."""
        return self.data.test_dataloader()


def place(data: DataModule, trainer: pl.Trainer) -> None:
    """Place data on the device, in the precision and in the process of a Trainer."""
    doubles = str(trainer.precision).startswith("64")
    placement = Placement(
        device=trainer.strategy.root_device,
        dtype=torch.float64 if doubles else torch.float32,
        rank=trainer.global_rank,
        world_size=trainer.world_size,
    )
    overfits: int = trainer.overfit_batches  # type: ignore[attr-defined]
    data.place(placement, lambda: trainer.current_epoch, repeats_first_epoch=overfits > 0)
