"""Gradients by formula and by differences, against autograd and against the published run."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.composing import composed
from tests.experiments import curve, trained

from seedbed.errors import ConfigError
from seedbed.models import MLP, Linear
from seedbed.training.gradients import Analytic, FiniteDifference, Gradient
from seedbed.training.tasks import Multiclass, Regression

# Full-batch gradient descent on the thermometer readings: epoch, mean squared error.
PUBLISHED_LOSSES = {1: 80.36434, 100: 22.14871, 1000: 3.828539}


def filled(gradient: Gradient, net, task, inputs, targets, weight=None) -> list[torch.Tensor]:
    """Return what the gradient writes into `.grad`."""
    net.zero_grad()
    loss = task.loss(net(inputs), targets, weight)
    gradient.fill(net, task, (inputs, targets, weight), loss)
    return [parameter.grad.clone() for parameter in net.parameters()]


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 8),
    features=st.integers(1, 5),
    targets=st.integers(1, 4),
    bias=st.booleans(),
    seed=st.integers(0, 100),
)
def test_analytic_gradient_equals_autograd_for_any_shape(
    rows: int, features: int, targets: int, bias: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    net, task = Linear([features], targets, bias).double(), Regression()
    batch = torch.randn(rows, features).double(), torch.randn(rows, targets).double()
    expected = filled(Gradient(), net, task, *batch)
    for found, reference in zip(filled(Analytic(), net, task, *batch), expected, strict=True):
        torch.testing.assert_close(found, reference, rtol=1e-10, atol=1e-12)


def test_central_differences_are_exact_for_a_quadratic_loss() -> None:
    torch.manual_seed(0)
    net, task = Linear([3], 2).double(), Regression()
    batch = torch.randn(5, 3).double(), torch.randn(5, 2).double()
    expected = filled(Gradient(), net, task, *batch)
    found = filled(FiniteDifference(delta=0.7), net, task, *batch)
    for one, reference in zip(found, expected, strict=True):
        torch.testing.assert_close(one, reference, rtol=1e-9, atol=1e-11)


def test_central_differences_approximate_autograd_and_leave_the_network_unchanged() -> None:
    torch.manual_seed(1)
    net, task = MLP([4], 3, hidden=[5], activation="tanh").double(), Multiclass(3)
    batch = torch.randn(6, 4).double(), torch.tensor([0, 1, 2, 0, 1, 2])
    before = [parameter.detach().clone() for parameter in net.parameters()]
    expected = filled(Gradient(), net, task, *batch)
    found = filled(FiniteDifference(delta=1e-4), net, task, *batch)
    for one, reference in zip(found, expected, strict=True):
        torch.testing.assert_close(one, reference, rtol=1e-5, atol=1e-8)
    for parameter, value in zip(net.parameters(), before, strict=True):
        assert torch.equal(parameter, value)


def test_difference_is_0_for_a_right_and_1_for_a_doubled_gradient() -> None:
    class Twice(Analytic):
        def fill(self, net, task, batch, loss) -> None:
            super().fill(net, task, batch, loss)
            net.weight.grad *= 2

    net, task = Linear([3], 2), Regression()
    inputs, targets = torch.randn(5, 3), torch.randn(5, 2)
    for gradient, expected in ((Analytic(), 0.0), (Twice(), 1.0)):
        net.zero_grad()
        loss = task.loss(net(inputs), targets)
        found = gradient.difference(net, task, (inputs, targets, None), loss)
        assert found == pytest.approx(expected, abs=1e-5)
        # Comparing leaves no gradient behind.
        assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("way", ["autograd", "analytic", "finite_difference"])
def test_every_gradient_option_gives_the_published_thermometer_losses(
    tmp_path: Path, way: str
) -> None:
    # In double precision, so that what is compared is the gradient and not its rounding.
    overrides = ("experiment=thermometer", f"gradient={way}", "task.metrics=[]")
    trained(tmp_path, *overrides, "trainer.precision=64-true", "trainer.max_epochs=1000")
    losses = curve(tmp_path)
    for epoch, value in PUBLISHED_LOSSES.items():
        assert losses[epoch] == pytest.approx(value, rel=1e-5), epoch


@pytest.mark.parametrize("way", ["analytic", "finite_difference"])
def test_the_difference_to_autograd_is_logged_each_epoch(tmp_path: Path, way: str) -> None:
    overrides = (f"gradient={way}", "gradient.compare=true", "data.rows=5", "data.batch_size=2")
    trained(tmp_path, *overrides, "trainer.max_epochs=4", "trainer.precision=64-true")
    found = curve(tmp_path, "train/gradient_difference")
    assert list(found) == [1, 2, 3, 4]
    assert max(found.values()) < 1e-8


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("gradient=analytic", "model=mlp"), "model=linear on task.loss=mse"),
        (("gradient=analytic", "task.loss=huber"), "model=linear on task.loss=mse"),
        (("gradient=analytic", "trainer.accumulate_grad_batches=2"), "accumulate_grad_batches=1"),
        (("gradient=analytic", "trainer=ddp"), "one device"),
        (("gradient=finite_difference", "gradient.delta=0"), "above 0"),
        (("gradient=finite_difference", "gradient.delta=-1"), "above 0"),
        (("gradient=finite_difference", "trainer.precision=bf16-mixed"), "not mixed"),
    ],
)
def test_gradient_options_that_do_not_suit_the_run_are_refused(
    overrides: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        composed(*overrides)


@pytest.mark.parametrize("weight", [[1.0, 0.0, 2.5, 1.0], [0.0, 0.0, 0.0, 0.0]])
def test_gradients_follow_the_weights_of_rows(weight: list[float]) -> None:
    torch.manual_seed(0)
    net, task = Linear([3], 2).double(), Regression()
    batch = torch.randn(4, 3).double(), torch.randn(4, 2).double(), torch.tensor(weight)
    expected = filled(Gradient(), net, task, *batch)
    for gradient in (Analytic(), FiniteDifference(delta=0.5)):
        for found, reference in zip(filled(gradient, net, task, *batch), expected, strict=True):
            torch.testing.assert_close(found, reference, rtol=1e-9, atol=1e-11)
