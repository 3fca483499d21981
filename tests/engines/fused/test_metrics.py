"""Losses and metrics of many jobs, against `seedbed.training.metrics.EpochMetrics` of each."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seedbed.config.metrics import metrics_of
from seedbed.engines.fused import metrics as module
from seedbed.engines.fused.metrics import JobSums
from seedbed.training.metrics import METRICS, EpochMetrics

JOBS = 3
Batch = tuple[Tensor, Tensor, Tensor]


def regression(rows: int, dtype: torch.dtype) -> Batch:
    shape = (JOBS, rows, 2)
    return torch.rand(JOBS), torch.randn(shape, dtype=dtype), torch.randn(shape, dtype=dtype)


def binary(rows: int, dtype: torch.dtype) -> Batch:
    output = torch.randn(JOBS, rows, 1, dtype=dtype)
    return torch.rand(JOBS), output, torch.randint(2, (JOBS, rows))


def multiclass(rows: int, dtype: torch.dtype) -> Batch:
    # The last class is never met, by some jobs not even guessed.
    output = torch.randn(JOBS, rows, 5, dtype=dtype)
    return torch.rand(JOBS), output, torch.randint(4, (JOBS, rows))


CASES = [
    (regression, ["rmse", "mae", "r2"]),
    (binary, ["accuracy", "f1"]),
    (multiclass, ["accuracy", "f1"]),
    (regression, []),
]


@pytest.mark.parametrize("most", [1, 40, 1 << 22])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("make", "names"), CASES)
def test_sums_are_those_of_each_job(
    make, names: list[str], dtype: torch.dtype, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NUMBERS_KEPT", most)
    torch.manual_seed(len(names) + most)
    batches = [make(rows, dtype) for rows in (7, 7, 3)]
    sums = JobSums(names, {})
    for batch in batches:
        sums.add(*batch)
    found = sums.compute()
    assert list(found) == ["loss", *names]
    for job in range(JOBS):
        alone = EpochMetrics(names)
        for loss, output, target in batches:
            alone.add(loss[job], output[job], target[job], output[job])
        for name, value in alone.compute(None).items():
            assert found[name].dtype == torch.float64
            assert float(found[name][job]) == pytest.approx(value, rel=1e-12), name


numbers = st.one_of(
    st.floats(-3, 3, width=32), st.sampled_from([math.nan, math.inf, -math.inf, 1e30])
)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), rows=st.integers(1, 5), kind=st.sampled_from(["r", "b", "m"]))
def test_whatever_the_numbers_each_job_has_those_of_one_alone(
    data: st.DataObject, rows: int, kind: str
) -> None:
    width = {"r": 2, "b": 1, "m": 3}[kind]
    classes = ["accuracy", "f1", "balanced_accuracy", "auroc", "average_precision"]
    names = ["rmse", "mae", "r2", "spearman"] if kind == "r" else classes
    flat = data.draw(st.lists(numbers, min_size=JOBS * rows * width, max_size=JOBS * rows * width))
    output = torch.tensor(flat, dtype=torch.float64).view(JOBS, rows, width)
    if kind == "r":
        offset = data.draw(st.sampled_from([0.0, 1e9, 1.7e9]))
        target = offset + torch.randint(3, (JOBS, rows, width)).double()
        output = output + offset
    else:
        target = torch.randint(max(2, width), (JOBS, rows))
    sums, alone = JobSums(names), [EpochMetrics(names, rows_kept=1) for _ in range(JOBS)]
    # Side by side at once, alone row by row.
    sums.add(torch.rand(JOBS), output, target)
    for job, row in itertools.product(range(JOBS), range(rows)):
        part = output[job, row : row + 1], target[job, row : row + 1]
        alone[job].add(torch.tensor(0.0), *part, part[0])
    found = sums.compute()
    for job in range(JOBS):
        expected = alone[job].compute(None)
        for name in names:
            value = pytest.approx(expected[name], rel=1e-6, abs=1e-9, nan_ok=True)
            assert float(found[name][job]) == value, name


@pytest.mark.parametrize(("task", "width"), [("regression", 2), ("binary", 1), ("multiclass", 3)])
def test_every_metric_is_that_of_one_alone(task: str, width: int) -> None:
    names = [name for name in metrics_of(task) if name in METRICS]
    torch.manual_seed(0)
    output = torch.randn(2, JOBS, 9, width).double()
    target = torch.randint(max(2, width), (2, JOBS, 9))
    if task == "regression":
        target = output + torch.rand(2, JOBS, 9, width).double()
    sums, loss = JobSums(names, {}), torch.rand(JOBS)
    for batch in range(2):
        sums.add(loss, output[batch], target[batch])
    found = sums.compute()
    for job in range(JOBS):
        alone = EpochMetrics(names)
        for batch in range(2):
            part = output[batch, job], target[batch, job]
            alone.add(loss[job], *part, part[0])
        for name, value in alone.compute(None).items():
            known = pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)
            assert float(found[name][job]) == known, name


@pytest.mark.parametrize("most", [1, 1 << 22])
def test_what_is_recorded_serves_only_epochs_like_it(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NUMBERS_KEPT", most)
    torch.manual_seed(0)
    programs: dict = {}
    for rows, dtype in ((7, torch.float32), (3, torch.float32), (7, torch.float64)):
        recorded, called = JobSums(["rmse", "r2"], programs), JobSums(["rmse", "r2"])
        for batch in (regression(rows, dtype), regression(rows, dtype)):
            recorded.add(*batch)
            called.add(*batch)
        for name, value in called.compute().items():
            torch.testing.assert_close(recorded.compute()[name], value, rtol=1e-12, atol=0)


def test_of_one_row_r2_is_no_number() -> None:
    sums = JobSums(["r2", "rmse"])
    sums.add(*regression(1, torch.float32))
    found = sums.compute()
    assert torch.isnan(found["r2"]).all()
    assert found["r2"].shape == found["rmse"].shape == (JOBS,)


def test_a_job_that_is_not_finite_leaves_the_others() -> None:
    torch.manual_seed(0)
    loss, output, target = regression(6, torch.float64)
    clean, broken = JobSums(["rmse", "r2"]), JobSums(["rmse", "r2"])
    clean.add(loss, output, target)
    loss, output = loss.clone(), output.clone()
    loss[1], output[1] = torch.nan, torch.inf
    broken.add(loss, output, target)
    for name, value in broken.compute().items():
        assert not torch.isfinite(value[1])
        assert torch.equal(value[[0, 2]], clean.compute()[name][[0, 2]])


def test_outputs_are_kept_until_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NUMBERS_KEPT", 40)
    sums, kept = JobSums(["rmse"]), []
    for _ in range(15):
        sums.add(*regression(1, torch.float32))  # 6 numbers
        kept.append(sum(output.numel() for output, *_ in sums._kept))
    assert kept == [6, 12, 18, 24, 30, 36, 0] * 2 + [6]
