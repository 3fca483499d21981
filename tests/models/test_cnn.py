"""Convolutional networks: sizes, names, and outputs as functional calls give them."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from seedbed.models import CNN

IMAGE = [1, 28, 28]


def count(net: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def test_default_network_for_28x28_images_has_32998_parameters() -> None:
    net = CNN(IMAGE, 10, channels=[6, 12], kernel=[5, 5], hidden=[120, 60])

    # conv: 6 * 25 + 6 and 12 * 6 * 25 + 12; linear: 192 * 120 + 120, 120 * 60 + 60, 60 * 10 + 10.
    assert count(net) == 156 + 1812 + 23160 + 7260 + 610 == 32_998
    assert count(CNN(IMAGE, 10)) == 32_998


def test_parameters_are_named_by_layer() -> None:
    shapes = {name: tuple(p.shape) for name, p in CNN(IMAGE, 10).named_parameters()}

    assert shapes == {
        "convolutions.conv_1.weight": (6, 1, 5, 5),
        "convolutions.conv_1.bias": (6,),
        "convolutions.conv_2.weight": (12, 6, 5, 5),
        "convolutions.conv_2.bias": (12,),
        # Two poolings make 24 x 24 of 28 x 28 twelve, then 8 x 8 four: 12 x 4 x 4.
        "head.hidden_linear.weight": (120, 192),
        "head.hidden_linear.bias": (120,),
        "head.hidden_linear_2.weight": (60, 120),
        "head.hidden_linear_2.bias": (60,),
        "head.output_linear.weight": (10, 60),
        "head.output_linear.bias": (10,),
    }


def reference(net: CNN, images: Tensor, convolutions: int, pool: int) -> Tensor:
    """The same network from functional calls alone, with relu."""
    parameters = dict(net.named_parameters())

    def layer(name: str) -> tuple[Tensor, Tensor | None]:
        return parameters[f"{name}.weight"], parameters.get(f"{name}.bias")

    values = images
    for number in range(1, convolutions + 1):
        weight, bias = layer(f"convolutions.conv_{number}")
        values = functional.max_pool2d(functional.conv2d(values, weight, bias).relu(), pool)
    values = values.flatten(1)
    hidden = sum("hidden_linear" in name and "weight" in name for name in parameters)
    for number in range(1, hidden + 1):
        name = "head.hidden_linear" if number == 1 else f"head.hidden_linear_{number}"
        values = functional.linear(values, *layer(name)).relu()
    return functional.linear(values, *layer("head.output_linear"))


@pytest.mark.parametrize(
    ("input_shape", "channels", "kernel", "pool", "hidden", "bias"),
    [
        (IMAGE, [6, 12], [5, 5], 2, [120, 60], True),
        (IMAGE, [6, 12], [5, 5], 2, [120, 60], False),
        # Colours, unequal sides, odd sizes that pooling rounds down, layers of every number.
        ([3, 17, 23], [4], [4], 3, [], True),
        ([3, 32, 20], [4, 5, 6], [3, 2, 1], 2, [7], True),
        ([2, 6, 9], [3, 2], [3, 2], 1, [5, 4, 3], True),
    ],
)
def test_outputs_equal_torch_functional_calls(
    input_shape: list[int],
    channels: list[int],
    kernel: list[int],
    pool: int,
    hidden: list[int],
    bias: bool,
) -> None:
    torch.manual_seed(0)
    net = CNN(input_shape, 10, channels, kernel, pool, hidden, bias=bias)
    images = torch.rand(5, *input_shape)

    output = net(images)

    assert output.shape == (5, 10)
    torch.testing.assert_close(output, reference(net, images, len(channels), pool))
    assert any("bias" in name for name, _ in net.named_parameters()) == bias


def test_the_activation_is_used_in_every_layer() -> None:
    names = [type(module).__name__ for module in CNN(IMAGE, 10, activation="gelu").modules()]

    assert names.count("GELU") == 4
    assert "ReLU" not in names


def test_dropout_follows_the_hidden_linear_layers_alone() -> None:
    net = CNN(IMAGE, 10, dropout=0.5)
    dropped = [name for name, layer in net.named_modules() if isinstance(layer, torch.nn.Dropout)]

    assert dropped == ["head.hidden_dropout", "head.hidden_dropout_2"]
    images = torch.rand(3, *IMAGE)
    assert not torch.equal(net(images), net(images))
    torch.testing.assert_close(net.eval()(images), reference(net, images, 2, 2))


def test_an_empty_batch_has_an_empty_output() -> None:
    assert CNN(IMAGE, 10)(torch.zeros(0, *IMAGE)).shape == (0, 10)


def test_channels_and_kernel_must_have_equal_length() -> None:
    with pytest.raises(ValueError, match="zip"):
        CNN(IMAGE, 10, channels=[6, 12], kernel=[5])


def test_many_networks_train_as_one_program() -> None:
    nets = [CNN(IMAGE, 10) for _ in range(3)]
    images = torch.rand(3, 4, *IMAGE)
    parameters, buffers = torch.func.stack_module_state(nets)  # type: ignore[arg-type]

    def gradients(parameters: dict[str, torch.Tensor], images: torch.Tensor) -> Any:
        def loss(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
            return torch.func.functional_call(nets[0], (parameters, buffers), images).square().sum()

        return torch.func.grad(loss)(parameters)

    together = torch.func.vmap(gradients)(parameters, images)

    for number, (net, own) in enumerate(zip(nets, images, strict=True)):
        net(own).square().sum().backward()
        for name, parameter in net.named_parameters():
            torch.testing.assert_close(together[name][number], parameter.grad)
