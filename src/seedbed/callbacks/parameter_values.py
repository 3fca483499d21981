"""Log the values of single parameters."""

from collections.abc import Sequence

import pytorch_lightning as pl
from omegaconf import DictConfig
from torch import nn

from seedbed.callbacks.checked_callback import CheckedCallback
from seedbed.errors import ConfigError
from seedbed.training.parameters import Element, elements_matching

MOST = 100


class ParameterValues(CheckedCallback):
    """Logs, beside an epoch's metrics, the numbers that the epoch began with.

    `parameters` are globs over names; the tag of a number is `parameter/weight[0,1]`.
    """

    name = "parameter_values"

    def __init__(self, parameters: Sequence[str] = ("*",)) -> None:
        self.parameters = list(parameters)
        self._elements: list[Element] = []

    def check(self, config: DictConfig, net: nn.Module) -> None:
        """Find the numbers; raises ConfigError where there are none or too many."""
        key = f"callbacks.{self.name}.parameters"
        self._elements = elements_matching(net, self.parameters, key)
        if not self._elements:
            raise ConfigError(f"{key}: it names no parameter")
        if len(self._elements) > MOST:
            raise ConfigError(
                f"{key}: {len(self._elements):,} numbers, and at most {MOST} are logged"
            )

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the values to what the module logs at the end of the epoch."""
        net = pl_module.net
        assert isinstance(net, nn.Module)
        for element in self._elements:
            value = float(element.of(net))
            pl_module.also_logged[f"parameter/{element.text}"] = value  # type: ignore[index,operator]
