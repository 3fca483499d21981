"""Loss over elements of the parameters, against closed forms."""

import pytest
import torch
from torch import nn

from seedbed.analysis.landscape import losses_at
from seedbed.models import MLP, Bowl
from seedbed.training.parameters import find_element
from seedbed.training.tasks import Binary, Minimize, Regression


def test_losses_of_a_line_are_mean_squared_errors() -> None:
    torch.manual_seed(0)
    net, task = nn.Linear(1, 1).double(), Regression()
    inputs, targets = torch.randn(9, 1).double(), torch.randn(9, 1).double()
    elements = [find_element(net, name, "key") for name in ("bias", "weight")]
    points = torch.randn(25, 2).double()

    found = losses_at(net, task, (inputs, targets, None), elements, points)

    expected = [float(((w * inputs + b - targets) ** 2).mean()) for b, w in points.tolist()]
    assert found.shape == (25,)
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_all_other_elements_are_held() -> None:
    torch.manual_seed(1)
    net, task = MLP([3], 1, hidden=[4], activation="tanh"), Binary()
    inputs, targets = torch.randn(6, 3), torch.tensor([0, 1, 1, 0, 1, 0])
    elements = [
        find_element(net, "hidden_linear.weight[2,1]", "key"),
        find_element(net, "output_linear.bias", "key"),
    ]

    (found,) = losses_at(net, task, (inputs, targets, None), elements, torch.tensor([[0.3, -2.0]]))

    weight, bias = net.hidden_linear.weight.detach().clone(), torch.tensor([-2.0])
    weight[2, 1] = 0.3
    hidden = torch.tanh(inputs @ weight.T + net.hidden_linear.bias.detach())
    logits = (hidden @ net.output_linear.weight.detach().T + bias).view(-1)
    expected = nn.functional.binary_cross_entropy_with_logits(logits, targets.float())
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_loss_of_a_function_is_its_value() -> None:
    net = Bowl([10.0, 10.0], [-1.0, 0.0], [1.0, 0.5])
    elements = [find_element(net, name, "key") for name in ("x", "y")]
    nothing, points = torch.zeros(1, 0), torch.tensor([[-1.0, 0.0], [1.0, 4.0], [0.0, 2.0]])

    found = losses_at(net, Minimize(), (nothing, nothing, None), elements, points)

    assert found.tolist() == [0.0, 4.0 + 8.0, 1.0 + 2.0]


def test_the_network_is_restored_also_after_an_error() -> None:
    net = MLP([2], 1, hidden=[3])
    before = {name: value.clone() for name, value in net.state_dict().items()}
    elements = [find_element(net, "hidden_linear.weight[1,1]", "key")]
    elements.append(find_element(net, "output_linear.weight[0,2]", "key"))
    points = torch.tensor([[5.0, 6.0], [7.0, 8.0]])

    losses_at(net, Regression(), (torch.ones(4, 2), torch.ones(4, 1), None), elements, points)
    with pytest.raises(RuntimeError):
        losses_at(net, Regression(), (torch.ones(4, 9), torch.ones(4, 1), None), elements, points)

    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(one.grad is None and one.requires_grad for one in net.parameters())
