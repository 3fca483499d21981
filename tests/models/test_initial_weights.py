"""Initial weights: left as they are, drawn, or given; every mistake is named."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from seedbed.errors import ConfigError
from seedbed.models import MLP, Linear, set_initial_weights


def make_net() -> MLP:
    torch.manual_seed(5)
    return MLP([2], 1, hidden=[50])


def parameters_of(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in net.named_parameters()}


def test_distribution_pytorch_leaves_parameters_unchanged() -> None:
    net = make_net()
    before = parameters_of(net)

    set_initial_weights(net, "pytorch", {})

    for name, parameter in net.named_parameters():
        assert torch.equal(parameter, before[name])


def test_given_values_are_set_and_other_parameters_unchanged() -> None:
    net = Linear([3], 2)
    before = net.bias.detach().clone()

    set_initial_weights(net, "pytorch", {"weight": [[1, -2.5, 3], [4, 5, 6e-3]]})

    expected = torch.tensor([[1.0, -2.5, 3.0], [4.0, 5.0, 6e-3]])
    assert torch.equal(net.weight, expected)
    assert torch.equal(net.bias, before)
    # It is still the parameter that is trained.
    net(torch.ones(1, 3)).sum().backward()
    assert net.weight.grad is not None
    assert net.weight.is_leaf


def test_given_values_take_the_dtype_of_the_parameter() -> None:
    net = Linear([1], 1).double()

    set_initial_weights(net, "pytorch", {"weight": [[1 / 3]]})

    assert net.weight.dtype == torch.float64
    assert net.weight.item() == 1 / 3


def test_standard_normal_draws_every_parameter() -> None:
    torch.manual_seed(0)
    net = MLP([40], 5, hidden=[100])

    set_initial_weights(net, "standard_normal", {})

    drawn = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    # PyTorch's own values would have a standard deviation of a tenth at most.
    assert abs(drawn.mean()) < 5 / math.sqrt(len(drawn))
    assert abs(drawn.var() - 1) < 5 * math.sqrt(2 / len(drawn))
    for parameter in net.parameters():
        assert parameter.abs().max() > 0.5


def test_standard_normal_uses_torchs_global_generator() -> None:
    drawn = []
    for seed in (1, 1, 2):
        net = make_net()
        torch.manual_seed(seed)
        set_initial_weights(net, "standard_normal", {})
        drawn.append(net.get_parameter("hidden_linear.weight").detach().clone())
    torch.manual_seed(1)

    assert torch.equal(drawn[0], torch.randn(50, 2))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_a_distribution_may_be_set_for_one_parameter() -> None:
    net = make_net()
    before = parameters_of(net)

    set_initial_weights(net, "pytorch", {"hidden_linear.weight": "standard_normal"})

    after = parameters_of(net)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"hidden_linear.weight"}
    # PyTorch draws from -1/sqrt(2) to 1/sqrt(2).
    assert before["hidden_linear.weight"].abs().max() < 0.71
    assert after["hidden_linear.weight"].abs().max() > 1.5


def test_an_entry_for_a_parameter_overrides_the_distribution() -> None:
    net = make_net()
    before = parameters_of(net)

    set_initial_weights(
        net,
        "standard_normal",
        {"hidden_linear.weight": "pytorch", "output_linear.bias": [0.25]},
    )

    after = parameters_of(net)
    assert torch.equal(after["hidden_linear.weight"], before["hidden_linear.weight"])
    assert after["output_linear.bias"].tolist() == [0.25]
    for name in ("hidden_linear.bias", "output_linear.weight"):
        assert not torch.equal(after[name], before[name])


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        set_initial_weights(make_net(), "pytorch", {"hiden_linear.weight": [[1]]})

    assert str(caught.value) == (
        "initial_weights.parameters.hiden_linear.weight: the model has no such parameter. "
        "Did you mean 'hidden_linear.weight'? It has: hidden_linear.weight, hidden_linear.bias, "
        "output_linear.weight, output_linear.bias"
    )


def test_a_wrong_shape_is_refused_with_both_shapes() -> None:
    with pytest.raises(ConfigError) as caught:
        set_initial_weights(Linear([3], 2), "pytorch", {"weight": [[1, 2], [3, 4], [5, 6]]})

    assert str(caught.value) == (
        "initial_weights.parameters.weight: the values have shape (3, 2), the parameter has (2, 3)"
    )


# What copying into the parameter would spread over all of it without a word.
@pytest.mark.parametrize("value", [1.0, [1.0], [[1.0, 2.0, 3.0]], [[1.0], [2.0]]])
def test_given_values_are_not_broadcast(value: Any) -> None:
    net = Linear([3], 2)
    before = parameters_of(net)

    with pytest.raises(ConfigError, match=r"the parameter has \(2, 3\)"):
        set_initial_weights(net, "pytorch", {"weight": value})

    assert torch.equal(net.weight, before["weight"])


@pytest.mark.parametrize("value", ["normal", "standard normal", ""])
def test_an_unknown_distribution_is_refused(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        set_initial_weights(make_net(), "pytorch", {"output_linear.bias": value})

    assert str(caught.value) == (
        f"initial_weights.parameters.output_linear.bias: '{value}' is neither values nor one of "
        "pytorch, standard_normal"
    )


@pytest.mark.parametrize(
    "value", [None, [None], ["a"], [["1"]], [[1], [2, 3]], {"a": 1}, [{"a": 1}], [1, [2]]]
)
def test_values_that_are_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"parameters\.weight: not a table of numbers \(.+\)"):
        set_initial_weights(Linear([1], 2), "pytorch", {"weight": value})
