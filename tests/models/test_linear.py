"""One linear layer: x W^T + b on flattened rows."""

import pytest
import torch
from torch.nn import functional

from seedbed.models import Linear


def test_parameters_are_weight_and_bias_of_one_layer() -> None:
    shapes = {name: tuple(p.shape) for name, p in Linear([3], 2).named_parameters()}

    assert shapes == {"weight": (2, 3), "bias": (2,)}


def test_without_bias_the_weight_is_the_only_parameter() -> None:
    net = Linear([3], 2, bias=False)

    assert [name for name, _ in net.named_parameters()] == ["weight"]
    inputs = torch.rand(4, 3)
    torch.testing.assert_close(net(inputs), inputs @ net.weight.T)


@pytest.mark.parametrize("input_shape", [[1], [3], [1, 4, 5], [2, 3]])
def test_outputs_are_the_linear_map_of_flattened_inputs(input_shape: list[int]) -> None:
    net = Linear(input_shape, 2)
    inputs = torch.randn(7, *input_shape)

    output = net(inputs)

    assert output.shape == (7, 2)
    torch.testing.assert_close(output, inputs.reshape(7, -1) @ net.weight.T + net.bias)


def test_initial_values_are_those_of_nn_linear() -> None:
    torch.manual_seed(3)
    net = Linear([4], 2)
    torch.manual_seed(3)
    reference = torch.nn.Linear(4, 2)

    assert torch.equal(net.weight, reference.weight)
    inputs = torch.randn(5, 4)
    assert torch.equal(net(inputs), functional.linear(inputs, reference.weight, reference.bias))


def test_each_output_depends_on_its_own_row_alone() -> None:
    net, inputs = Linear([1, 2, 2], 3), torch.randn(6, 1, 2, 2)

    torch.testing.assert_close(net(inputs)[2:3], net(inputs[2:3]))


def test_an_empty_batch_has_an_empty_output() -> None:
    assert Linear([2, 2], 3)(torch.zeros(0, 2, 2)).shape == (0, 3)
