"""Tasks: losses in closed form, targets in the shape of the outputs, and what a prediction is."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import vmap
from torch.nn import functional

from seedbed.errors import DataError
from seedbed.training.tasks import Binary, Multiclass, Regression, Task

shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
seeds = st.integers(0, 2**31)


def normal_numbers(seed: int, *shape: int) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# Regression


@settings(max_examples=30, deadline=None)
@given(shape=shapes, seed=seeds, delta=st.sampled_from([0.3, 1.0, 2.5]))
def test_regression_losses_equal_torch_functional(
    shape: tuple[int, int], seed: int, delta: float
) -> None:
    output, target = normal_numbers(seed, *shape), normal_numbers(seed + 1, *shape)
    references: dict[str, nn.Module] = {
        "mse": nn.MSELoss(),
        "mae": nn.L1Loss(),
        "huber": nn.HuberLoss(delta=delta),
    }

    for name, reference in references.items():
        loss = Regression(name, huber_delta=delta).loss(output, target)
        assert loss.shape == ()
        torch.testing.assert_close(loss, reference(output, target))


def test_regression_losses_are_means_over_every_element() -> None:
    output = torch.tensor([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    target = torch.tensor([[0.5, -3.0], [1.0, 2.0], [0.0, 1.0]])
    # Errors 0.5, 3, 0, 0, 0, 1 of six elements; huber with delta 1 is e^2/2 below, e - 1/2 above.
    expected = {
        "mse": (0.25 + 9 + 1) / 6,
        "mae": (0.5 + 3 + 1) / 6,
        "huber": (0.125 + 2.5 + 0.5) / 6,
    }

    for name, value in expected.items():
        assert Regression(name).loss(output, target).item() == pytest.approx(value)


@settings(max_examples=30, deadline=None)
@given(shape=shapes, seed=seeds)
def test_targets_of_another_shape_are_compared_row_by_row(
    shape: tuple[int, int], seed: int
) -> None:
    rows, size = shape
    output, target = normal_numbers(seed, rows, size), normal_numbers(seed + 1, rows, size)
    task = Regression()
    expected = sum(
        (output[row, column].item() - target[row, column].item()) ** 2
        for row in range(rows)
        for column in range(size)
    ) / (rows * size)

    others = [target.unsqueeze(1), target.reshape(rows, 1, size, 1)]
    if size == 1:
        # Against outputs (rows, 1), torch would make a table of rows x rows of these.
        others.append(target.flatten())
    for other in others:
        fitted = task.target(other, output)
        assert fitted.shape == output.shape
        assert task.loss(output, fitted).item() == pytest.approx(expected, rel=1e-5)


def test_targets_that_fit_are_left_as_they_are() -> None:
    output, target = torch.zeros(4, 2), torch.ones(4, 2)

    assert Regression().target(target, output) is target


@pytest.mark.parametrize(
    ("target_shape", "output_shape"),
    [((5,), (5, 2)), ((5, 1), (5, 2)), ((5, 2), (5, 1)), ((1,), (5, 1)), ((1, 2), (5, 2))],
)
def test_targets_of_another_size_are_refused(
    target_shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> None:
    with pytest.raises(DataError, match=r"check data\.output_size") as caught:
        Regression().target(torch.zeros(target_shape), torch.zeros(output_shape))

    assert f"targets of shape {target_shape}" in str(caught.value)
    assert f"outputs of shape {output_shape}" in str(caught.value)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
@pytest.mark.parametrize("target_type", [torch.int64, torch.float64, torch.float32])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_targets_of_any_dtype_are_accepted(
    loss: str, target_type: torch.dtype, shape: tuple[int, ...]
) -> None:
    task = Regression(loss)
    output = torch.zeros(4, 1, requires_grad=True)

    value = task.loss(output, task.target(torch.full(shape, 3, dtype=target_type), output))
    value.backward()

    # Each of the four rows: 9, 3, or 3 - 1/2; and its slope -6, -3 or -1, over four.
    expected = {"mse": (9, -1.5), "mae": (3, -0.25), "huber": (2.5, -0.25)}[loss]
    assert value.item() == expected[0]
    assert output.grad is not None
    assert output.grad.flatten().tolist() == [expected[1]] * 4


def test_a_regression_predicts_the_values_themselves() -> None:
    output = torch.randn(3, 2)

    assert Regression().prediction(output) is output


# Two classes


def test_binary_loss_in_closed_form() -> None:
    logits, classes = torch.tensor([[0.0], [2.0], [-1.0]]), torch.tensor([1, 0, 0])

    loss = Binary().loss(logits, classes)

    # -log of the probability of the right class: 1/2, 1 - sigma(2), 1 - sigma(-1).
    expected = math.log(2) + math.log(1 + math.exp(2)) + math.log(1 + math.exp(-1))
    assert loss.item() == pytest.approx(expected / 3)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 20), seed=seeds)
def test_binary_loss_equals_torch_functional(rows: int, seed: int) -> None:
    logits = normal_numbers(seed, rows, 1)
    classes = (normal_numbers(seed + 1, rows) > 0).long()

    loss = Binary().loss(logits, classes)

    assert loss.shape == ()
    torch.testing.assert_close(loss, nn.BCEWithLogitsLoss()(logits.flatten(), classes.float()))
    torch.testing.assert_close(
        loss, nn.BCELoss()(Binary().prediction(logits), classes.float()), rtol=1e-4, atol=1e-6
    )


def test_binary_loss_of_a_large_wrong_logit_is_finite() -> None:
    assert Binary().loss(torch.tensor([[200.0]]), torch.tensor([0])).item() == 200


def test_a_binary_prediction_is_the_probability_of_class_1() -> None:
    predicted = Binary().prediction(torch.tensor([[0.0], [math.log(3)], [-math.log(3)]]))

    assert predicted.tolist() == pytest.approx([0.5, 0.75, 0.25])


# Several classes


def test_multiclass_loss_in_closed_form() -> None:
    # Softmax of log p is p.
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]).log()
    classes = torch.tensor([0, 1])

    assert Multiclass(3).loss(logits, classes).item() == pytest.approx(
        -(math.log(0.5) + math.log(0.2)) / 2
    )
    # Smoothing by 0.3 puts 0.1 on every class and 0.7 more on the right one.
    smooth = -sum(
        0.7 * math.log(right) + 0.1 * sum(map(math.log, row))
        for right, row in ((0.5, (0.5, 0.25, 0.25)), (0.2, (0.1, 0.2, 0.7)))
    )
    smoothed = Multiclass(3, label_smoothing=0.3).loss(logits, classes).item()
    assert smoothed == pytest.approx(smooth / 2)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 20),
    classes=st.integers(2, 6),
    seed=seeds,
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_multiclass_loss_equals_torch_functional(
    rows: int, classes: int, seed: int, smoothing: float
) -> None:
    logits = normal_numbers(seed, rows, classes)
    target = torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(seed))

    loss = Multiclass(classes, label_smoothing=smoothing).loss(logits, target)

    assert loss.shape == ()
    torch.testing.assert_close(loss, nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, target))


def test_a_multiclass_prediction_is_the_probability_of_each_class() -> None:
    probabilities = [[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]

    # A constant on all logits of a row makes no difference.
    predicted = Multiclass(3).prediction(torch.tensor(probabilities).log() + 7)

    assert predicted.flatten().tolist() == pytest.approx([*probabilities[0], *probabilities[1]])


@pytest.mark.parametrize("task", [Binary(), Multiclass(3)])
@pytest.mark.parametrize("target_type", [torch.int64, torch.int32, torch.uint8, torch.float32])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_classes_become_a_row_of_integers(
    task: Task, target_type: torch.dtype, shape: tuple[int, ...]
) -> None:
    given_target = torch.tensor([1, 0, 1], dtype=target_type).reshape(shape)

    target = task.target(given_target, torch.zeros(3, 3))

    # A float may be a probability of class 1, and then stays one.
    assert target.dtype == (target_type if kept(task, target_type) else torch.int64)
    assert target.tolist() == [1, 0, 1]
    assert task.measured(torch.zeros(3, 3), target)[1].dtype == torch.int64


def kept(task: Task, target_type: torch.dtype) -> bool:
    return isinstance(task, Binary) and target_type.is_floating_point


# Numbers of the loss that are tensors, one for each of many jobs

DELTAS = (1e-3, 0.3, 1.0, 2.5, 1e3)
SMOOTHINGS = (0.0, 0.1, 0.5, 1.0)


def of_jobs(task: Task, name: str, values: tuple[float, ...], *batch: Tensor) -> Tensor:
    """Return the losses, (jobs,), of one batch under each of the values."""

    def of_one(value: Tensor) -> Tensor:
        return task.with_numbers({name: value}).loss(*batch)

    return vmap(of_one)(torch.tensor(values, dtype=torch.float64))


def assert_same_slopes(losses: Tensor, references: list[Tensor], output: Tensor) -> None:
    """Assert that each loss and its gradient are those of its reference."""
    assert losses.dtype == output.dtype
    for loss, reference in zip(losses, references, strict=True):
        [slope] = torch.autograd.grad(loss, output, retain_graph=True)
        [expected] = torch.autograd.grad(reference, output)
        torch.testing.assert_close((loss, slope), (reference, expected))


@settings(max_examples=30, deadline=None)
@given(shape=shapes, seed=seeds, kind=st.sampled_from([torch.float32, torch.float64]))
def test_vmapped_huber_loss_equals_torch_functional_for_each_delta(
    shape: tuple[int, int], seed: int, kind: torch.dtype
) -> None:
    output = normal_numbers(seed, *shape).to(kind).requires_grad_()
    target = normal_numbers(seed + 1, *shape).to(kind)
    references = [functional.huber_loss(output, target, delta=delta) for delta in DELTAS]

    for delta, reference in zip(DELTAS, references, strict=True):
        alone = Regression("huber", huber_delta=delta).loss(output, target)
        assert torch.equal(alone, reference)
    losses = of_jobs(Regression("huber"), "huber_delta", DELTAS, output, target)
    assert_same_slopes(losses, references, output)


@pytest.mark.parametrize("error", [0.0, 0.3, -0.3, 1.0, -1.0, 1e25, -1e25])
def test_vmapped_huber_loss_at_zero_infinite_and_boundary_errors(error: float) -> None:
    # None, those at which the tangent begins, and one whose square is infinite in float32.
    output, target = torch.tensor([[error]], requires_grad=True), torch.zeros(1, 1)
    references = [functional.huber_loss(output, target, delta=delta) for delta in DELTAS]

    losses = of_jobs(Regression("huber"), "huber_delta", DELTAS, output, target)
    assert_same_slopes(losses, references, output)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 20),
    classes=st.integers(2, 6),
    seed=seeds,
    kind=st.sampled_from([torch.float32, torch.float64]),
)
def test_vmapped_cross_entropy_equals_torch_functional_for_each_smoothing(
    rows: int, classes: int, seed: int, kind: torch.dtype
) -> None:
    logits = normal_numbers(seed, rows, classes).to(kind).requires_grad_()
    target = torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(seed))
    references = [
        functional.cross_entropy(logits, target, label_smoothing=smoothing)
        for smoothing in SMOOTHINGS
    ]

    for smoothing, reference in zip(SMOOTHINGS, references, strict=True):
        alone = Multiclass(classes, label_smoothing=smoothing).loss(logits, target)
        assert torch.equal(alone, reference)
    losses = of_jobs(Multiclass(classes), "label_smoothing", SMOOTHINGS, logits, target)
    assert_same_slopes(losses, references, logits)


def test_vmapped_cross_entropy_of_a_class_with_probability_0() -> None:
    logits = torch.tensor([[0.0, 1.0, -math.inf]], requires_grad=True)
    target = torch.tensor([0])

    references = [
        functional.cross_entropy(logits, target, label_smoothing=smoothing)
        for smoothing in (0.0, 0.2)
    ]

    losses = of_jobs(Multiclass(3), "label_smoothing", (0.0, 0.2), logits, target)
    assert losses.tolist() == [pytest.approx(math.log(1 + math.e)), math.inf]
    assert losses[1] == references[1]
    assert_same_slopes(losses[:1], references[:1], logits)


def test_with_numbers_leaves_the_original_task_unchanged() -> None:
    task = Regression("huber", huber_delta=2.0, metrics=["r2"])

    other = task.with_numbers({"huber_delta": 0.5})

    assert (task.huber_delta, other.huber_delta, other.metrics) == (2.0, 0.5, ["r2"])


# Further metrics


def test_make_torchmetrics_returns_new_objects_each_time() -> None:
    nodes: dict[str, Any] = {
        "calibration": {"_target_": "torchmetrics.classification.BinaryCalibrationError"},
        "auroc": {"_target_": "torchmetrics.classification.BinaryAUROC", "thresholds": 7},
    }
    task = Binary(metrics=["accuracy"], torchmetrics=nodes)

    first, second = task.make_torchmetrics(), task.make_torchmetrics()

    assert task.metrics == ["accuracy"]
    assert {name: type(metric).__name__ for name, metric in first.items()} == {
        "calibration": "BinaryCalibrationError",
        "auroc": "BinaryAUROC",
    }
    assert len(first["auroc"].thresholds) == 7
    # Training and validation must not count into the same sums.
    assert first["auroc"] is not second["auroc"]


@pytest.mark.parametrize("task", [Regression(), Binary(), Multiclass(2)])
def test_a_task_needs_no_metrics(task: Task) -> None:
    assert task.metrics == []
    assert task.make_torchmetrics() == {}
