"""Multilayer perceptrons: names, shapes, and outputs as computed layer by layer."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from seedbed.config.schema.model import ACTIVATIONS as ACCEPTED
from seedbed.models import MLP
from seedbed.models.activation import ACTIVATIONS

REFERENCES: dict[str, Any] = {
    "relu": lambda x: x.clamp(min=0),
    "tanh": lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "gelu": lambda x: x * torch.special.ndtr(x),
    "silu": lambda x: x / (1 + (-x).exp()),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "elu": lambda x: torch.where(x > 0, x, x.exp() - 1),
}


def test_one_hidden_layer_has_the_documented_names() -> None:
    net = MLP([1], 1, hidden=[8], activation="tanh")

    assert [name for name, _ in net.named_children()] == [
        "hidden_linear",
        "hidden_activation",
        "output_linear",
    ]
    assert {name: tuple(p.shape) for name, p in net.named_parameters()} == {
        "hidden_linear.weight": (8, 1),
        "hidden_linear.bias": (8,),
        "output_linear.weight": (1, 8),
        "output_linear.bias": (1,),
    }


def test_further_layers_are_numbered() -> None:
    net = MLP([4], 3, hidden=[8, 6, 5], dropout=0.5)

    assert [name for name, _ in net.named_children()] == [
        *("hidden_linear", "hidden_activation", "hidden_dropout"),
        *("hidden_linear_2", "hidden_activation_2", "hidden_dropout_2"),
        *("hidden_linear_3", "hidden_activation_3", "hidden_dropout_3"),
        "output_linear",
    ]


@settings(max_examples=30, deadline=None)
@given(
    input_shape=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    output_size=st.integers(1, 4),
    rows=st.integers(0, 5),
    bias=st.booleans(),
)
def test_outputs_equal_torch_functional_calls_layer_by_layer(
    input_shape: list[int], hidden: list[int], output_size: int, rows: int, bias: bool
) -> None:
    net = MLP(input_shape, output_size, hidden, "tanh", bias=bias)
    inputs = torch.randn(rows, *input_shape)

    values = inputs.reshape(rows, torch.Size(input_shape).numel())
    parameters = dict(net.named_parameters())
    for number in range(1, len(hidden) + 1):
        layer = "hidden_linear" if number == 1 else f"hidden_linear_{number}"
        values = values @ parameters[f"{layer}.weight"].T
        values = torch.tanh(values + parameters[f"{layer}.bias"] if bias else values)
    values = values @ parameters["output_linear.weight"].T
    expected = values + parameters["output_linear.bias"] if bias else values

    output = net(inputs)

    assert output.shape == (rows, output_size)
    torch.testing.assert_close(output, expected)
    assert any("bias" in name for name in parameters) == bias


def test_the_schema_accepts_exactly_the_activations_that_exist() -> None:
    assert set(ACCEPTED) == set(ACTIVATIONS) == set(REFERENCES)


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_activations_compute_the_functions_of_their_names(name: str) -> None:
    net = MLP([1], 1, hidden=[1], activation=name).double()
    for parameter in net.parameters():
        torch.nn.init.constant_(parameter, 0.0)
    # Both layers pass on what they get: what is left is the activation.
    torch.nn.init.ones_(net.get_parameter("hidden_linear.weight"))
    torch.nn.init.ones_(net.get_parameter("output_linear.weight"))
    inputs = torch.linspace(-4, 4, 41, dtype=torch.float64).unsqueeze(1)

    torch.testing.assert_close(net(inputs), REFERENCES[name](inputs))


def test_dropout_zeroes_hidden_units_in_training_mode_only() -> None:
    torch.manual_seed(0)
    net = MLP([1], 1, hidden=[10_000], dropout=0.25)
    for parameter in net.parameters():
        torch.nn.init.constant_(parameter, 0.0)
    torch.nn.init.ones_(net.get_parameter("hidden_linear.bias"))
    torch.nn.init.ones_(net.get_parameter("output_linear.weight"))

    net(torch.zeros(1, 1)).backward()
    passed_on = net.get_parameter("hidden_linear.bias").grad

    # Every unit passes on 4/3 of its value, or with probability 1/4 nothing.
    assert passed_on is not None
    silenced = (passed_on == 0).sum().item()
    assert abs(silenced - 2500) < 5 * (10_000 * 0.25 * 0.75) ** 0.5
    assert passed_on[passed_on != 0].unique().tolist() == pytest.approx([4 / 3])
    assert net.eval()(torch.zeros(1, 1)).item() == 10_000


@settings(max_examples=20, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 5), max_size=2),
    output_size=st.integers(1, 5),
    rows=st.integers(1, 5),
    seed=st.integers(0, 100),
)
def test_apply_softmax_outputs_the_softmax_of_the_logits(
    hidden: list[int], output_size: int, rows: int, seed: int
) -> None:
    torch.manual_seed(seed)
    net = MLP([2], output_size, hidden, apply_softmax=True).double()
    torch.manual_seed(seed)
    logits_of = MLP([2], output_size, hidden).double()
    inputs = 5 * torch.randn(rows, 2).double()

    powers = logits_of(inputs).exp()

    torch.testing.assert_close(net(inputs), powers / powers.sum(dim=1, keepdim=True))
    # The layer has no parameters: one network's weights fit the other.
    assert net.state_dict().keys() == logits_of.state_dict().keys()
    assert [name for name, _ in net.named_children()][-1] == "output_softmax"
    assert [name for name, _ in logits_of.named_children()][-1] == "output_linear"


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(1)
    net = MLP([3], 2, hidden=[16, 16])

    functional.mse_loss(net(torch.randn(32, 3)), torch.randn(32, 2)).backward()

    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
