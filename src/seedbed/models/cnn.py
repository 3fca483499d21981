"""Convolutional network for images."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seedbed.models.activation import activation_layer
from seedbed.models.mlp import MLP


class CNN(nn.Module):
    """Convolutional network: convolution, activation and max pooling, repeated, then an MLP.

    Convolutions have no padding and stride 1. Images are kept in channels-last memory format, which
    is 1.6 times as fast on a CPU. The MLP is the submodule `head`.

    Args:
        input_shape: Shape of one image, (channels, height, width).
        output_size: Number of outputs: classes, or targets.
        channels: Output channels of each convolution.
        kernel: Side of the square kernel of each convolution, in pixels; as many as `channels`.
        pool: Side and stride of the max pooling, in pixels.
        hidden: Units of each hidden layer of the MLP.
        activation: Activation after each convolution and hidden layer, named as in ACTIVATIONS.
        dropout: Dropout probability after each hidden layer of the MLP.
        bias: Whether convolutions and linear layers have a bias.

    Raises:
        ValueError: `channels` and `kernel` differ in length.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        output_size: int,
        channels: Sequence[int] = (6, 12),
        kernel: Sequence[int] = (5, 5),
        pool: int = 2,
        hidden: Sequence[int] = (120, 60),
        activation: str = "relu",
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        in_channels, height, width = input_shape
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (out_channels, side) in enumerate(zip(channels, kernel, strict=True), start=1):
            layers[f"conv_{number}"] = nn.Conv2d(in_channels, out_channels, side, bias=bias)
            layers[f"activation_{number}"] = activation_layer(activation)
            layers[f"pool_{number}"] = nn.MaxPool2d(pool)
            in_channels = out_channels
            height, width = (height - side + 1) // pool, (width - side + 1) // pool
        self.convolutions = nn.Sequential(layers)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        features = (in_channels, height, width)
        self.head = MLP(features, output_size, hidden, activation, dropout, bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return logits or values, (rows, output_size), of images (rows, *input_shape)."""
        return self.head(self.convolutions(input))  # type: ignore[no-any-return]
