"""Show the layers of the model and their parameters."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch import nn

from seedbed.terminal.listener import current_listener


class ModelSummary(Callback):
    """Prints one line a layer, down to `max_depth` levels, before training starts."""

    def __init__(self, max_depth: int = 2) -> None:
        self.max_depth = max_depth

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the summary."""
        net = pl_module.net
        assert isinstance(net, nn.Module)
        if trainer.is_global_zero and current_listener() is None:
            print(summary_text(net, self.max_depth), flush=True)


def summary_text(net: nn.Module, max_depth: int) -> str:
    """Return the model's name and size, and one line a layer that has parameters."""
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
