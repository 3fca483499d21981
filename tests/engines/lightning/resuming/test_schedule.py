"""Learning rates of a run that goes on with another schedule, beside one that always had it."""

import json
from itertools import product
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)

from seedbed.engines.lightning.resuming.schedule import ScheduleOfBefore, described
from seedbed.training.schedulers import RunLength

STEPS, ALL = 5, 9
SCHEDULES = {
    "constant": None,
    "step": lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5),
    "cosine": lambda optimizer: CosineAnnealingLR(optimizer, T_max=ALL),
    "linear": lambda optimizer: LinearLR(optimizer, start_factor=0.1, total_iters=7),
    "one_cycle": lambda optimizer: OneCycleLR(optimizer, max_lr=0.3, total_steps=ALL),
}


def stepped(schedule, rate, steps):
    """Return an optimizer of torch's own loop, its schedule, and (rate, momentum) of each step."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=rate, momentum=0.5)
    scheduler = schedule(optimizer) if schedule else None
    numbers = []
    for _ in range(steps):
        group = optimizer.param_groups[0]
        numbers.append((group["lr"], group["momentum"]))
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return optimizer, scheduler, numbers


def gone_on(before, after, interval, rate=0.2):
    """Return the numbers of the steps after a change of schedule and rate."""
    old, scheduler, _ = stepped(before, 0.1, STEPS)
    optimizer, fresh, _ = stepped(after, rate, 0)
    optimizer.load_state_dict(old.state_dict())
    trainer = SimpleNamespace(
        optimizers=[optimizer],
        lr_scheduler_configs=[SimpleNamespace(scheduler=fresh)],
        global_step=STEPS if interval == "step" else 99,
        current_epoch=STEPS if interval == "epoch" else 99,
    )
    states = [] if scheduler is None else [scheduler.state_dict()]

    def make(optimizer):
        return after and {"scheduler": after(optimizer), "interval": interval}

    ScheduleOfBefore(json.dumps({"lr": 0.1}), states).replace(trainer, make)
    numbers, scheduler = [], trainer.lr_scheduler_configs[0].scheduler
    for _ in range(ALL - STEPS):
        numbers.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return numbers


@pytest.mark.parametrize(("before", "after"), list(product(SCHEDULES, SCHEDULES)))
def test_the_rates_are_those_of_the_new_schedule_counted_from_the_start(before, after) -> None:
    _, _, expected = stepped(SCHEDULES[after], 0.2, ALL)
    for interval in ("epoch", "step"):
        numbers = gone_on(SCHEDULES[before], SCHEDULES[after], interval)
        assert numbers == expected[STEPS:], interval


def test_a_plateau_keeps_what_it_has_counted_and_reduced() -> None:
    def plateau(optimizer, patience=0):
        return ReduceLROnPlateau(optimizer, factor=0.5, patience=patience)

    old = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = plateau(old)
    for loss in (1.0, 2.0, 3.0):  # Reduced twice.
        scheduler.step(loss)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.4)
    optimizer.load_state_dict(old.state_dict())
    trainer = SimpleNamespace(
        optimizers=[optimizer], lr_scheduler_configs=[SimpleNamespace(scheduler=None)]
    )
    before = ScheduleOfBefore(json.dumps({"lr": 0.1}), [scheduler.state_dict()])
    before.replace(trainer, lambda o: {"scheduler": plateau(o, patience=3), "interval": "epoch"})
    now = trainer.lr_scheduler_configs[0].scheduler
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.4 / 4)
    assert (now.best, now.patience, now.last_epoch) == (1.0, 3, scheduler.last_epoch)


def test_a_schedule_of_the_whole_run_is_another_where_the_run_is_longer() -> None:
    options = {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "T_max": None}
    five, nine = (described(0.1, options, RunLength(epochs=epochs)) for epochs in (5, 9))
    assert five != nine
    given = {**options, "T_max": 5}
    assert described(0.1, given, RunLength(epochs=9)) == five
    assert described(0.2, options, RunLength(epochs=5)) != five
