"""Number of CPU threads of a training step."""

from typing import Any

import torch
from torch import Tensor, nn

from seedbed.training.evaluation_mode import evaluation_mode

# Multiplications of a forward pass. Below, a second thread costs more than it helps: on a machine
# with other work a step waits for the slower of the two.
SMALL_STEP = 5_000_000
# Layers whose multiplications are known: each output takes one for every weight that leads to it.
LAYERS = (nn.Linear, nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.LayerNorm)


def threads_of_a_step(net: nn.Module, example: Tensor | None, rows: int | None) -> int:
    """Return one thread where a step is small, else as many as PyTorch uses by default.

    Args:
        net: The network.
        example: A batch of one row; None for a function of the network's own parameters.
        rows: Rows of a training batch; None where that is not known.
    """
    default = torch.get_num_threads()
    if default == 1 or (example is not None and rows is None):
        return default
    multiplications = _multiplications(net, example)
    if multiplications is None:
        return default
    return 1 if multiplications * (rows or 1) < SMALL_STEP else default


def _multiplications(net: nn.Module, example: Tensor | None) -> int | None:
    """Return the multiplications of a forward pass; None where a layer is not known or fails."""
    if example is None:
        return sum(parameter.numel() for parameter in net.parameters())
    layers = [
        module
        for module in net.modules()
        # An embedding looks its rows up, and multiplies nothing.
        if any(True for _ in module.parameters(False)) and not isinstance(module, nn.Embedding)
    ]
    if not all(isinstance(layer, LAYERS) for layer in layers):
        return None
    counts: list[int] = []

    def count(layer: nn.Module, inputs: Any, output: Any) -> None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        counts.append(output.numel() * weight.numel() // len(weight))

    handles = [layer.register_forward_hook(count) for layer in layers]
    try:
        with evaluation_mode(net), torch.no_grad():
            net(example)
    except Exception:  # The user's own network may do anything, and training will say so.
        return None
    finally:
        for handle in handles:
            handle.remove()
    return sum(counts)
