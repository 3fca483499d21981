"""What a group of jobs is made of, against the objects of each job alone; nothing is trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from tests.composing import composed

from seedbed.config.schema.model import InitialWeights
from seedbed.config.spec import run_spec
from seedbed.data import LinearNoise
from seedbed.engines.fused.early_stopping import EarlyStoppingRule
from seedbed.engines.fused.group import Group
from seedbed.experiment import build
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of

Job = Sequence[str]
COMMON = ("trainer=cpu", "logger=none", "data=linear_noise", "data.rows=20", "data.val_size=5")
STOPS = "+callback@callbacks.early_stopping=early_stopping"
STOPPING = "callbacks.early_stopping"


def group_of(*jobs: Job, common: Job = (), points: int = 100) -> Group:
    configs = [composed(*COMMON, *common, *job) for job in jobs]
    numbers = [numbers_of(config) for config in configs]
    return make_group(run_spec(configs[0]), numbers, points)


def test_the_numbers_of_a_job() -> None:
    words = ("optimizer=adam", "optimizer.lr=0.5", "optimizer.betas=[0.7,0.8]", "seed=3")
    stopping = (STOPS, f"{STOPPING}.patience=4", f"{STOPPING}.min_delta=0.25")
    config = composed(*COMMON, *words, *stopping, "data.seed=8", "trainer.max_epochs=9")
    found = numbers_of(config)
    assert found.seed == 3
    assert (found.data["seed"], found.data["rows"], found.data["val_size"]) == (8, 20, 5)
    expected = {"lr": 0.5, "weight_decay": 0.0, "beta1": 0.7, "beta2": 0.8, "eps": 1e-8}
    assert found.optimizer == expected
    assert found.scheduler == {"_target_": None}
    assert (found.gradient_clip_val, found.max_epochs) == (None, 9)
    assert found.early_stopping == EarlyStoppingRule("val/loss", "min", min_delta=0.25, patience=4)
    assert InitialWeights(**found.initial_weights) == InitialWeights()


def test_a_number_that_is_watched_is_the_jobs_own() -> None:
    words = (
        STOPS,
        f"{STOPPING}.monitor=val/r2",
        "scheduler=plateau",
        "trainer.gradient_clip_val=2",
    )
    found = numbers_of(composed(*COMMON, *words, "optimized_metric=train/mae"))
    assert (found.early_stopping.monitor, found.early_stopping.mode) == ("val/r2", "max")
    assert (found.scheduler["monitor"], found.scheduler["mode"]) == ("train/mae", "min")
    assert found.gradient_clip_val == 2
    assert numbers_of(composed(*COMMON)).early_stopping is None


def test_a_job_that_differs_in_seed_and_optimizer_alone_is_read_in_short() -> None:
    words = ("scheduler=step", "trainer.max_epochs=9")
    like = numbers_of(composed(*COMMON, *words))
    other = composed(*COMMON, *words, "seed=4", "data.seed=5", "optimizer.momentum=0.5")
    assert numbers_of(other, like) == numbers_of(other)


def test_numbers_of_a_group_are_columns_of_the_jobs() -> None:
    group = group_of(
        ("optimizer.lr=0.1", "trainer.max_epochs=3", "seed=4"),
        ("optimizer.lr=0.2", "optimizer.weight_decay=0.5", "trainer.max_epochs=5", "seed=1"),
        common=("optimizer.momentum=0.5", "optimizer.nesterov=true"),
        points=17,
    )
    assert group.optimizer == "torch.optim.SGD"
    assert group.numbers == {
        "lr": [0.1, 0.2],
        "weight_decay": [0.0, 0.5],
        "momentum": [0.5, 0.5],
        "dampening": [0.0, 0.0],
    }
    assert group.flags == {"nesterov": True}
    assert group.rates.now().tolist() == [0.1, 0.2]
    assert list(group.max_epochs) == [3, 5]
    assert (group.monitor, group.mode) == ("val/loss", "min")
    assert (group.points, group.seed) == (17, 4)
    assert (group.stopping.rules, group.loss_numbers) == ([None, None], {})


@pytest.mark.parametrize(
    ("clips", "algorithm", "column", "by_norm"),
    [
        (("null", "null"), "norm", None, None),
        (("null", "0.5"), "norm", [np.inf, 0.5], True),
        (("2", "0.5"), "value", [2.0, 0.5], False),
    ],
)
def test_a_job_that_does_not_clip_has_infinity(
    clips: Job, algorithm: str, column: list[float] | None, by_norm: bool | None
) -> None:
    group = group_of(
        *((f"trainer.gradient_clip_val={clip}",) for clip in clips),
        common=(f"trainer.gradient_clip_algorithm={algorithm}",),
    )
    assert (group.numbers.get("clip"), group.clip_by_norm) == (column, by_norm)


@pytest.mark.parametrize(
    ("common", "monitor", "mode"),
    [
        ((), "val/loss", "min"),
        (("optimized_metric=val/r2",), "val/r2", "max"),
        (("optimized_mode=max",), "val/loss", "max"),
        (("data.val_size=0",), "train/loss", "min"),
    ],
)
def test_the_best_epoch_is_picked_as_alone(common: Job, monitor: str, mode: str) -> None:
    group = group_of((), ("seed=1",), common=common)
    assert (group.monitor, group.mode) == (monitor, mode)


def test_stopping_is_each_jobs_own() -> None:
    jobs = [(f"{STOPPING}.patience={patience}",) for patience in (1, 3)]
    group = group_of(*jobs, common=(STOPS,))
    assert [rule.patience for rule in group.stopping.rules] == [1, 3]


def test_the_loss_has_numbers_where_jobs_differ_in_them() -> None:
    jobs = [(f"task.huber_delta={delta}",) for delta in (0.5, 2, 0.5)]
    assert group_of(*jobs).loss_numbers == {"huber_delta": [0.5, 2, 0.5]}


@pytest.mark.parametrize("callback", ["checkpoint", "learning_rate"])
def test_what_callbacks_ask_for(callback: str) -> None:
    for words, present in (((), True), ((f"callbacks.{callback}=null",), False)):
        group = group_of((), ("seed=1",), common=words)
        asked = {"checkpoint": group.keeps_best, "learning_rate": group.logs_rate}
        assert asked == {**dict.fromkeys(asked, True), callback: present}


# Networks.


def test_networks_start_as_those_of_the_jobs_alone() -> None:
    jobs = [
        ("seed=1",),
        ("seed=2",),
        ("seed=2", "initial_weights.distribution=standard_normal"),
        ("seed=1", "optimizer.lr=0.5"),
        ("+initial_weights.parameters={weight: [[3.0]], bias: [4.0]}", "seed=1"),
    ]
    nets = group_of(*jobs).nets
    for job, net in zip(jobs, nets, strict=True):
        alone = build.build_net(run_spec(composed(*COMMON, *job)))
        assert_same(net, alone)
    # What starts alike is made once.
    assert nets[0] is nets[3]
    assert len({id(net) for net in nets}) == 4


def assert_same(net: torch.nn.Module, other: torch.nn.Module) -> None:
    torch.testing.assert_close(net.state_dict(), other.state_dict(), rtol=0, atol=0)


def test_frozen_parameters_take_no_gradient() -> None:
    group = group_of(("seed=1",), ("seed=2",), common=("freeze.parameters=[bias]",))
    for net in group.nets:
        assert {name: one.requires_grad for name, one in net.named_parameters()} == {
            "weight": True,
            "bias": False,
        }


# Data.


def test_tables_that_are_alike_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[Any] = []
    monkeypatch.setattr(LinearNoise, "prepare_data", lambda self: prepared.append(self))
    jobs = [
        ("data.data_seed=1", "data.seed=4"),
        ("data.data_seed=2", "data.seed=5"),
        ("data.data_seed=1", "data.seed=6", "seed=3"),
        ("data.data_seed=2", "data.split_seed=1", "data.seed=7"),
    ]
    group = group_of(*jobs, common=("trainer.precision=64-true",))
    assert list(group.data_of_job) == group.batches.which.tolist() == [0, 1, 0, 2]
    assert group.batches.seeds.tolist() == [4, 5, 6, 7]
    assert prepared == group.batches.data
    for job, place in zip(jobs, group.data_of_job, strict=True):
        alone: Any = build.build_data(run_spec(composed(*COMMON, *job)))
        alone.setup("fit")
        found = group.batches.data[place]
        assert found.fingerprint == alone.fingerprint
        for split in ("train", "val"):
            table, expected = found.table(split), alone.table(split)
            assert table.inputs.dtype == torch.float64  # as the trainer says
            torch.testing.assert_close(table.inputs.float(), expected.inputs)
            torch.testing.assert_close(table.targets.float(), expected.targets)


def test_one_table_belongs_to_all() -> None:
    group = group_of(("data.seed=4",), ("seed=6",), ("seed=7",))
    assert list(group.data_of_job) == [0, 0, 0]
    assert group.batches.seeds.tolist() == [4, 6, 7]


# Schedules.


def test_jobs_of_one_course_share_a_schedule_however_long_they_are() -> None:
    jobs = [
        ("scheduler=step", "seed=1"),
        ("scheduler=step", "seed=2"),
        ("scheduler=step", "scheduler.gamma=0.5"),
        ("scheduler=step", "trainer.max_epochs=3"),
        ("scheduler=plateau", "seed=1"),
        ("scheduler=plateau", "seed=2"),
    ]
    assert group_of(*jobs).rates.which.tolist() == [0, 0, 1, 0, 2, 3]


@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_a_schedule_is_as_long_as_its_job(interval: str) -> None:
    # 15 rows are 5 steps an epoch.
    common = ("scheduler=cosine", f"scheduler.interval={interval}", "data.batch_size=3")
    jobs = [(f"trainer.max_epochs={epochs}", "optimizer.lr=1") for epochs in (2, 4)]
    rates, running = group_of(*jobs, common=common).rates, np.array([True, True])
    for _ in range(2):
        for _ in range(5):
            rates.after_step(running)
        rates.after_epoch(running)
    # The first one is at the end of half a cosine, the other one in its middle.
    assert rates.now().tolist() == pytest.approx([0.0, 0.5], abs=1e-12)
