"""Metrics against torchmetrics, however the rows are cut into batches, devices and sessions."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
import torchmetrics as tm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score
from torch import Tensor
from torchmetrics import classification as tmc

from seedbed.config.metrics import metrics_of
from seedbed.training.metrics import (
    METRICS,
    EpochMetrics,
    merged_sums,
    metric_sums,
    metric_values,
    say_out_of_range,
)

REGRESSION, CLASSES = ["rmse", "mae", "r2"], ["accuracy", "f1"]

seeds = st.integers(0, 2**31)
rows_of_any_number = st.integers(1, 40)


def regression_rows(rows: int, targets: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = 2 * torch.randn(rows, targets, generator=generator) + 5
    return target + torch.randn(rows, targets, generator=generator), target


def class_rows(rows: int, classes: int, seed: int, present: int) -> tuple[Tensor, Tensor]:
    """Logits and classes, of which only the first `present` occur or are predicted."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, classes, generator=generator)
    if classes > 1:
        logits[:, present:] -= 100
    target = torch.randint(min(present, max(classes, 2)), (rows,), generator=generator)
    return logits, target


def computed(
    names: list[str], batches: list[tuple[Tensor, Tensor]], rows_kept: int = 8192
) -> dict[str, float]:
    metrics = EpochMetrics(names, rows_kept=rows_kept)
    add_all(metrics, batches)
    return metrics.compute(None)


def add_all(metrics: EpochMetrics, batches: list[tuple[Tensor, Tensor]]) -> None:
    """Count batches; the loss of a batch is the mean of its first output column."""
    for output, target in batches:
        metrics.add(mean_loss(output), output, target, output)


def mean_loss(output: Tensor) -> Tensor:
    return output[:, 0].mean() if len(output) else output.sum() * 0.0


def cut(output: Tensor, target: Tensor, sizes: list[int]) -> list[tuple[Tensor, Tensor]]:
    """The rows in batches of these sizes, over and over."""
    batches, start, number = [], 0, 0
    while start < len(output):
        size = sizes[number % len(sizes)]
        batches.append((output[start : start + size], target[start : start + size]))
        start, number = start + size, number + 1
    return batches


def values_of(
    references: dict[str, tm.Metric], predicted: Tensor, target: Tensor
) -> dict[str, Any]:
    return {name: metric(predicted, target).item() for name, metric in references.items()}


def without_loss(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name != "loss"}


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(2, 40), targets=st.integers(1, 4), seed=seeds)
def test_regression_metrics_equal_torchmetrics(rows: int, targets: int, seed: int) -> None:
    output, target = regression_rows(rows, targets, seed)
    # Where there is next to nothing to explain, or left to explain, torchmetrics rounds r2.
    assume((target.var(0) > 0.01).all() and ((output - target).square().sum(0) > 0.01).all())
    references: dict[str, tm.Metric] = {
        "rmse": tm.MeanSquaredError(squared=False),
        "mae": tm.MeanAbsoluteError(),
        "r2": tm.R2Score(multioutput="uniform_average"),
    }

    found = without_loss(computed(REGRESSION, [(output, target)]))
    for metric in references.values():
        metric.set_dtype(torch.float64)
    expected = values_of(references, output.double(), target.double())

    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_regression_metrics_in_closed_form() -> None:
    target = torch.tensor([[1.0, 10.0], [2.0, 10.0], [3.0, 40.0]])
    output = torch.tensor([[2.0, 10.0], [2.0, 10.0], [3.0, 20.0]])

    found = without_loss(computed(REGRESSION, [(output, target)]))

    # Squares 1 and 400 of six elements; residual over total 1/2 and 400/600.
    assert found["rmse"] == pytest.approx(math.sqrt(401 / 6))
    assert found["mae"] == pytest.approx(21 / 6)
    assert found["r2"] == pytest.approx((0.5 + 1 / 3) / 2)


# Values as they come in tables: dates in seconds, counts, tiny measurements, the same thing always.
offsets = st.sampled_from([0.0, 1.0, -1e5, 1.7e9, 1e9])
sizes_of_batches = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(
    rows=st.integers(2, 40),
    targets=st.integers(1, 3),
    seed=seeds,
    offset=offsets,
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    constant=st.booleans(),
    sizes=sizes_of_batches,
    rows_kept=st.sampled_from([1, 7, 8192]),
)
def test_r2_has_its_digits_wherever_the_targets_lie(
    rows: int,
    targets: int,
    seed: int,
    offset: float,
    scale: float,
    constant: bool,
    sizes: list[int],
    rows_kept: int,
) -> None:
    made = regression_rows(rows, targets, seed)
    output, target = (offset + scale * part.double() for part in made)
    if constant:
        target[:, 0] = target[0, 0]

    found = computed(["r2"], cut(output, target, sizes), rows_kept)["r2"]

    assert found == pytest.approx(exact_r2(output, target), rel=1e-6, abs=1e-6)
    # Whose mean of constant or far targets is rounded.
    if not constant and abs(offset) <= 1e6 * scale:
        assert found == pytest.approx(r2_score(target.numpy(), output.numpy()), rel=1e-6, abs=1e-6)
    assert found <= 1


def exact_r2(output: Tensor, target: Tensor) -> float:
    """Coefficient of determination in fractions; of a constant target 1 or 0."""
    scores = []
    for column in range(target.shape[1]):
        true = [Fraction(value) for value in target[:, column].tolist()]
        predicted = [Fraction(value) for value in output[:, column].tolist()]
        mean = sum(true, Fraction()) / len(true)
        total = sum(((value - mean) ** 2 for value in true), Fraction())
        pairs = zip(true, predicted, strict=True)
        residual = sum(((one - other) ** 2 for one, other in pairs), Fraction())
        scores.append(1 - residual / total if total else Fraction(residual == 0))
    return float(sum(scores, Fraction()) / len(scores))


@pytest.mark.parametrize("kept", [1, 8192])
@pytest.mark.parametrize(("error", "expected"), [(0.0, 1.0), (1.0, 0.0), (math.nan, math.nan)])
def test_r2_of_a_constant_target_is_one_where_it_is_met_and_else_zero(
    error: float, expected: float, kept: int
) -> None:
    # A number whose multiples are rounded.
    target = torch.full((7, 1), 0.1)
    rows = cut(target + error, target, [3])

    assert computed(["r2"], rows, kept)["r2"] == pytest.approx(expected, nan_ok=True)


def test_r2_of_one_row_is_not_a_number() -> None:
    found = computed(REGRESSION, [(torch.tensor([[1.0]]), torch.tensor([[3.0]]))])

    assert math.isnan(found["r2"])
    assert (found["rmse"], found["mae"]) == (2, 2)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 12),
    seed=seeds,
    wrong=st.sampled_from([math.nan, math.inf, -math.inf, 1e200, -1e308]),
    in_target=st.booleans(),
    sizes=sizes_of_batches,
)
def test_a_regression_metric_is_right_or_no_number(
    rows: int, seed: int, wrong: float, in_target: bool, sizes: list[int]
) -> None:
    output, target = (part.double() for part in regression_rows(rows, 2, seed))
    (target if in_target else output)[seed % rows, 0] = wrong

    found = computed(REGRESSION, cut(output, target, sizes), rows_kept=1)

    error = output - target
    expected = {
        "rmse": error.square().mean().sqrt().item(),
        "mae": error.abs().mean().item(),
    }
    assert found["rmse"] == pytest.approx(expected["rmse"], nan_ok=True)
    assert found["mae"] == pytest.approx(expected["mae"], nan_ok=True)
    assert not math.isfinite(found["r2"]) or abs(wrong) < math.inf
    assert not found["r2"] > 1


@pytest.mark.parametrize("classes", [1, 3])
def test_a_logit_that_is_no_number_predicts_no_class(classes: int) -> None:
    logits, target = class_rows(9, classes, 0, 3)
    logits[4, 0] = math.nan

    found = without_loss(computed(CLASSES, cut(logits, target, [2]), rows_kept=1))

    assert all(math.isnan(value) for value in found.values())


def test_infinite_logits_predict_a_class() -> None:
    logits = torch.tensor([[math.inf, 0.0, 1.0], [0.0, -math.inf, 2.0], [0.0, 1.0, 0.5]])

    assert computed(["accuracy"], [(logits, torch.tensor([0, 2, 2]))])["accuracy"] == 2 / 3


def test_without_a_row_there_is_no_number() -> None:
    assert all(math.isnan(value) for value in EpochMetrics(REGRESSION).compute(None).values())


def test_a_metric_out_of_its_range_is_left_out_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = replace(METRICS["f1"], value=lambda sums, rows: torch.tensor(1.3))
    monkeypatch.setitem(METRICS, "f1", wrong)
    say_out_of_range.cache_clear()

    found = [computed(CLASSES, [class_rows(9, 3, 0, 3)]) for _ in range(2)]

    assert all(math.isnan(values["f1"]) and values["accuracy"] <= 1 for values in found)
    assert capsys.readouterr().err.count("f1 came out of its range, 0 to 1") == 1
    say_out_of_range.cache_clear()


@settings(max_examples=60, deadline=None)
@given(rows=rows_of_any_number, classes=st.integers(2, 6), seed=seeds, present=st.integers(1, 6))
def test_multiclass_metrics_equal_torchmetrics(
    rows: int, classes: int, seed: int, present: int
) -> None:
    logits, target = class_rows(rows, classes, seed, present)
    references = {
        "accuracy": tmc.MulticlassAccuracy(classes, average="micro"),
        # A class that neither occurs nor is predicted does not count.
        "f1": tmc.MulticlassF1Score(classes, average="macro"),
    }

    found = without_loss(computed(CLASSES, [(logits, target)]))

    assert found == pytest.approx(values_of(references, logits.softmax(-1), target), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    rows=rows_of_any_number,
    seed=seeds,
    present=st.integers(1, 2),
    shift=st.sampled_from([-50.0, 0.0, 50.0]),
)
def test_binary_metrics_equal_torchmetrics(
    rows: int, seed: int, present: int, shift: float
) -> None:
    logits, target = class_rows(rows, 1, seed, present)
    logits = logits + shift
    references = {"accuracy": tmc.BinaryAccuracy(), "f1": tmc.BinaryF1Score()}

    found = without_loss(computed(CLASSES, [(logits, target)]))

    expected = values_of(references, logits.squeeze(-1).sigmoid(), target)
    assert found == pytest.approx(expected, rel=1e-6)


def test_f1_without_any_row_of_class_1_is_zero() -> None:
    found = computed(CLASSES, [(torch.tensor([[-1.0], [-2.0]]), torch.tensor([0, 0]))])

    assert (found["accuracy"], found["f1"]) == (1, 0)


def test_f1_in_closed_form() -> None:
    predicted = torch.tensor([0, 0, 1, 1, 1, 3])
    logits = torch.nn.functional.one_hot(predicted, 4).float()
    target = torch.tensor([0, 1, 1, 1, 0, 1])

    # Class 0: 1 right, 2 predicted, 2 there; class 1: 2, 3, 4; class 3: 0, 1, 0; no class 2.
    expected = (2 / 4 + 4 / 7 + 0 / 1) / 3
    assert computed(["f1"], [(logits, target)])["f1"] == pytest.approx(expected)


def both_kinds(rows: int, seed: int) -> list[tuple[list[str], Tensor, Tensor]]:
    return [
        (REGRESSION, *regression_rows(rows, 3, seed)),
        (CLASSES, *class_rows(rows, 4, seed, 3)),
        (CLASSES, *class_rows(rows, 1, seed, 2)),
    ]


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(2, 40),
    seed=seeds,
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    rows_kept=st.sampled_from([1, 5, 17, 8192]),
)
def test_neither_batches_nor_their_order_matter(
    rows: int, seed: int, sizes: list[int], rows_kept: int
) -> None:
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))

    for names, output, target in both_kinds(rows, seed):
        whole = computed(names, [(output, target)])
        in_parts = computed(names, cut(output[order], target[order], sizes), rows_kept)
        assert in_parts == pytest.approx(whole, rel=1e-6, abs=1e-6)


def test_loss_is_the_mean_over_rows_and_not_over_batches() -> None:
    metrics = EpochMetrics([])
    for loss, rows in ((1.0, 3), (5.0, 1)):
        metrics.add(
            torch.tensor(loss), torch.zeros(rows, 1), torch.zeros(rows, 1), torch.zeros(rows)
        )

    assert metrics.compute(None) == {"loss": 2.0}


def test_an_epoch_is_forgotten() -> None:
    first, second = regression_rows(9, 2, 0), regression_rows(7, 2, 1)
    for rows_kept in (1, 100):
        metrics = EpochMetrics(REGRESSION, rows_kept=rows_kept)
        add_all(metrics, [first])
        metrics.reset()
        add_all(metrics, [second])
        assert metrics.compute(None) == pytest.approx(computed(REGRESSION, [second]))


def test_numbers_so_far_may_be_asked_for_in_between() -> None:
    output, target = regression_rows(20, 2, 3)
    metrics = EpochMetrics(REGRESSION)
    add_all(metrics, [(output[:8], target[:8])])
    so_far = metrics.compute(None)
    add_all(metrics, [(output[8:], target[8:])])

    assert so_far == pytest.approx(computed(REGRESSION, [(output[:8], target[:8])]))
    assert metrics.compute(None) == pytest.approx(computed(REGRESSION, [(output, target)]))


def on_devices(devices: list[EpochMetrics]) -> list[dict[str, float]]:
    """What each device computes where tensors are gathered from all of them, in the order asked."""
    asked: list[list[Tensor]] = []
    for device in devices:
        own: list[Tensor] = []

        def note(sums: Tensor, own: list[Tensor] = own) -> Tensor:
            own.append(sums.clone())
            return sums[None]

        device.compute(note)
        asked.append(own)
    # Every device has to ask as often, for tensors of the same shape, or they wait for ever.
    assert len({tuple(tuple(sums.shape) for sums in own) for own in asked}) == 1
    gathered = [torch.stack(parts) for parts in zip(*asked, strict=True)]

    def gatherer() -> Callable[[Tensor], Tensor]:
        remaining = iter(gathered)
        return lambda sums: next(remaining)

    return [device.compute(gatherer()) for device in devices]


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(2, 40), seed=seeds, world_size=st.integers(2, 3))
def test_several_devices_compute_the_numbers_of_one(rows: int, seed: int, world_size: int) -> None:
    for names, output, target in both_kinds(rows, seed):
        whole = computed(names, [(output, target)])
        devices = []
        for rank in range(world_size):
            device = EpochMetrics(names)
            # With more devices than rows, one has an empty batch.
            add_all(device, [(output[rank::world_size], target[rank::world_size])])
            devices.append(device)

        for found in on_devices(devices):
            assert found == pytest.approx(whole, rel=1e-6, abs=1e-6)


def saved_and_loaded(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(2, 40), seed=seeds, done=st.integers(0, 40))
def test_an_interrupted_epoch_is_taken_up(rows: int, seed: int, done: int) -> None:
    for names, output, target in both_kinds(rows, seed):
        whole = computed(names, [(output, target)])
        batches = cut(output, target, [3, 1, 4])
        interrupted = EpochMetrics(names)
        add_all(interrupted, batches[:done])
        state = saved_and_loaded(interrupted.state_dict())

        resumed = EpochMetrics(names)
        # What another epoch left behind does not count.
        add_all(resumed, batches[:1])
        resumed.load_state_dict(state)
        add_all(resumed, batches[done:])

        assert resumed.compute(None) == pytest.approx(whole, rel=1e-6, abs=1e-6)


def test_a_state_is_a_copy() -> None:
    (names, output, target), *_ = both_kinds(20, 0)
    interrupted = EpochMetrics(names)
    add_all(interrupted, [(output[:10], target[:10])])
    state = interrupted.state_dict()
    add_all(interrupted, [(output[10:], target[10:])])
    interrupted.compute(None)

    resumed = EpochMetrics(names)
    resumed.load_state_dict(state)
    assert resumed.compute(None) == pytest.approx(computed(names, [(output[:10], target[:10])]))


def count_classes(metrics: EpochMetrics, batches: list[tuple[Tensor, Tensor]]) -> None:
    for logits, target in batches:
        metrics.add(mean_loss(logits), logits, target, logits.squeeze(-1).sigmoid())


@pytest.mark.parametrize("rows_kept", [1, 10, 8192])
def test_torchmetrics_see_every_prediction_once(rows_kept: int) -> None:
    logits, target = class_rows(30, 1, 4, 2)
    metrics = EpochMetrics(["accuracy"], {"auroc": tmc.BinaryAUROC()}, rows_kept=rows_kept)
    expected = tmc.BinaryAUROC()(logits.squeeze(-1).sigmoid(), target).item()

    # An epoch before leaves nothing behind.
    count_classes(metrics, [(-logits, target)])
    metrics.reset()
    count_classes(metrics, cut(logits, target, [7]))

    assert 0.1 < expected < 0.9
    assert metrics.compute(None)["auroc"] == pytest.approx(expected)


def test_torchmetrics_of_an_interrupted_epoch_are_taken_up() -> None:
    logits, target = class_rows(30, 1, 4, 2)
    expected = tmc.BinaryAUROC()(logits.squeeze(-1).sigmoid(), target).item()
    batches = cut(logits, target, [10])
    interrupted = EpochMetrics(["accuracy"], {"auroc": tmc.BinaryAUROC()})
    count_classes(interrupted, batches[:2])

    resumed = EpochMetrics(["accuracy"], {"auroc": tmc.BinaryAUROC()})
    resumed.load_state_dict(saved_and_loaded(interrupted.state_dict()))
    count_classes(resumed, batches[2:])

    assert resumed.compute(None)["auroc"] == pytest.approx(expected)


# Rows that fill up a batch


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 12),
    seed=seeds,
    columns=st.sampled_from([("regression", 2), ("binary", 1), ("multiclass", 4)]),
    present=st.lists(st.booleans(), min_size=24, max_size=24),
)
def test_rows_that_are_not_there_count_in_no_metric(
    rows: int, seed: int, columns: tuple[str, int], present: list[bool]
) -> None:
    """Two jobs of two batches each, under vmap, whose rows differ in number."""
    task, size = columns
    names = [name for name in metrics_of(task) if name in METRICS]
    there = torch.tensor(present[: 2 * rows]).view(2, rows)
    if task == "regression":
        output, target = regression_rows(rows, size, seed)
    else:
        output, target = class_rows(rows, size, seed, max(2, size))
    filled = output.repeat(2, 1, 1)
    filled[~there] = torch.nan  # Whatever they hold.
    targets = target.repeat(2, *[1] * target.dim())

    def of_batch(output: Tensor, target: Tensor, present: Tensor) -> tuple[Tensor, ...]:
        return metric_sums(names, output, target, present)

    sums = torch.vmap(of_batch)(filled, targets, there)
    sums = merged_sums(names, sums, sums)
    values = torch.vmap(lambda sums, count: metric_values(names, sums, count))(
        sums, 2 * there.sum(dim=1)
    )
    for job, own in enumerate(there):
        if not own.any():
            continue
        twice = [(output[own], target[own])] * 2
        expected = computed(list(names), twice)
        for name, value in zip(names, values, strict=True):
            found = value[job].item()
            assert found == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True), name
