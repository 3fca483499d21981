"""LightningDataModule of a run's data."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from seedbed.data import DataModule
from seedbed.data.data_module import Placement
from seedbed.data.torch_datasets.resumable import ResumableDataLoader

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
        seed: Seed of what a DataLoader of the user's own draws.
    """

    def __init__(self, data: DataModule, seed: int = 0) -> None:
        super().__init__()
        self.data = data
        self.seed = seed
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
        """Return batches of the training rows; of torch's DataLoader so that they can go on."""
        data, loader = self.data, self.data.train_dataloader()
        if not isinstance(loader, DataLoader) or hasattr(loader, "load_state_dict"):
            return loader
        return ResumableDataLoader(
            loader,
            self.seed,
            epoch=data.current_epoch,
            same_every_epoch=data.repeats_first_epoch,
            rank=data.placement.rank,
            world_size=data.placement.world_size,
        )

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
