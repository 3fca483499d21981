"""What a `model=` option holds: the network and its sizes."""

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from seedbed.config.schema.field import key

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "elu")


@dataclass
class Model:
    """Keys that every model option has."""

    _target_: str = key("class of the network", MISSING)


@dataclass
class Network(Model):
    """Keys of the options that map inputs to outputs."""

    input_shape: list[int] = key("shape of one input, taken from the data", MISSING, at_least=1)
    output_size: int = key("numbers put out per row, taken from the data", MISSING, at_least=1)
    bias: bool = key("add a bias in every layer", True)


@dataclass
class Linear(Network):
    """Keys of `model=linear`."""

    _target_: str = key("class of the network", "seedbed.models.Linear")


@dataclass
class MLP(Network):
    """Keys of `model=mlp`."""

    _target_: str = key("class of the network", "seedbed.models.MLP")
    hidden: list[int] = key("units of each hidden layer", [64], at_least=1)
    activation: str = key("function after each hidden layer", "relu", one_of=ACTIVATIONS)
    dropout: float = key(
        "share of hidden units silenced while training", 0.0, at_least=0, below=1, independent=True
    )
    apply_softmax: bool = key("put out probabilities; never in front of a cross-entropy", False)


@dataclass
class CNN(Network):
    """Keys of `model=cnn`."""

    _target_: str = key("class of the network", "seedbed.models.CNN")
    channels: list[int] = key("channels of each convolution", [6, 12], at_least=1)
    kernel: list[int] = key("side of each convolution's kernel", [5, 5], at_least=1)
    pool: int = key("side of the max pooling after each convolution", 2, at_least=1)
    hidden: list[int] = key("units of each hidden linear layer", [120, 60], at_least=1)
    activation: str = key("function after each hidden layer", "relu", one_of=ACTIVATIONS)
    dropout: float = key(
        "share of hidden units silenced while training", 0.0, at_least=0, below=1, independent=True
    )


@dataclass
class Parabola(Model):
    """Keys of `model=parabola`."""

    _target_: str = key("class of the network", "seedbed.models.Parabola")
    start: float = key("where x starts", 50.0)
    quadratic: float = key("factor of x^2", 1.0)
    linear: float = key("factor of x", -4.0)
    constant: float = key("value at x = 0", -1.0)


@dataclass
class Bowl(Model):
    """Keys of `model=bowl`."""

    _target_: str = key("class of the network", "seedbed.models.Bowl")
    start: list[float] = key("where x and y start", [10.0, 10.0])
    centre: list[float] = key("where the bowl is lowest", [-1.0, 0.0])
    steepness: list[float] = key("factor of the squared distance, along x and y", [1.0, 0.5])


@dataclass
class InitialWeights:
    """Keys of `initial_weights`."""

    distribution: str = key(
        "where values start: as PyTorch draws them, or standard_normal",
        "pytorch",
        one_of=("pytorch", "standard_normal"),
    )
    parameters: dict[str, Any] = key("values, or a distribution, by parameter name", {})
