"""Empty dataset, for a model that is a function of its own parameters."""

import torch
from torch import Tensor

from seedbed.config.schema.data import NoData as Options
from seedbed.data.data_module import DataModule
from seedbed.data.loader import BatchLoader
from seedbed.errors import ConfigError


class NoData(DataModule):
    """DataModule of one batch an epoch, of one row without inputs: one step of the minimization."""

    fingerprint_of = "none: there are no rows"

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options

    def has_split(self, split: str) -> bool:
        """Return whether the split is the training split, the only one."""
        return split == "train"

    def evaluation_loader(self, split: str) -> BatchLoader:
        """Return the loader of the empty batch."""
        nothing = torch.zeros(1, 0, device=self.placement.device)
        return BatchLoader(nothing, nothing, None, epoch=self.current_epoch)

    def train_dataloader(self) -> BatchLoader:
        """Return the loader of the empty batch."""
        return self.evaluation_loader("train")

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Raise ConfigError: there are no inputs to predict from."""
        raise ConfigError("data=none: the model is a function of its own parameters, not of rows")
