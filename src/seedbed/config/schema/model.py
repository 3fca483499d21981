"""Schema of the `model=` options: the network and its sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key
from seedbed.errors import doubled_activation

_dropout = partial(
    key, "dropout probability", 0.0, at_least=0, below=1, varies=True, independent=True
)
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "elu")


@dataclass
class Model(Schema):
    """Model: a torch.nn.Module."""

    _target_: str = key("class of the network", MISSING)


@dataclass
class Network(Model):
    """Network, which maps inputs to outputs."""

    input_shape: list[int] = key("shape of one input, taken from the data", MISSING, at_least=1)
    output_size: int = key("number of outputs per row, taken from the data", MISSING, at_least=1)
    bias: bool = key("add a learnable bias in every layer", True)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that there are no data, or data of another shape."""
        if config.data.task == "minimize":
            yield "data=none needs a function as model: model=parabola, model=bowl, or one of yours"
            return
        for name in ("input_shape", "output_size"):
            if node[name] != config.data[name]:
                asked, given = node[name], config.data[name]
                yield f"model.{name}: {asked} does not fit the data, whose data.{name} is {given}"
                return


@dataclass
class RowNetwork(Network):
    """Network of rows, some of whose last numbers may be codes of categories."""

    category_sizes: list[int] = key(
        "number of values of each of the last inputs that are codes of a category", [], at_least=1
    )
    embedding_size: int | None = key(
        "numbers that stand for a category; null: follows from its number of values",
        None,
        at_least=1,
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the data do not fit, or have other categories."""
        yield from super().problems(node, config, key)
        own = list(config.data.get("category_sizes") or [])
        if list(node.category_sizes) != own:
            yield (
                f"model.category_sizes: {list(node.category_sizes)} does not fit the data, whose "
                f"data.category_sizes is {own}"
            )


@dataclass
class Linear(RowNetwork, target="seedbed.models.Linear"):
    """Linear layer."""


@dataclass
class MLP(RowNetwork, target="seedbed.models.MLP"):
    """Multilayer perceptron."""

    hidden: list[int] = key("units of each hidden layer", [64], at_least=1, varies=True)
    hidden_size: int | None = key(
        "units of each hidden layer, in place of those in hidden; null: as hidden says",
        None,
        at_least=1,
        varies=True,
    )
    activation: str = key("activation function after each hidden layer", "relu", one_of=ACTIVATIONS)
    dropout: float = _dropout()
    apply_softmax: bool = key(
        "apply softmax to the outputs; never in front of a cross-entropy", False
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the data do not fit, or that the loss takes logits."""
        yield from super().problems(node, config, key)
        if node.apply_softmax and config.data.task in ("binary", "multiclass"):
            yield doubled_activation("model.apply_softmax", "softmax", config.task.get("loss"))


@dataclass
class CNN(Network, target="seedbed.models.CNN"):
    """Convolutional network with max pooling."""

    channels: list[int] = key("number of output channels of each convolution", [6, 12], at_least=1)
    kernel: list[int] = key("kernel size of each convolution", [5, 5], at_least=1)
    pool: int = key("kernel size of the max pooling after each convolution", 2, at_least=1)
    hidden: list[int] = key("units of each hidden linear layer", [120, 60], at_least=1, varies=True)
    activation: str = key("activation function after each hidden layer", "relu", one_of=ACTIVATIONS)
    dropout: float = _dropout()

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the data are no images, or too small for the convolutions."""
        problems = list(super().problems(node, config, key)) or list(_image_problems(node))
        yield from problems


def _image_problems(cnn: DictConfig) -> Iterator[str]:
    shape = list(cnn.input_shape)
    if len(shape) != 3:
        given = " x ".join(map(str, shape))
        yield (
            "model=cnn needs images (channels x height x width), and these data have rows of "
            f"{given}: use model=linear or model=mlp"
        )
        return
    if len(cnn.channels) != len(cnn.kernel):
        yield (
            f"model.channels has {len(cnn.channels)} entries and model.kernel "
            f"{len(cnn.kernel)}: one of each a convolution"
        )
        return
    height, width = shape[1:]
    for layer, kernel in enumerate(cnn.kernel, start=1):
        height, width = ((side - kernel + 1) // cnn.pool for side in (height, width))
        if min(height, width) < 1:
            yield f"model.kernel: nothing is left of the image after convolution {layer}"
            return


@dataclass
class Function(Model):
    """Function of its own parameters, without data."""

    option: ClassVar[str]

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that there are data."""
        if config.data.task != "minimize":
            yield f"model={cls.option} is a function without data: use data=none"


@dataclass
class Parabola(Function, target="seedbed.models.Parabola", option="parabola"):
    """Parabola: a quadratic function of x."""

    start: float = key("initial value of x", 50.0)
    quadratic: float = key("coefficient of x^2", 1.0)
    linear: float = key("coefficient of x", -4.0)
    constant: float = key("constant term", -1.0)


@dataclass
class Bowl(Function, target="seedbed.models.Bowl", option="bowl"):
    """Quadratic function of x and y."""

    start: list[float] = key("initial values of x and y", [10.0, 10.0])
    centre: list[float] = key("position of the minimum", [-1.0, 0.0])
    steepness: list[float] = key("coefficients of the squared distance along x and y", [1.0, 0.5])

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that there are data, or not two numbers for the plane."""
        yield from super().problems(node, config, key)
        for name in ("start", "centre", "steepness"):
            if len(node[name]) != 2:
                yield f"model.{name} needs two numbers, and it has {len(node[name])}"


@dataclass
class Custom(Model):
    """Network of the user's or of another package; its arguments are keys as well."""

    _target_: str = key(
        "class of the network; its arguments are added: '+model.inputs=${data.input_shape}'",
        MISSING,
    )


@dataclass
class InitialWeights(Schema):
    """Initial values of the parameters."""

    distribution: str = key(
        "initial distribution: pytorch (each layer's own), or standard_normal",
        "pytorch",
        one_of=("pytorch", "standard_normal"),
    )
    parameters: dict[str, Any] | None = key(
        "values, or a distribution, by parameter name; null: none", {}
    )
    run: str | None = key(
        "run folder, latest, or file of weights (.ckpt, .safetensors, state_dict) to start from; "
        "null: none",
        None,
        is_path=True,
    )
    checkpoint: str = key("weights of a run: best or last", "best", one_of=("best", "last"))
    only: list[str] = key(
        "glob patterns of the names of parameters and buffers that are taken from it; []: all", []
    )
    exclude: list[str] = key(
        "glob patterns of the names of parameters and buffers that are not taken", []
    )
    rename: Any = key("{old: new}, a name or prefix of names in it: that here; null: none", None)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield new names that are no names."""
        if node.rename is None:
            return
        if not isinstance(node.rename, DictConfig):
            yield f"{key}.rename: {node.rename!r} is no mapping such as {{old: new}}"
            return
        for old, new in node.rename.items():
            if not isinstance(new, str | DictConfig):
                yield f"{key}.rename: '{old!s}' becomes {new!r}, which is no name"
