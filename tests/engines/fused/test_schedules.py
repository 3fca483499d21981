"""The rates of many jobs, against a schedule of torch's for each."""

from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau, StepLR

from seedbed.engines.fused.schedules import JobRates

Course = tuple[str, int]
STEPS, EPOCHS = 3, 5


def make(kind: str, length: int, optimizer: Optimizer) -> dict[str, Any] | None:
    if kind == "constant":
        return None
    if kind == "plateau":
        scheduler: Any = ReduceLROnPlateau(optimizer, factor=0.5, patience=length - 1)
        return {"scheduler": scheduler, "interval": "epoch", "monitor": "val/loss"}
    if kind == "steps":
        return {"scheduler": CosineAnnealingLR(optimizer, length), "interval": "step"}
    return {"scheduler": StepLR(optimizer, length, 0.5), "interval": "epoch"}


def alone(kind: str, length: int, rate: float, losses: list[float]) -> list[float]:
    """Return the rate of every step of a job."""
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=rate)
    schedule = make(kind, length, optimizer)
    rates = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if kind == "steps":
                schedule["scheduler"].step()
        if kind == "epochs":
            schedule["scheduler"].step()
        if kind == "plateau":
            schedule["scheduler"].step(losses[epoch])
    return rates


JOBS = [
    (kind, length, rate)
    for kind, length in (
        *(("constant", 1), ("steps", 7), ("steps", 30), ("epochs", 2), ("plateau", 1)),
        *(("plateau", 2), ("epochs", 1)),
    )
    for rate in (0.1, 0.3)
]


def rates_of(jobs: list[tuple[str, int, float]]) -> JobRates:
    own = [number if kind == "plateau" else None for number, (kind, _, _) in enumerate(jobs)]
    return JobRates(
        [rate for _, _, rate in jobs],
        [partial(make, kind, length) for kind, length, _ in jobs],
        [(kind, length, one) for (kind, length, _), one in zip(jobs, own, strict=True)],
    )


def run(jobs: list[tuple[str, int, float]], losses: np.ndarray, keep_at: int | None) -> np.ndarray:
    """Return the rates (steps, jobs); from `keep_at` on every second job is left out (nan)."""
    rates, rows = rates_of(jobs), np.arange(len(jobs))
    found = []
    for epoch in range(EPOCHS):
        if epoch == keep_at:
            rows = rows[::2]
            rates.keep(rows)
        running = np.ones(len(rows), dtype=bool)
        for _ in range(STEPS):
            now = np.full(len(jobs), np.nan)
            now[rows] = rates.now()
            column = rates.column(torch.device("cpu"))
            assert column.dtype == torch.float64
            assert column.squeeze(1).tolist() == now[rows].tolist()
            found.append(now)
            rates.after_step(running)
        rates.after_epoch(running)
        measured = {"val/loss": losses[epoch, rows], "train/loss": losses[0, rows]}
        rates.after_validation(measured, running)
    return np.array(found)


@pytest.mark.filterwarnings("error")  # torch warns of a schedule that steps before its optimizer.
@pytest.mark.parametrize("keep_at", [None, 1, 3])
def test_the_rates_are_those_of_each_jobs_own_schedule(keep_at: int | None) -> None:
    losses = np.random.default_rng(0).random((EPOCHS, len(JOBS)))
    found = run(JOBS, losses, keep_at)
    for number, (kind, length, rate) in enumerate(JOBS):
        expected = alone(kind, length, rate, losses[:, number].tolist())
        here = found[:, number]
        seen = ~np.isnan(here)
        assert seen.all() or keep_at is not None
        np.testing.assert_allclose(here[seen], np.array(expected)[seen], rtol=1e-12)


def test_jobs_of_one_rate_and_course_share_a_schedule() -> None:
    rates = rates_of([("epochs", 2, 0.1)] * 5 + [("epochs", 2, 0.2), ("plateau", 1, 0.1)] * 2)
    assert len(rates._schedules) == 4


def test_a_schedule_that_watches_waits_for_its_metric() -> None:
    rates = rates_of([("plateau", 1, 0.1)])
    for _ in range(5):
        rates.after_epoch(np.array([True]))
        rates.after_validation({"train/loss": np.array([1.0])}, np.array([True]))
    assert rates.now().tolist() == [0.1]


def test_the_column_is_that_of_the_jobs_that_go_on() -> None:
    rates = rates_of([("constant", 1, 0.1), ("constant", 1, 0.2), ("constant", 1, 0.3)])
    cpu = torch.device("cpu")
    assert rates.column(cpu).tolist() == [[0.1], [0.2], [0.3]]
    rates.keep(np.array([2, 1]))
    assert rates.column(cpu).tolist() == [[0.3], [0.2]]


def test_a_schedule_of_known_length_ends_with_its_job() -> None:
    # Torch raises where it goes on for longer.
    short, long = (partial(one_cycle, steps) for steps in (2, 4))
    rates = JobRates([0.1, 0.1], [short, long], [2, 4])
    for step in range(4):
        rates.after_step(np.array([step < 2, True]))
    assert rates.now().tolist() == [one_cycle_rate(2), one_cycle_rate(4)]


def one_cycle_rate(steps: int) -> float:
    """Return the rate after all steps of a cycle."""
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = one_cycle(steps, optimizer)["scheduler"]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
    return float(optimizer.param_groups[0]["lr"])


def one_cycle(steps: int, optimizer: Optimizer) -> dict[str, Any]:
    scheduler = OneCycleLR(optimizer, 0.1, total_steps=steps, cycle_momentum=False)
    return {"scheduler": scheduler, "interval": "step"}


@pytest.mark.parametrize("saved_at", range(1, EPOCHS))
def test_saved_rates_go_on_as_they_would_have(saved_at: int) -> None:
    losses = np.random.default_rng(1).random((EPOCHS, len(JOBS)))
    running, cpu = np.ones(len(JOBS), dtype=bool), torch.device("cpu")

    def train(rates: JobRates, epochs: range) -> list[list[float]]:
        found = []
        for epoch in epochs:
            for _ in range(STEPS):
                found.append(rates.column(cpu).flatten().tolist())
                rates.after_step(running)
            rates.after_epoch(running)
            rates.after_validation({"val/loss": losses[epoch]}, running)
        return found

    undisturbed = train(rates_of(JOBS), range(EPOCHS))
    saved = rates_of(JOBS)
    train(saved, range(saved_at))
    later = rates_of(JOBS)
    later.column(cpu)
    later.restore(deepcopy(saved.state()), saved_at, [STEPS] * len(JOBS))
    assert train(later, range(saved_at, EPOCHS)) == undisturbed[saved_at * STEPS :]
