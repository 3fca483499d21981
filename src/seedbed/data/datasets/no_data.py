"""No rows at all, for a model that is a function of its own parameters."""

from typing import Any

import torch
from torch import Tensor

from seedbed.config.schema.data import NoData as Options
from seedbed.data.data_module import DataModule
from seedbed.data.loader import BatchLoader
from seedbed.errors import ConfigError


class NoData(DataModule):
    """Hands out one batch an epoch, of one row that holds nothing: the function's next step."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options

    def has_split(self, split: str) -> bool:
        """Tell that there is nothing but training."""
        return split == "train"

    def evaluation_loader(self, split: str) -> BatchLoader:
        """Return the one empty batch."""
        trainer: Any = self.trainer
        nothing = torch.zeros(1, 0)
        if trainer is None:
            return BatchLoader(nothing, nothing, None)
        nothing = nothing.to(trainer.strategy.root_device)
        return BatchLoader(nothing, nothing, None, epoch=lambda: trainer.current_epoch)

    def train_dataloader(self) -> BatchLoader:
        """Return the one empty batch."""
        return self.evaluation_loader("train")

    def val_dataloader(self) -> Any:
        """Return nothing: Lightning asks."""
        return []

    def test_dataloader(self) -> Any:
        """Return nothing: Lightning asks."""
        return []

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Raise ConfigError: there is nothing to predict from."""
        raise ConfigError("data=none: the model is a function of its own parameters, not of rows")
