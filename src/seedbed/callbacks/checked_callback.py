"""Base class of callbacks that are validated before the run starts."""

import pytorch_lightning as pl
from torch import nn

from seedbed.config.spec import RunSpec


class CheckedCallback(pl.Callback):
    """Callback that compares its options with the config and the network before anything is run.

    For callbacks that name parameters, or that need a certain kind of data or model.

    Attributes:
        name: Key of the callback below `callbacks`, set when it is instantiated from the config.
    """

    name = ""

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Validate the callback for a run.

        Args:
            spec: All that the run is made of.
            net: The network that will be trained.

        Raises:
            ConfigError: The callback cannot be used in this run.
        """
