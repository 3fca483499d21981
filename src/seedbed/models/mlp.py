"""Hidden linear layers, each with an activation, and a linear output."""

from collections import OrderedDict
from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from seedbed.models.activation import activation_layer


class MLP(nn.Sequential):
    """A multilayer perceptron.

    The modules of the first hidden layer are `hidden_linear` and `hidden_activation`, of the n-th
    `hidden_linear_n` and so on; the last one is `output_linear`, unless `apply_softmax` makes
    probabilities of its logits. Takes (rows, *input_shape), returns (rows, output_size).
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
    ) -> None:
        super().__init__(hidden_layers(prod(input_shape), hidden, activation, dropout, bias))
        last = hidden[-1] if hidden else prod(input_shape)
        self.add_module("output_linear", nn.Linear(last, output_size, bias))
        if apply_softmax:
            self.add_module("output_softmax", nn.Softmax(dim=-1))

    def forward(self, input: Tensor) -> Tensor:
        """Return the outputs (logits, for classes) of a batch."""
        return super().forward(input.flatten(1) if input.dim() > 2 else input)  # type: ignore[no-any-return,no-untyped-call]


def hidden_layers(
    inputs: int, hidden: Sequence[int], activation: str, dropout: float, bias: bool
) -> "OrderedDict[str, nn.Module]":
    """Return the hidden layers by name."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, units in enumerate(hidden, start=1):
        suffix = "" if number == 1 else f"_{number}"
        layers[f"hidden_linear{suffix}"] = nn.Linear(inputs, units, bias)
        layers[f"hidden_activation{suffix}"] = activation_layer(activation)
        if dropout > 0:
            layers[f"hidden_dropout{suffix}"] = nn.Dropout(dropout)
        inputs = units
    return layers
