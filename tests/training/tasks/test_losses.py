"""Weights of rows and of classes in the losses, against torch and scikit-learn."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.func import vmap
from torch.nn import functional

from seedbed.errors import DoesNotFit
from seedbed.training.tasks import Binary, Multiclass, Regression, Task
from seedbed.training.tasks.losses import weighted_mean

WEIGHTS = [0.5, 3.0, 1.25]


def batch(task: Task, rows: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs, targets and whole weights of rows, among them 0."""
    generator = torch.Generator().manual_seed(seed)
    columns = {Binary: 1, Multiclass: 3, Regression: 2}[type(task)]
    output = torch.randn(rows, columns, generator=generator).double()
    if isinstance(task, Regression):
        target = torch.randn(rows, columns, generator=generator).double()
    else:
        target = torch.randint(max(2, columns), (rows,), generator=generator)
    weight = torch.randint(4, (rows,), generator=generator)
    weight[0] = 2
    return output, target, weight


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 20),
    seed=st.integers(0, 2**31),
    task=st.sampled_from(
        [
            *(Regression(loss, huber_delta=0.4) for loss in ("mse", "mae", "huber")),
            *(Binary(), Binary(class_weights=WEIGHTS[:2])),
            *(Multiclass(3, label_smoothing=0.2, class_weights=w) for w in (None, WEIGHTS)),
        ]
    ),
)
def test_a_row_of_weight_3_counts_as_3_rows(rows: int, seed: int, task: Task) -> None:
    output, target, weight = batch(task, rows, seed)
    output.requires_grad_()
    repeated = task.loss(output.repeat_interleave(weight, 0), target.repeat_interleave(weight, 0))

    loss = task.loss(output, target, weight.double())

    torch.testing.assert_close(loss, repeated)
    slopes = [torch.autograd.grad(each, output)[0] for each in (loss, repeated)]
    torch.testing.assert_close(*slopes)
    # Twice the weights are the same weights.
    torch.testing.assert_close(task.loss(output, target, 2.0 * weight.float()), repeated)
    total = task.total_weight(target, weight)
    parts = [task.total_weight(target[row:][:1], weight[row:][:1]) for row in range(rows)]
    torch.testing.assert_close(total, torch.stack(parts).sum())


def test_weighted_losses_are_those_of_scikit_learn() -> None:
    for loss, expected in (("mse", mean_squared_error), ("mae", mean_absolute_error)):
        output, target, weight = batch(Regression(), 12, 0)
        value = Regression(loss).loss(output, target, weight)
        assert value.item() == pytest.approx(expected(target, output, sample_weight=weight))
    output, target, weight = batch(Binary(), 12, 0)
    probability = Binary().prediction(output)
    by_hand = log_loss(target, probability, sample_weight=weight)
    assert Binary().loss(output, target, weight).item() == pytest.approx(by_hand)
    of_classes = np.asarray(WEIGHTS)[target.numpy()] * weight.numpy()
    by_hand = log_loss(target, probability, sample_weight=of_classes)
    weighted = Binary(class_weights=WEIGHTS[:2])
    assert weighted.loss(output, target, weight).item() == pytest.approx(by_hand)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_class_weights_are_those_of_torch(smoothing: float) -> None:
    output, target, _ = batch(Multiclass(3), 20, 1)
    expected = functional.cross_entropy(
        output, target, torch.tensor(WEIGHTS).double(), label_smoothing=smoothing
    )
    task = Multiclass(3, label_smoothing=smoothing, class_weights=WEIGHTS)
    torch.testing.assert_close(task.loss(output, target), expected)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    target = torch.tensor([0, 2, 1, 1, 1, 2, 1, 1])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=target.numpy())
    [weights] = Multiclass(3, class_weights="balanced").fitted(target).values()
    np.testing.assert_allclose(weights.numpy(), expected)
    binary = Binary(class_weights="balanced").fitted(torch.tensor([[1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(binary["class_weights"].numpy(), [1.5, 0.75])
    assert Multiclass(3).fitted(target) == {}
    with pytest.raises(DoesNotFit, match="no training row is of class 1"):
        Multiclass(2, class_weights="balanced").fitted(torch.tensor([0, 0]))


def test_probabilities_as_targets_are_those_of_torch() -> None:
    output, target, weight = batch(Multiclass(3), 9, 2)
    soft = torch.softmax(torch.randn(9, 3), dim=1).double()
    task = Multiclass(3, label_smoothing=0.1)
    expected = functional.cross_entropy(output, soft, label_smoothing=0.1)
    torch.testing.assert_close(task.loss(output, task.target(soft, output)), expected)
    # Those of one class are that class, with weights too.
    task = Multiclass(3, class_weights=WEIGHTS)
    certain = functional.one_hot(target, 3).double()
    torch.testing.assert_close(
        task.loss(output, certain, weight), task.loss(output, target, weight)
    )
    assert torch.equal(task.measured(output, certain)[1], target)
    mixed = torch.tensor([[0.25], [1.0]])
    logits = torch.tensor([[0.3], [-2.0]])
    expected = functional.binary_cross_entropy_with_logits(logits, mixed)
    torch.testing.assert_close(Binary().loss(logits, Binary().target(mixed, logits)), expected)
    even = Binary(class_weights=[2.0, 2.0])
    torch.testing.assert_close(even.loss(logits, even.target(mixed, logits)), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_each_job_has_its_own_weights_under_vmap(smoothing: float) -> None:
    tasks: list[Any] = [Multiclass(3, smoothing), Binary(), Regression()]
    for task in tasks:
        output, target, weight = batch(task, 6, 3)
        weights = torch.stack((weight.double(), torch.ones(6).double(), torch.zeros(6).double()))
        classes = torch.rand(3, max(2, output.shape[1])).double()

        def of_job(weight: Tensor, classes: Tensor, task=task, output=output, target=target):
            own = task
            if not isinstance(task, Regression):
                own = task.with_numbers({"class_weights": classes})
            return own.loss(output, target, weight), own.total_weight(target, weight)

        losses, totals = vmap(of_job)(weights, classes)
        for job in range(3):
            loss, total = of_job(weights[job], classes[job])
            torch.testing.assert_close((losses[job], totals[job]), (loss, total))
        assert losses[2] == totals[2] == 0


def test_rows_without_weight_have_neither_loss_nor_slope() -> None:
    losses = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = weighted_mean(losses, torch.zeros(2))
    assert loss == 0
    assert torch.autograd.grad(loss, losses)[0].tolist() == [0, 0]
