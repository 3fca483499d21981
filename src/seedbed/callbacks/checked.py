"""A callback that can be asked before the run starts whether it fits."""

import pytorch_lightning as pl
from torch import nn

from seedbed.config.spec import RunSpec


class CheckedCallback(pl.Callback):
    """Base of callbacks that name parameters, or that need a certain kind of data or model.

    `name` is the callback's key below `callbacks`.
    """

    name = ""

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Raise ConfigError where the callback does not fit the run."""
