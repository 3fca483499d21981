"""Layers of Seedbed's own networks, as plain values that plain torch can make them from."""

from typing import Any

from torch import nn

from seedbed.models import CNN, MLP, Linear

# Of a layer of torch's, the arguments that its attributes tell.
_ARGUMENTS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features"),
    nn.Embedding: ("num_embeddings", "embedding_dim"),
    nn.Conv2d: ("in_channels", "out_channels", "kernel_size"),
    nn.MaxPool2d: ("kernel_size",),
}


def layers_of(net: nn.Module) -> list[dict[str, Any]] | None:
    """Return the layers of a network of Seedbed's in their order; None of any other.

    Each has the name that its weights begin with, the class of torch.nn, and its arguments. Those
    of categories come first, each of one of the last columns. What does nothing but in training is
    left out.
    """
    if type(net) not in (Linear, MLP, CNN):
        return None
    layers: list[dict[str, Any]] = []
    flattened = False
    for name, module in net.named_modules():
        children = [*module.children()]
        if isinstance(module, MLP | Linear) and not flattened:
            layers.append({"name": "", "layer": "Flatten", "arguments": {}})
            flattened = True
        if isinstance(module, nn.Dropout) or (children and not isinstance(module, Linear)):
            continue
        layers.append(_layer(name, module))
    # Before all others, also where they are a part of the layer that comes after them.
    layers.sort(key=lambda layer: layer["layer"] != "Embedding")
    return layers


def _layer(name: str, module: nn.Module) -> dict[str, Any]:
    kind = nn.Linear if isinstance(module, Linear) else type(module)
    arguments = {key: _plain(getattr(module, key)) for key in _ARGUMENTS.get(kind, ())}
    if "bias" in module.__dict__.get("_parameters", {}):
        arguments["bias"] = module.bias is not None
    if kind is nn.Softmax:
        arguments["dim"] = -1
    return {"name": name, "layer": kind.__name__, "arguments": arguments}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
