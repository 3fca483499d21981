"""Logging of single elements of parameters."""

from collections.abc import Sequence

import pytorch_lightning as pl
from torch import nn

from seedbed.callbacks.checked_callback import CheckedCallback
from seedbed.callbacks.training_state import state_of
from seedbed.config.spec import RunSpec
from seedbed.errors import ConfigError
from seedbed.training.metrics import PARAMETER
from seedbed.training.parameters import Element, elements_matching

MAX_ELEMENTS = 100


class ParameterValues(CheckedCallback):
    """Callback that logs, with the metrics of an epoch, elements of the parameters at its start.

    Each element has its own tag, such as `parameter/weight[0,1]`.

    Args:
        parameters: Globs over parameter names; all elements of those that match are logged, at most
            100.
    """

    name = "parameter_values"

    def __init__(self, parameters: Sequence[str] = ("*",)) -> None:
        self.parameters = list(parameters)
        self._elements: list[Element] = []

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Look up the elements; raise ConfigError where there are none or too many."""
        key = f"callbacks.{self.name}.parameters"
        self._elements = elements_matching(net, self.parameters, key)
        if not self._elements:
            raise ConfigError(f"{key}: it names no parameter")
        if len(self._elements) > MAX_ELEMENTS:
            raise ConfigError(
                f"{key}: {len(self._elements):,} numbers, and at most {MAX_ELEMENTS} are logged"
            )

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the values to what the module logs at the end of the epoch."""
        state = state_of(pl_module)
        for element in self._elements:
            value = float(element.of(state.net))
            state.also_logged[f"{PARAMETER}{element.text}"] = value
