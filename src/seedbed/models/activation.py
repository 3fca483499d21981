"""Activation layers by name."""

from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
}


def activation_layer(name: str) -> nn.Module:
    """Return a new layer of an activation, named as in ACTIVATIONS."""
    return ACTIVATIONS[name]()
