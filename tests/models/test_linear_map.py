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


def test_a_map_of_inputs_as_they_are_equals_the_map_of_scaled_inputs() -> None:
    line = LinearMap(torch.randn(2, 3).double(), torch.randn(2).double())
    inputs, shift, scale = torch.randn(5, 3).double(), torch.randn(3).double(), torch.rand(3) + 0.1

    plain = line.of_unscaled(shift, scale)
    torch.testing.assert_close(plain.outputs(inputs), line.outputs((inputs - shift) / scale))
    torch.testing.assert_close(plain.of_scaled(shift, scale).weight, line.weight)
    torch.testing.assert_close(plain.of_scaled(shift, scale).bias, line.bias)


def test_a_map_to_scaled_outputs_is_the_scaled_map() -> None:
    line = LinearMap(torch.randn(2, 3).double(), torch.randn(2).double())
    inputs, shift, scale = torch.randn(5, 3).double(), torch.randn(2).double(), torch.rand(2) + 0.1

    scaled = line.scaled_outputs(shift, scale)
    torch.testing.assert_close(scaled.outputs(inputs), (line.outputs(inputs) - shift) / scale)
    torch.testing.assert_close(scaled.unscaled_outputs(shift, scale).weight, line.weight)
    torch.testing.assert_close(scaled.unscaled_outputs(shift, scale).bias, line.bias)


def test_inputs_of_several_dimensions_are_flattened() -> None:
    line = LinearMap(torch.randn(2, 6).double(), torch.randn(2).double())
    images = torch.randn(5, 1, 2, 3).double()

    expected = nn.functional.linear(images.reshape(5, 6), line.weight, line.bias)
    torch.testing.assert_close(line.outputs(images), expected)
