"""A run that follows the schedule of a trial of a population ends as that trial did."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.composing import composed
from tests.engines.fused.population.test_taking_over import COMMON, MLP, SEEDS, group_of
from tests.experiments import trained

from seedbed.config.scheduled_numbers import schedule_problems, values_at
from seedbed.engines.fused.engine import Engine

WORDS = {
    "step": ("optimizer=rmsprop", "optimizer.momentum=0.5", "scheduler=step"),
    "cosine": (
        "optimizer=sgd",
        "optimizer.momentum=0.9",
        "scheduler=cosine",
        "scheduler.interval=step",
    ),
    "plateau": ("optimizer=adam", "scheduler=plateau", "scheduler.patience=0"),
}


def word_of(schedule: list[dict[str, Any]]) -> str:
    return f"schedule={schedule}".replace("'", "").replace(" ", "")


@pytest.mark.parametrize("name", WORDS)
def test_alone_as_in_the_population(tmp_path: Path, name: str) -> None:
    words = (*WORDS[name], *MLP, "+callback@callbacks.rate=learning_rate")
    group = group_of(*words)
    outcomes = Engine(group).train()
    assert group.population is not None
    schedules = group.population.schedules()
    trial = max(range(len(schedules)), key=lambda place: len(schedules[place]))
    schedule, outcome = schedules[trial], outcomes[trial]
    assert len(schedule) > 1
    first = schedule[0]
    start = [f"{key}={value}" for key, value in first["values"].items()]
    seed = f"seed={SEEDS[first['from']]}"
    alone = trained(tmp_path / "alone", *COMMON[1:], *words, *start, seed, word_of(schedule))
    assert outcome.last is not None
    assert alone.checkpoint is not None
    assert alone.checkpoint.last is not None
    for key, value in alone.checkpoint.last.weights.items():
        torch.testing.assert_close(outcome.last.weights[key], value, rtol=1e-9, atol=1e-12)
    curves, own = outcome.curves, alone.module.curves()
    assert curves is not None
    for key, values in own.values.items():
        np.testing.assert_allclose(curves.values[key], values, rtol=1e-9, err_msg=key)


def test_the_last_entry_that_has_begun_holds() -> None:
    schedule = [{"epoch": e, "values": {"optimizer.lr": e / 10}} for e in (0, 4, 8)]
    assert [values_at(schedule, e)["optimizer.lr"] for e in (0, 3, 4, 7, 8, 99)] == [
        *(0.0, 0.0, 0.4, 0.4, 0.8, 0.8)
    ]


START = {"epoch": 0, "values": {"optimizer.lr": 1.0}}


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({}, "must be a list"),
        ([1], "entry 0: needs `epoch` and `values`"),
        ([{**START, "epoch": 3}], "the first entry must be that of epoch 0"),
        ([{**START, "values": {}}], "`values` must be"),
        ([{**START, "values": {"data.rows": 3}}], "data.rows cannot change"),
        ([{**START, "values": {"model.hidden": 3}}], "model.hidden cannot change"),
        ([{**START, "values": {"optimizer.lr": "x"}}], "'x' is no number"),
        ([START] * 2, "larger than that of the entry before"),
    ],
)
def test_what_is_no_schedule_is_told(entries: Any, told: str) -> None:
    assert told in next(schedule_problems(entries))


def test_a_job_with_a_schedule_trains_alone() -> None:
    from seedbed.sweep.planning.compatibility import why_alone

    word = word_of([{"epoch": 0, "values": {"optimizer.lr": 0.1}}])
    assert why_alone(composed(word)) == "schedule changes numbers on the way"
