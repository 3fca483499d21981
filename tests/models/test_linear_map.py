"""Linear maps, compared with nn.Linear."""

import pytest
import torch
from torch import nn

from seedbed.models.linear_map import LinearMap


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_outputs_equal_those_of_the_layer_in_float64(bias: bool, dtype: torch.dtype) -> None:
    layer = nn.Linear(4, 3, bias).to(dtype)
    line = LinearMap.of(layer)
    inputs = torch.randn(7, 4, dtype=dtype)

    assert line.bias.shape == (3,)
    assert line.weight.dtype == line.bias.dtype == torch.float64
    torch.testing.assert_close(line.outputs(inputs), layer.double()(inputs.double()).detach())


def test_the_map_is_a_copy_of_its_layer() -> None:
    layer = nn.Linear(1, 1).double()
    line = LinearMap.of(layer)
    before = line.weight.item(), line.bias.item()

    with torch.no_grad():
        layer.weight += 1
        layer.bias += 1

    assert (line.weight.item(), line.bias.item()) == before


def test_a_rescaled_map_of_inputs_equals_the_map_of_scaled_inputs() -> None:
    factor, line = 0.25, LinearMap(torch.randn(2, 3).double(), torch.randn(2).double())
    inputs = torch.randn(5, 3).double()

    torch.testing.assert_close(line.rescaled(factor).outputs(inputs), line.outputs(factor * inputs))


def test_inputs_of_several_dimensions_are_flattened() -> None:
    line = LinearMap(torch.randn(2, 6).double(), torch.randn(2).double())
    images = torch.randn(5, 1, 2, 3).double()

    expected = nn.functional.linear(images.reshape(5, 6), line.weight, line.bias)
    torch.testing.assert_close(line.outputs(images), expected)
