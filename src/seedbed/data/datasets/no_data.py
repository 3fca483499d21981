"""No rows at all, for a model that is a function of its own parameters."""

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
        nothing = torch.zeros(1, 0, device=self.placement.device)
        return BatchLoader(nothing, nothing, None, epoch=self.current_epoch)

    def train_dataloader(self) -> BatchLoader:
        """Return the one empty batch."""
        return self.evaluation_loader("train")

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Raise ConfigError: there is nothing to predict from."""
        raise ConfigError("data=none: the model is a function of its own parameters, not of rows")
