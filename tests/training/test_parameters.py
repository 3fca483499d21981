"""Names in a config and the numbers of a network that they stand for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seedbed.errors import ConfigError
from seedbed.models import MLP, Parabola
from seedbed.training.parameters import (
    elements_matching,
    find_element,
    parameters_matching,
    trained_count,
)


def net() -> MLP:
    return MLP([2], 3, hidden=[4])


def test_the_numbers_that_are_trained_are_counted() -> None:
    layers = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4), nn.LazyLinear(5))
    assert trained_count(layers) == (2 + 1) * 3 + (3 + 1) * 4
    assert trained_count(layers, ["0.weight"]) == 3 + (3 + 1) * 4
    layers[1].requires_grad_(False)
    layers[0].weight = nn.Parameter(torch.ones(3, 2))
    layers.append(layers[0])  # Shared parameters count once.
    assert trained_count(layers) == (2 + 1) * 3


@settings(max_examples=30, deadline=None)
@given(
    shapes=st.lists(st.lists(st.integers(1, 3), max_size=3), min_size=1, max_size=4),
)
def test_elements_matching_lists_each_element_once_and_find_element_finds_it(
    shapes: list[list[int]],
) -> None:
    net = nn.Module()
    for number, shape in enumerate(shapes):
        net.register_parameter(f"p{number}", nn.Parameter(torch.randn(shape)))

    found = elements_matching(net, ["*"], "key")

    # The network's own order, rows before columns: that of torch's flattening.
    flat = torch.cat([parameter.detach().reshape(-1) for parameter in net.parameters()])
    assert [element.of(net).item() for element in found] == flat.tolist()
    assert len({element.text for element in found}) == len(found)
    for element in found:
        assert find_element(net, element.text, "key") == element
        values = net.get_parameter(element.name).detach()
        assert element.within(values) == element.of(net).item()


def test_an_element_shares_the_memory_of_its_parameter() -> None:
    layer = nn.Linear(3, 2)

    find_element(layer, "weight[1,2]", "key").of(layer).fill_(7.0)

    assert layer.weight[1, 2].item() == 7.0
    assert (layer.weight == 7.0).sum() == 1


@pytest.mark.parametrize(
    ("text", "name", "index"),
    [
        ("hidden_linear.weight[3,1]", "hidden_linear.weight", (3, 1)),
        (" output_linear.bias[2] ", "output_linear.bias", (2,)),
        ("hidden_linear.weight[ 0 , 1 ]", "hidden_linear.weight", (0, 1)),
    ],
)
def test_a_text_names_parameter_row_and_column(text: str, name: str, index: tuple) -> None:
    element = find_element(net(), text, "key")

    assert (element.text, element.name, element.index) == (text.strip(), name, index)


def test_a_parameter_with_one_element_needs_no_index() -> None:
    assert find_element(nn.Linear(1, 1), "weight", "key").index == (0, 0)
    assert find_element(nn.Linear(1, 1), "weight[0,0]", "key").index == (0, 0)
    assert find_element(Parabola(3.0, 1.0, 0.0, 0.0), "x", "key").index == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("output_linear.wieght[0,0]", "Did you mean 'output_linear.weight'?"),
        ("nothing", "It has: hidden_linear.weight, hidden_linear.bias"),
        ("", "has no parameter ''"),
        ("[0]", "has no parameter"),
        ("output_linear.bias[0", "has no parameter"),
        ("output_linear.bias[-1]", "is not one number"),
        ("output_linear.bias[0]x", "has no parameter"),
        ("output_linear.bias", "has shape (3,); write for instance output_linear.bias[0]"),
        ("output_linear.bias[3]", "is not one number"),
        ("output_linear.bias[,]", "is not one number"),
        ("output_linear.weight[0]", "write for instance output_linear.weight[0,0]"),
        ("output_linear.weight[0,0,0]", "is not one number"),
        ("output_linear.weight[0,4]", "has shape (3, 4)"),
        ("output_linear.weight[0 0]", "output_linear.weight[0 0]"),
    ],
)
def test_a_text_that_names_no_single_element_is_refused_with_the_key(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        find_element(net(), text, "callbacks.one.parameters")

    assert str(refused.value).startswith("callbacks.one.parameters: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("function", [nn.Linear(2, 2), nn.Linear(1, 1), Parabola(3.0, 1, 0, 0)])
def test_the_example_in_the_error_message_is_valid(function: nn.Module) -> None:
    name = next(name for name, _ in function.named_parameters())
    with pytest.raises(ConfigError) as refused:
        find_element(function, f"{name}[9,9,9]", "key")

    proposed = str(refused.value).rpartition(" ")[2]

    assert find_element(function, proposed, "key").name == name


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["*"], ["hidden_linear.weight", "hidden_linear.bias", "output_linear.weight"]),
        (["*.bias"], ["hidden_linear.bias"]),
        (["output_*", "hidden_*"], ["hidden_linear.weight", "hidden_linear.bias"]),
        (["hidden_linear.[bw]*"], ["hidden_linear.weight", "hidden_linear.bias"]),
        (["hidden_linear.bias", "*.bias"], ["hidden_linear.bias"]),
        ([], []),
    ],
)
def test_globs_return_names_once_in_the_order_of_the_network(
    patterns: list[str], names: list[str]
) -> None:
    net = MLP([2], 1, hidden=[2])
    net.output_linear.bias = None
    if "output_*" in patterns:
        names = [*names, "output_linear.weight"]

    assert parameters_matching(net, patterns, "key") == names


@pytest.mark.parametrize("pattern", ["hiden_linear.weight", "Hidden*", "weight", "bias[0]"])
def test_a_glob_that_matches_nothing_is_refused_with_the_key(pattern: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parameters_matching(net(), ["*", pattern], "freeze.parameters")

    assert str(refused.value).startswith(f"freeze.parameters: '{pattern}' matches no parameter.")
    assert "The model has: hidden_linear.weight" in str(refused.value)
