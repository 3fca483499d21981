"""Multilayer perceptron."""

from collections import OrderedDict
from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from seedbed.models.activation import activation_layer
from seedbed.models.category_embedding import embedding_of


class MLP(nn.Sequential):
    """Multilayer perceptron: hidden linear layers with an activation each, and a linear output.

    The submodules of the first hidden layer are `hidden_linear`, `hidden_activation` and
    `hidden_dropout`, those of the n-th end in `_n`; the output layer is `output_linear`.

    Args:
        input_shape: Shape of one input, which is flattened.
        output_size: Number of outputs: classes, or targets.
        hidden: Units of each hidden layer; an empty list makes a linear model.
        activation: Activation after each hidden layer, named as in ACTIVATIONS.
        dropout: Dropout probability after each hidden layer; 0 adds no layer.
        bias: Whether linear layers have a bias.
        apply_softmax: Whether outputs are probabilities, for predictions, instead of logits.
        category_sizes: Number of values of each of the last inputs that are codes of categories;
            they are embedded first, by the submodule `category_embedding`.
        embedding_size: Numbers that stand for a category; None (default) follows from its values.
        hidden_size: Units of each of the hidden layers, in place of those in `hidden`; None
            (default): as `hidden` says.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        output_size: int,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        dropout: float = 0.0,
        bias: bool = True,
        apply_softmax: bool = False,
        category_sizes: Sequence[int] = (),
        embedding_size: int | None = None,
        hidden_size: int | None = None,
    ) -> None:
        hidden = units_of(hidden, hidden_size)
        embedding, columns = embedding_of(category_sizes, embedding_size), prod(input_shape)
        inputs = embedding.output_size(columns) if embedding else columns
        first = OrderedDict[str, nn.Module](category_embedding=embedding) if embedding else {}
        hidden_layers = _hidden_layers(inputs, hidden, activation, dropout, bias)
        super().__init__(OrderedDict({**first, **hidden_layers}))
        features = hidden[-1] if hidden else inputs
        self.add_module("output_linear", nn.Linear(features, output_size, bias))
        if apply_softmax:
            self.add_module("output_softmax", nn.Softmax(dim=-1))

    def forward(self, input: Tensor) -> Tensor:
        """Return logits or values, (rows, output_size), of inputs (rows, *input_shape)."""
        return super().forward(input.flatten(1) if input.dim() > 2 else input)  # type: ignore[no-any-return,no-untyped-call]


def units_of(hidden: Sequence[int], hidden_size: int | None) -> list[int]:
    """Return the units of each hidden layer, as documented in MLP."""
    return list(hidden) if hidden_size is None else [hidden_size] * len(hidden)


def _hidden_layers(
    features: int, hidden: Sequence[int], activation: str, dropout: float, bias: bool
) -> "OrderedDict[str, nn.Module]":
    """Return the hidden layers by name, as documented in MLP."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, units in enumerate(hidden, start=1):
        suffix = "" if number == 1 else f"_{number}"
        layers[f"hidden_linear{suffix}"] = nn.Linear(features, units, bias)
        layers[f"hidden_activation{suffix}"] = activation_layer(activation)
        if dropout > 0:
            layers[f"hidden_dropout{suffix}"] = nn.Dropout(dropout)
        features = units
    return layers
