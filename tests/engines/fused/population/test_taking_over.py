"""A population in one program trains as the same population of plain PyTorch, one by one."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from tests.composing import composed
from tests.engines.fused.comparison import LINE, MLP, QUIET, SPLIT
from torch import nn

from seedbed.config.spec import run_spec
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.population.population import Population, Rules
from seedbed.engines.fused.population.searched_number import SearchedNumber
from seedbed.runs.outcome import RunOutcome
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of

RULES = Rules(2, 0.34, (0.8, 1.25), 0.2, 5)
RATE = SearchedNumber("optimizer.lr", "rate", ("lr",), 1e-4, 1.0, log=True)
DECAY = SearchedNumber(
    "optimizer.weight_decay", "optimizer", ("weight_decay",), 1e-6, 0.5, log=True
)
CLIP = SearchedNumber("trainer.gradient_clip_val", "optimizer", ("clip",), 0.1, 10)
START = (
    {"optimizer.lr": 0.03, "optimizer.weight_decay": 0.01, "trainer.gradient_clip_val": 1.0},
    {"optimizer.lr": 0.001, "optimizer.weight_decay": 0.1, "trainer.gradient_clip_val": 0.2},
    {"optimizer.lr": 0.1, "optimizer.weight_decay": 0.001, "trainer.gradient_clip_val": 5.0},
    {"optimizer.lr": 0.0005, "optimizer.weight_decay": 0.2, "trainer.gradient_clip_val": 1.5},
    {"optimizer.lr": 0.01, "optimizer.weight_decay": 0.05, "trainer.gradient_clip_val": 0.5},
)
COMMON = (
    *QUIET, *LINE, *SPLIT, "data.rows=28", "trainer.precision=64-true",
    "trainer.max_epochs=7", "trainer.deterministic=true",
)  # fmt: skip
SEEDS = (0, 1, 2, 0, 3)


def group_of(*common: str, starts: Sequence[dict[str, Any]] = START) -> Group:
    jobs = [(*(f"{key}={value}" for key, value in own.items()),) for own in starts]
    seeds = [f"seed={seed}" for seed, _ in zip(SEEDS, starts, strict=False)]
    configs = [
        composed(*COMMON, *common, *job, seed) for job, seed in zip(jobs, seeds, strict=True)
    ]
    group = make_group(run_spec(configs[0]), [numbers_of(config) for config in configs])
    numbers = [RATE, DECAY, CLIP]
    population = Population(numbers, RULES, list(range(len(jobs))), starts, 1, 7)
    return replace(group, population=population)


SCHEDULES: dict[str, tuple[tuple[str, ...], Any]] = {
    "step": (
        ("scheduler=step", "scheduler.step_size=3", "scheduler.gamma=0.5"),
        lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5),
    ),
    "cosine": (
        ("scheduler=cosine",),
        lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 7),
    ),
    "plateau": (
        ("scheduler=plateau", "scheduler.patience=0", "scheduler.factor=0.5"),
        lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, patience=0, factor=0.5
        ),
    ),
}
OPTIMIZERS = {
    "adam": (("optimizer=adam",), torch.optim.Adam, {}),
    "sgd": (
        ("optimizer=sgd", "optimizer.momentum=0.9"), torch.optim.SGD, {"momentum": 0.9},
    ),
    "rmsprop": (
        ("optimizer=rmsprop", "optimizer.momentum=0.5"), torch.optim.RMSprop, {"momentum": 0.5},
    ),
}  # fmt: skip


class Trial:
    """Trial of plain PyTorch: a network, its optimizer and its schedule."""

    def __init__(self, net: nn.Module, values: dict[str, float], seed: int, kind: Any, more: Any,
                 schedule: Any) -> None:  # fmt: skip
        self.net, self.values, self.seed, self.losses = deepcopy(net), dict(values), seed, []
        self.optimizer = kind(
            self.net.parameters(),
            lr=values["optimizer.lr"],
            weight_decay=values["optimizer.weight_decay"],
            **more,
        )
        self.schedule = schedule(self.optimizer) if schedule else None
        self.factor = 1.0

    def step(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        nn.functional.mse_loss(self.net(inputs), targets).backward()
        largest = self.values["trainer.gradient_clip_val"]
        nn.utils.clip_grad_norm_(self.net.parameters(), largest)
        [options] = self.optimizer.param_groups
        rate = options["lr"]
        options["lr"] = rate * self.factor
        options["weight_decay"] = self.values["optimizer.weight_decay"]
        self.optimizer.step()
        options["lr"] = rate

    def take_over(self, other: "Trial", values: dict[str, float]) -> None:
        self.net.load_state_dict(other.net.state_dict())
        self.optimizer.load_state_dict(deepcopy(other.optimizer.state_dict()))
        if self.schedule is not None:
            self.schedule.load_state_dict(deepcopy(other.schedule.state_dict()))
        before = other.values["optimizer.lr"]
        self.factor = other.factor * values["optimizer.lr"] / before
        self.values, self.seed, self.losses = dict(values), other.seed, list(other.losses)


@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [
        ("sgd", "step"),
        ("rmsprop", "cosine"),
        ("adam", "plateau"),
    ],
)
def test_as_plain_pytorch(optimizer: str, schedule: str) -> None:
    words, kind, more = OPTIMIZERS[optimizer]
    own, make = SCHEDULES[schedule]
    words = (*words, *own, *MLP)
    group = group_of(*words)
    nets, population = deepcopy(group.nets), group.population
    assert population is not None
    outcomes = Engine(group).train()
    batches = group_of(*words).batches
    trials = [
        Trial(net, values, seed, kind, more, make)
        for net, values, seed in zip(nets, START, SEEDS, strict=True)
    ]
    places = {seed: place for place, seed in reversed(list(enumerate(SEEDS)))}
    for epoch in range(1, 8):
        for batch in batches.training(epoch - 1):
            for trial in trials:
                lane = places[trial.seed]
                trial.step(batch.inputs[lane], batch.targets[lane])
        for trial in trials:
            [val] = list(batches.evaluation("val"))
            loss = nn.functional.mse_loss(trial.net(val.inputs), val.targets).item()
            trial.losses.append(loss)
            if trial.schedule is not None:
                trial.schedule.step(*[loss] * (schedule == "plateau"))
        order = np.argsort([trial.losses[-1] for trial in trials]).tolist()
        known = [change for change in population.exchanges if change.epoch == epoch]
        if epoch not in (2, 4, 6):
            assert not known
            continue
        # A third of five trials, rounded up, but for who alone has the best of all.
        bests = [min(trial.losses) for trial in trials]
        holders = [place for place, best in enumerate(bests) if best == min(bests)]
        kept = holders[:1] if set(holders) <= set(order[-2:]) else []
        assert [change.trial for change in known] == sorted({*order[-2:]} - {*kept})
        changes = [(trials[c.trial], trials[c.source], c) for c in known]
        assert {change.source for change in known} <= set(order[:2])
        for trial, source, change in changes:
            assert change.score == pytest.approx(trial.losses[-1], rel=1e-9)
            for key, value in change.values.items():
                ratio = value / source.values[key]
                drawn = value not in (source.values[key] * 0.8, source.values[key] * 1.25)
                assert drawn or ratio == pytest.approx(0.8) or ratio == pytest.approx(1.25)
            trial.take_over(source, change.values)
    for trial, outcome in zip(trials, outcomes, strict=True):
        assert outcome.status == "completed"
        assert outcome.last is not None
        assert outcome.best is not None
        for name, tensor in trial.net.state_dict().items():
            torch.testing.assert_close(outcome.last.weights[name], tensor, rtol=1e-8, atol=1e-10)
        assert outcome.curves is not None
        np.testing.assert_allclose(outcome.curves.values["val/loss"], trial.losses, rtol=1e-8)
        assert outcome.best.epoch == int(np.argmin(trial.losses)) + 1


def test_a_population_goes_on_in_the_middle_to_the_bit() -> None:
    words = ("optimizer=adam", "scheduler=plateau", "scheduler.patience=0")
    whole = Engine(group_of(*words))
    expected = whole.train()
    for last in (2, 5):
        file = BytesIO()

        def stop(engine: Engine, last: int = last, file: BytesIO = file) -> None:
            if engine.epoch == last:
                torch.save(engine.state(), file)
                raise InterruptedError

        with pytest.raises(InterruptedError):
            Engine(group_of(*words)).train(stop)
        file.seek(0)
        engine = Engine(group_of(*words))
        engine.restore(torch.load(file, weights_only=True))
        assert_equal(engine.train(), expected)
        assert engine.population is not None
        assert whole.population is not None
        assert engine.population.schedules() == whole.population.schedules()


def assert_equal(outcomes: Sequence[RunOutcome], expected: Sequence[RunOutcome]) -> None:
    for outcome, other in zip(outcomes, expected, strict=True):
        for kept, known in ((outcome.best, other.best), (outcome.last, other.last)):
            assert kept is not None
            assert known is not None
            assert (kept.epoch, kept.metrics) == (known.epoch, known.metrics)
            assert all(
                torch.equal(kept.weights[name], known.weights[name]) for name in kept.weights
            )


def test_what_diverges_is_replaced_and_ends_as_the_line_that_it_took_over() -> None:
    wild = [{**START[0], "optimizer.lr": rate} for rate in (0.01, 1e200, 0.02, 1e200)]
    words = ("optimizer=sgd", "trainer.gradient_clip_val=null")
    group = group_of(*words, starts=wild)
    population = replace_numbers(group, [replace(RATE, high=1e300), DECAY])
    outcomes = Engine(replace(group, population=population)).train()
    assert [outcome.status for outcome in outcomes] == ["completed"] * 4
    assert {change.trial for change in population.exchanges if change.epoch == 2} == {1, 3}
    assert all(
        outcome.curves is not None and len(outcome.curves.epochs) == 7 for outcome in outcomes
    )


def test_all_diverge() -> None:
    group = group_of("optimizer=sgd", starts=[{**START[0], "optimizer.lr": 1e200}] * 2)
    population = replace_numbers(group, [replace(RATE, high=1e300)])
    outcomes = Engine(replace(group, population=population)).train()
    assert [outcome.status for outcome in outcomes] == ["diverged"] * 2


def replace_numbers(group: Group, numbers: list[SearchedNumber]) -> Population:
    before = group.population
    assert before is not None
    keys = {number.key for number in numbers}
    values = [{key: value for key, value in own.items() if key in keys} for own in before.values]
    return Population(numbers, RULES, before.trials, values, 1, 7)
