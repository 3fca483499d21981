"""Summary of a model's layers and parameters."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch import nn

from seedbed.callbacks.training_state import state_of
from seedbed.terminal.listener import current_listener


class ModelSummary(Callback):
    """Callback that prints the layers of the model and their parameters before training.

    Args:
        max_depth: Levels of nested modules shown.
    """

    def __init__(self, max_depth: int = 2) -> None:
        self.max_depth = max_depth

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the summary."""
        net = state_of(pl_module).net
        if trainer.is_global_zero and current_listener() is None:
            print(summary_text(net, self.max_depth), flush=True)


def summary_text(net: nn.Module, max_depth: int) -> str:
    """Return the name and the number of parameters of a model, and a line for each of its layers.

    Args:
        net: The model.
        max_depth: Levels of nested modules shown; modules without parameters are left out.
    """
    total = _count(net)
    trainable = sum(p.numel() for p in net.parameters() if p.requires_grad)
    frozen = "" if trainable == total else f", {trainable:,} of them trained"
    lines = [f"model {type(net).__name__}: {total:,} parameters{frozen}"]
    layers = [
        (name, str(module) if not list(module.children()) else type(module).__name__, module)
        for name, module in net.named_modules()
        if name and name.count(".") < max_depth and _count(module)
    ]
    width = max((len(name) for name, _, _ in layers), default=0)
    lines += [f"  {name:{width}}  {_count(module):>9,}  {text}" for name, text, module in layers]
    return "\n".join(lines)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
