"""Jobs that train side by side end as the same jobs do alone: weights, metrics, stops, errors."""

import gc
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.composing import composed
from tests.engines.fused.comparison import (
    BLOBS,
    DOUBLE,
    EPOCHS,
    LINE,
    MLP,
    QUIET,
    RATES,
    SPLIT,
    STOPS,
    TWO,
    Job,
    assert_as_alone,
    assert_close,
    compare,
    metrics_of,
    together,
)
from tests.experiments import events, record, trained
from torch import nn

from seedbed.config.spec import run_spec
from seedbed.engines.fused import engine as engine_module
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.sweep.planning.compatibility import why_alone
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of
from seedbed.training.metrics import LEARNING_RATE


@pytest.fixture(autouse=True)
def _no_garbage_collection() -> Iterator[None]:
    gc.disable()  # A quarter faster: configs and programs are many small objects.
    yield
    gc.enable()


IMPATIENT = ("callbacks.early_stopping.patience=1", "callbacks.early_stopping.min_delta=10")
OPTIMIZERS = {
    "sgd": ("optimizer=sgd",),
    "sgd with momentum": ("optimizer=sgd", "optimizer.momentum=0.9", "optimizer.dampening=0.1"),
    "nesterov": ("optimizer=sgd", "optimizer.momentum=0.8", "optimizer.nesterov=true"),
    "adam": ("optimizer=adam", "optimizer.weight_decay=0.1"),
    "amsgrad": ("optimizer=adam", "optimizer.amsgrad=true", "optimizer.betas=[0.8,0.9]"),
    "adamw": ("optimizer=adamw",),
    "adamw with amsgrad": ("optimizer=adamw", "optimizer.amsgrad=true"),
    "rmsprop": ("optimizer=rmsprop", "optimizer.momentum=0.5"),
    "centered": ("optimizer=rmsprop", "optimizer.centered=true", "optimizer.eps=1e-4"),
    "adagrad": ("optimizer=adagrad", "optimizer.lr_decay=0.1", "optimizer.weight_decay=0.1"),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(tmp_path: Path, name: str) -> None:
    compare(tmp_path, (*LINE, *MLP, *OPTIMIZERS[name], DOUBLE), RATES[1:])


def test_hidden_sizes_are_each_jobs_own(tmp_path: Path) -> None:
    jobs = (
        ("model.hidden=[3,8]", "trainer.gradient_clip_val=0.05"),
        ("model.hidden=[9,2]", "optimizer.weight_decay=0.3", STOPS, *IMPATIENT),
        ("model.hidden_size=4", "seed=1", "trainer.max_epochs=5"),
    )
    common = (*BLOBS, *SPLIT, "model=mlp", "model.hidden=[1,1]", "model.activation=sigmoid")
    outcomes = compare(tmp_path, (*common, "optimizer=adamw", EPOCHS, DOUBLE), jobs)
    assert outcomes[1].last is not None
    assert outcomes[1].last.weights["hidden_linear_2.weight"].shape == (2, 9)
    assert outcomes[1].stopped is not None


def test_hyperparameters_are_each_jobs_own(tmp_path: Path) -> None:
    jobs = (
        ("optimizer.momentum=0",),
        ("optimizer.momentum=0.9", "optimizer.weight_decay=0.5", "optimizer.dampening=0.2"),
        ("optimizer.momentum=0", "optimizer.dampening=0.7", "optimizer.lr=0.02"),
        ("optimizer.momentum=0.5", "optimizer.lr=0"),
    )
    compare(tmp_path, (*LINE, *MLP, "optimizer.lr=0.05", DOUBLE), jobs)


SCHEDULERS = {
    "step": ("scheduler=step", "scheduler.step_size=2", "scheduler.gamma=0.3"),
    "step by step": ("scheduler=step", "scheduler.interval=step", "scheduler.step_size=4"),
    "cosine": ("scheduler=cosine",),
    "cosine by step": ("scheduler=cosine", "scheduler.interval=step", "scheduler.eta_min=1e-3"),
    "one cycle": ("scheduler=one_cycle",),
    "one cycle by epoch": ("scheduler=one_cycle", "scheduler.interval=epoch"),
    "warmup": ("scheduler=warmup", "scheduler.total_iters=2"),
    "warmup by step": ("scheduler=warmup", "scheduler.interval=step"),
    "warmup cosine": ("scheduler=warmup_cosine", "scheduler.warmup_iters=1"),
    "plateau": ("scheduler=plateau", "scheduler.patience=0", "scheduler.threshold=0.3"),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler(tmp_path: Path, name: str) -> None:
    common = (*LINE, *SPLIT, *SCHEDULERS[name], DOUBLE, "trainer.max_epochs=4")
    compare(tmp_path, common, (RATES[0], (*RATES[1], "trainer.max_epochs=3")))


def test_schedules_of_different_kinds_train_together(tmp_path: Path) -> None:
    jobs = (*SCHEDULERS.values(), ("scheduler=constant",))
    common = (*LINE, DOUBLE, "trainer.max_epochs=4")
    outcomes = together(tmp_path, common, [(*job, "optimizer.lr=0.02") for job in jobs])
    for number in (1, 4, 9, 10):
        words = (*common, *jobs[number], "optimizer.lr=0.02")
        assert_as_alone(tmp_path / str(number), outcomes[number], 1e-9, *words)


TASKS = {
    "mse": LINE,
    "mae": (*LINE, "task.loss=mae", "data.targets=2"),
    "huber": (*LINE, "task.loss=huber", "task.huber_delta=0.05"),
    "no metrics": (*LINE, "task.metrics=[]"),
    "binary": TWO,
    "xor": (*TWO, "data.layout=xor"),
    "multiclass": BLOBS,
    "label smoothing": (*BLOBS, "task.label_smoothing=0.2"),
    "crop yield": ("data=crop_yield", "optimizer.lr=1e-5"),
}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        *((name, "linear") for name in TASKS),
        *((name, "mlp") for name in ("mae", "xor", "multiclass")),
    ],
)
def test_every_task(tmp_path: Path, name: str, model: str) -> None:
    network = ("model=linear",) if model == "linear" else MLP
    jobs = (("seed=1", "optimizer.lr=1e-5"), ("seed=2", "optimizer.lr=3e-6"))
    jobs = jobs if name == "crop yield" else RATES[1:]
    compare(tmp_path, (*TASKS[name], *network, *SPLIT), jobs)


def test_double_precision_agrees_to_many_digits(tmp_path: Path) -> None:
    compare(tmp_path, (*BLOBS, *MLP, *SPLIT, "optimizer=adam", DOUBLE), RATES[:2])


SHAPES = {
    "a smaller last batch": (*LINE, *MLP, *SPLIT, "data.batch_size=5"),
    "shares of the rows": (*LINE, "data.val_size=0.3", "data.test_size=0.1"),
    "all rows a step": (*LINE, "data.batch_size=null"),
    "more rows a step than there are": (*LINE, "data.batch_size=500"),
    "one row a step": (*LINE, "data.rows=7", "data.batch_size=1"),
    "no shuffling": (*LINE, "data.shuffle=false"),
    "no smaller last batch": (*LINE, "data.drop_last=true", "data.batch_size=7"),
    "no smaller last batch of few rows": (*LINE, "data.drop_last=true", "data.batch_size=50"),
    "scaled inputs": (*LINE, "data.input_scale=max", *SPLIT),
    "a stream": (*TWO, "data.sample=stream", "data.val_size=4", "data.batches_per_epoch=3"),
    "no bias": (*LINE, *MLP, "model.bias=false"),
    "two layers": (*LINE, "model=mlp", "model.hidden=[3,4]", "model.activation=gelu"),
    "frozen": (*LINE, *MLP, "freeze.parameters=['hidden*.weight']", "optimizer.weight_decay=0.5"),
    "the best accuracy": (*TWO, *SPLIT, "optimized_metric=val/accuracy"),
    "the best of training": (*TWO, *SPLIT, "optimized_metric=train/f1"),
    "the worst loss": (*LINE, "optimized_mode=max"),
    "clipped by norm": (*LINE, *MLP, "trainer.gradient_clip_val=0.05"),
    "clipped by value": (
        *(*LINE, *MLP, "trainer.gradient_clip_val=0.05"),
        "trainer.gradient_clip_algorithm=value",
    ),
    "standard normal": (*LINE, *MLP, "initial_weights.distribution=standard_normal"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_all_jobs_share(tmp_path: Path, name: str) -> None:
    compare(tmp_path, (*SHAPES[name], DOUBLE), RATES[:2])


OWN = {
    "split seeds": (SPLIT, ("data.split_seed=1",), ("data.split_seed=5",)),
    "data seeds": (SPLIT, ("data.data_seed=1",), ("data.data_seed=5", "data.split_seed=2")),
    "noise": ((), ("data.noise=0",), ("data.noise=2",)),
    "orders": ((), ("data.seed=4",), ("seed=4", "data.seed=1")),
    "input scales": ((), ("data.input_scale=max",), ("data.input_scale=0.5",), ()),
    "clipping": ((), ("trainer.gradient_clip_val=0.01",), (), ("trainer.gradient_clip_val=1",)),
    "clipping by value": (
        ("trainer.gradient_clip_algorithm=value",),
        ("trainer.gradient_clip_val=0.01",),
        (),
    ),
    "lengths": (SPLIT, *((f"trainer.max_epochs={n}", f"seed={n}") for n in (4, 1, 2, 1, 1))),
    "lengths of schedules": (
        ("scheduler=cosine", "scheduler.interval=step"),
        ("trainer.max_epochs=2",),
        ("trainer.max_epochs=4",),
    ),
    "initial weights": (
        (),
        ("+initial_weights.parameters={weight: [[1.0, 2.0]], bias: [0.5]}",),
        ("+initial_weights.parameters={weight: standard_normal}", "seed=3"),
        ("initial_weights.distribution=standard_normal",),
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_what_each_job_has_for_itself(tmp_path: Path, name: str) -> None:
    common, *jobs = OWN[name]
    compare(tmp_path, (*LINE, DOUBLE, "optimizer.lr=0.05", *common), jobs)


def test_each_job_starts_from_the_weights_of_its_file(tmp_path: Path) -> None:
    net = trained(tmp_path / "a", *QUIET, *LINE, *MLP, EPOCHS, "seed=9").module.net
    torch.save({k: 2 * v for k, v in net.state_dict().items()}, tmp_path / "b.pt")
    common = (*LINE, *MLP, *SPLIT, DOUBLE, "freeze.parameters=['hidden*']")
    run = "initial_weights.run="
    jobs = [
        (f"{run}'{tmp_path / 'a'}'", "seed=1"),
        (f"{run}'{tmp_path / 'b.pt'}'", "initial_weights.exclude=['output*']", "seed=1"),
        (f"{run}'{tmp_path / 'b.pt'}'", "initial_weights.exclude=['output*']", "seed=2"),
        (),
    ]
    outcomes = compare(tmp_path, common, jobs)
    hidden = [outcome.last.weights["hidden_linear.weight"] for outcome in outcomes if outcome.last]
    own = net.hidden_linear.weight.double()
    assert torch.equal(hidden[0], own)
    assert torch.equal(hidden[1], 2 * own)
    assert torch.equal(hidden[2], 2 * own)
    assert len({outcome.metrics["test/loss"] for outcome in outcomes}) == 4


LOSSES = {
    "huber": (
        (*LINE, "task.loss=huber", "data.targets=2"),
        ("task.huber_delta=0.02", "trainer.max_epochs=1"),
        ("task.huber_delta=0.5", "trainer.max_epochs=2"),
        ("task.huber_delta=9",),
    ),
    "another loss": (LINE, ("task.huber_delta=0.02",), ("task.huber_delta=0.5",)),
    "cross-entropy": (
        BLOBS,
        ("task.label_smoothing=1", "trainer.max_epochs=1"),
        ("task.label_smoothing=0", "trainer.max_epochs=2"),
        ("task.label_smoothing=0.3",),
    ),
}


@pytest.mark.parametrize("precision", [(), (DOUBLE,)])
@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_has_each_jobs_own_numbers(
    tmp_path: Path, name: str, precision: tuple[str, ...]
) -> None:
    # The last epoch is that of the last job alone, whose row is packed before it.
    common, *jobs = LOSSES[name]
    outcomes = compare(tmp_path, (*common, *SPLIT, *precision, "optimizer.lr=0.05"), jobs)
    losses = [one.metrics["test/loss"] for one in outcomes]
    assert (len(set(losses)) == len(jobs)) is (name != "another loss")


NETWORKS = "model._target_=tests.sweep.networks."


@pytest.mark.parametrize("name", ["Normed", "Tied", "RandomFeatures", "WithoutNumber"])
def test_networks_of_the_users_own(tmp_path: Path, name: str) -> None:
    # Some jobs end before the others, and their best epochs are not the last.
    common = (*LINE, *SPLIT, DOUBLE, f"{NETWORKS}{name}", "optimizer.momentum=0.9")
    jobs = [
        ("optimizer.lr=0.3", f"seed={seed}", f"trainer.max_epochs={epochs}")
        for seed, epochs in enumerate((1, 4, 2, 5))
    ]
    # One diverges in its second epoch, all at once.
    jobs += [("scheduler=step", "scheduler.step_size=1", "scheduler.gamma=1e300", "seed=7")]
    outcomes = compare(tmp_path, (*common, "trainer.max_epochs=5"), jobs)
    assert any(one.best.epoch < one.last.epoch for one in outcomes)
    assert (outcomes[-1].status, outcomes[-1].last.epoch) == ("diverged", 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("HiddenFeatures", "^features of the network differs from job to job$"),
        ("RandomSlope", "^slopes of the network differs from job to job$"),
        ("StepCounting", "^steps of the network changes while it trains$"),
        ("Remembering", "^seen of the network changes while it trains$"),
        ("Counting", "^_extra_state in the network's state_dict is no parameter or buffer of it$"),
    ],
)
def test_networks_that_hold_more_than_their_tensors_train_alone(
    tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(CannotFuse, match=reason):
        together(tmp_path, (*LINE, f"{NETWORKS}{name}"), (("seed=1",), ("seed=2",)))


@pytest.mark.parametrize(
    ("words", "draws"),
    [
        ((f"{NETWORKS}Noisy",), True),
        (("model=mlp", "model.hidden=[4]", "model.dropout=0.5"), True),
        ((f"{NETWORKS}Normed",), False),
        ((), False),
    ],
)
def test_a_step_that_draws_random_numbers_is_known(tmp_path: Path, words: Job, draws: bool) -> None:
    config = composed(*QUIET, *LINE, *words, "trainer.max_epochs=2")
    numbers = [replace(numbers_of(config), seed=seed) for seed in (1, 2)]

    def stop(engine: Engine) -> None:
        raise KeyError

    for_training = [make_group(run_spec(config), numbers) for _ in range(2)]
    engine, other = map(Engine, for_training)
    with pytest.raises(KeyError):
        engine.train(stop)
    assert engine.draws == [draws, draws]
    # It goes on in another process, which may have no step left to take.
    other.restore(engine.state())
    assert other.draws == [draws, draws]


def test_networks_are_read_before_the_first_one_goes_to_the_device(tmp_path: Path) -> None:
    group = group_of(tmp_path, [("seed=1",), ("seed=2",)])
    first, second = group.nets
    before = deepcopy(first)
    first.to = lambda device: nn.Module.to(first, "meta")
    rows = Engine(group).rows
    for row, net in zip(rows, (before, second), strict=True):
        torch.testing.assert_close(row, nn.utils.parameters_to_vector(net.parameters()))


def test_streams_of_different_seeds(tmp_path: Path) -> None:
    common = (*TWO, "data.sample=stream", "data.test_size=4", "data.batches_per_epoch=2")
    jobs = (("data.data_seed=1",), ("data.data_seed=2", "data.input_scale=0.1"))
    compare(tmp_path, (*common, "optimizer.lr=0.1"), jobs)


STOPPING = {
    "patience": (
        ("callbacks.early_stopping.patience=1",),
        ("callbacks.early_stopping.patience=3",),
    ),
    "no patience": (
        ("callbacks.early_stopping.patience=0",),
        ("callbacks.early_stopping.patience=7",),
    ),
    "smallest change": (
        ("callbacks.early_stopping.min_delta=0.05", "callbacks.early_stopping.patience=2"),
        ("callbacks.early_stopping.min_delta=0.5", "callbacks.early_stopping.patience=2"),
    ),
    "a largest metric": (
        *(
            ("callbacks.early_stopping.monitor=val/r2", f"callbacks.early_stopping.patience={n}")
            for n in (1, 2)
        ),
    ),
}


@pytest.mark.parametrize("name", STOPPING)
def test_early_stopping(tmp_path: Path, name: str) -> None:
    # The jobs with the large rate swing, the others come down for long.
    jobs = [(*job, rate) for job in STOPPING[name] for rate in ("optimizer.lr=0.9", *RATES[0])]
    common = (*LINE, *SPLIT, STOPS, "trainer.max_epochs=8", DOUBLE)
    compare(tmp_path, common, jobs)


def test_early_stopping_does_stop_and_does_not(tmp_path: Path) -> None:
    common = (*LINE, *SPLIT, STOPS, "callbacks.early_stopping.patience=2", "trainer.max_epochs=8")
    stays, moves = compare(tmp_path, common, (("optimizer.lr=0",), ("optimizer.lr=0.02",)))
    assert stays.stopped == "after epoch 3: val/loss has not improved for 2 epochs"
    assert moves.stopped is None


def test_early_stopping_waits_for_no_number(tmp_path: Path) -> None:
    # Nothing but the watched metric is wrong, and it is from the first epoch on.
    common = (*LINE, *SPLIT, STOPS, "callbacks.early_stopping.patience=2", "trainer.max_epochs=8")
    common = (*common, f"{NETWORKS}BlindWhenEvaluated", "optimizer.lr=0.02")
    for outcome in compare(tmp_path, common, ((), ("seed=1",))):
        assert outcome.status == "completed"
        assert outcome.stopped == "after epoch 1: val/loss is not finite"


@pytest.mark.parametrize("watched", [(), ("scheduler=plateau", "scheduler.patience=0")])
def test_where_the_watched_metric_is_never_a_number_no_epoch_is_the_best(
    tmp_path: Path, watched: tuple[str, ...]
) -> None:
    common = (*LINE, *SPLIT, f"{NETWORKS}BlindWhenEvaluated", EPOCHS, *watched)
    for number, outcome in enumerate(compare(tmp_path, common, (RATES[0], RATES[1]))):
        assert (outcome.status, outcome.best) == ("completed", None)
        said = "val/loss was a finite number in no epoch, so none is the best"
        assert outcome.warning.startswith(said)
        assert record(tmp_path / str(number))["warning"] == outcome.warning
        # The last weights are those that are tested.
        assert "test/loss" in outcome.last.metrics


@pytest.mark.parametrize("rate", [0.02, 0.9])
def test_the_checkpoints_say_what_the_test_said(tmp_path: Path, rate: float) -> None:
    # The best epoch is the last with the first rate, and an earlier one with the other.
    common = (*LINE, *SPLIT, EPOCHS, f"optimizer.lr={rate}")
    [outcome] = together(tmp_path, common, [()])
    alone = trained(tmp_path / "alone", *QUIET[1:], *common)
    for name in ("best", "last"):
        expected = getattr(alone.checkpoint, name)
        assert_close(getattr(outcome, name).metrics, expected.metrics, 1e-4)


def test_without_a_checkpoint_the_last_weights_are_tested(tmp_path: Path) -> None:
    # The best epoch of the jobs with the large rate is not the last.
    common = (*LINE, *SPLIT, EPOCHS, DOUBLE, "callbacks.checkpoint=null")
    jobs = [(f"optimizer.lr={rate}",) for rate in (0.02, 0.9)]
    outcomes = together(tmp_path, common, jobs)
    for number, (outcome, job) in enumerate(zip(outcomes, jobs, strict=True)):
        alone = trained(tmp_path / str(number), *QUIET[1:], *common, *job)
        assert alone.checkpoint is None
        assert outcome.best is None
        assert_close(outcome.metrics, metrics_of(alone), 1e-9)


@pytest.mark.parametrize(
    "word",
    [
        "trainer.limit_val_batches=0",
        "trainer.limit_test_batches=0",
        "trainer.check_val_every_n_epoch=2",
    ],
)
def test_what_is_not_measured_every_epoch_trains_alone(word: str) -> None:
    assert why_alone(composed(*QUIET, *LINE, *SPLIT, word)).startswith(word.partition("=")[0])


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_one_batch_is_not_all_batches(split: str) -> None:
    words = (*QUIET, *LINE, *SPLIT)
    assert why_alone(composed(*words, f"trainer.limit_{split}_batches=1.0")) == ""
    assert f"limit_{split}_batches" in why_alone(
        composed(*words, f"trainer.limit_{split}_batches=1")
    )


# Jobs that diverge.

DIVERGES = "optimizer.lr=1e9"


def test_a_job_that_diverges_touches_no_other(tmp_path: Path) -> None:
    jobs = (("optimizer.lr=0.01",), (DIVERGES,), ("optimizer.lr=0.02", "seed=3"))
    common = (*LINE, *SPLIT, "trainer.max_epochs=6")
    outcomes = compare(tmp_path, common, jobs)
    assert [one.status for one in outcomes] == ["completed", "diverged", "completed"]
    without = together(tmp_path, common, (jobs[0], jobs[2]))
    for found, expected in zip((outcomes[0], outcomes[2]), without, strict=True):
        assert found.metrics == pytest.approx(expected.metrics, rel=1e-5)


def test_all_jobs_may_diverge(tmp_path: Path) -> None:
    jobs = ((DIVERGES,), ("optimizer.lr=1e5", "seed=2"), ("optimizer.lr=10",))
    outcomes = compare(tmp_path, (*LINE, "trainer.max_epochs=20"), jobs)
    assert {one.status for one in outcomes} == {"diverged"}
    assert outcomes[2].last.epoch > 1


def test_a_job_that_diverges_in_the_first_epoch_leaves_nothing(tmp_path: Path) -> None:
    common = (*LINE, "data.batch_size=2", "trainer.max_epochs=2")
    first, _ = compare(tmp_path, common, (("optimizer.lr=1e15",), ("optimizer.lr=0.01",)))
    assert (first.best, first.last, first.metrics) == (None, None, {})
    assert "in epoch 1" in first.error


def test_the_rate_of_a_divergence_is_that_of_its_step(tmp_path: Path) -> None:
    schedule = ("scheduler=warmup", "scheduler.interval=step", "scheduler.total_iters=40")
    common = (*LINE, *schedule, "data.batch_size=2", "trainer.max_epochs=4")
    [outcome, _] = compare(tmp_path, common, (("optimizer.lr=1e8",), ("optimizer.lr=0.01",)))
    assert outcome.status == "diverged"


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_losses_that_are_finite_may_have_a_sum_that_is_not(tmp_path: Path, interval: str) -> None:
    weights = "{weight: [[6.0e+153, 1.0e+153]], bias: [0.5]}"
    jobs = ((f"+initial_weights.parameters={weights}", "optimizer.lr=1e-300"), RATES[0])
    schedule = ("scheduler=warmup", f"scheduler.interval={interval}", "scheduler.total_iters=40")
    [outcome, _] = compare(tmp_path, (*LINE, *schedule, EPOCHS, DOUBLE), jobs)
    assert "the loss became inf in epoch 1 (step 5) at" in outcome.error


def test_packing_keeps_every_jobs_state(tmp_path: Path) -> None:
    # Half of the rows become idle twice: by divergence and by length.
    jobs = [
        *((f"trainer.max_epochs={n}", f"seed={n}", f"data.split_seed={n}") for n in (2, 5, 3, 2)),
        ("optimizer.lr=1e20", "seed=9", "trainer.max_epochs=5"),
        ("trainer.max_epochs=6", "seed=3", "scheduler=plateau", "scheduler.patience=0"),
    ]
    stops = (STOPS, "callbacks.early_stopping.patience=0")
    common = (*LINE, *SPLIT, *stops, "optimizer=adam", "optimizer.lr=0.02", DOUBLE)
    # max_epochs is every job's own, so that the common one is only a start.
    compare(tmp_path, (*common, "trainer.max_epochs=6"), jobs)


# Curves.


def test_curves_are_those_of_the_job_alone(tmp_path: Path) -> None:
    common = (*TWO, *SPLIT, EPOCHS, "scheduler=step", "scheduler.step_size=1", DOUBLE)
    common = (*common, "+callback@callbacks.learning_rate=learning_rate")
    jobs = (RATES[0], (*RATES[1], "trainer.max_epochs=2"))
    outcomes = together(tmp_path, common, jobs)
    for number, (outcome, job) in enumerate(zip(outcomes, jobs, strict=True)):
        folder = tmp_path / str(number)
        trained(folder, "logger=tensorboard", "trainer=cpu", *common, *job)
        written = events(folder)
        # Those are logged at the end.
        closing = ("test/", "best/")
        tags = [tag for tag in written.Tags()["scalars"] if not tag.startswith(closing)]
        assert sorted(tags) == sorted(outcome.curves.values)
        assert LEARNING_RATE in tags
        for tag in tags:
            points = {one.step: one.value for one in written.Scalars(tag)}
            found = outcome.curves.values[tag].tolist()
            assert dict(zip(outcome.curves.epochs.tolist(), found, strict=True)) == pytest.approx(
                points, rel=1e-6
            )


def test_curves_have_no_more_points_than_asked_for_and_the_first_and_last(tmp_path: Path) -> None:
    jobs = (("trainer.max_epochs=20",), ("trainer.max_epochs=13",))
    long, short = together(tmp_path, (*LINE, "data.batch_size=null"), jobs, points=4)
    assert (len(long.curves.epochs), long.curves.epochs[0], long.curves.epochs[-1]) == (4, 1, 20)
    assert (short.curves.epochs[0], short.curves.epochs[-1]) == (1, 13)
    assert len(short.curves.epochs) <= 4
    # Nobody asked for the rate.
    assert LEARNING_RATE not in long.curves.values


def group_of(folder: Path, jobs: Sequence[Job]) -> Group:
    configs = [composed(*QUIET, *LINE, *job) for job in jobs]
    return make_group(run_spec(configs[0]), [numbers_of(one) for one in configs])


def test_the_engine_is_shown_after_each_epoch(tmp_path: Path) -> None:
    group = group_of(tmp_path, [(f"trainer.max_epochs={n}",) for n in (1, 3)])
    shown = []
    Engine(group).train(lambda engine: shown.append((engine.epoch, engine.ended)))
    assert shown == [(1, 1), (2, 1), (3, 2)]


def test_rows_are_packed_when_half_of_them_are_idle(tmp_path: Path) -> None:
    group = group_of(tmp_path, [(f"trainer.max_epochs={n}",) for n in (1, 2, 4, 5)])
    rows = []
    Engine(group).train(lambda engine: rows.append(len(engine.rows)))
    assert rows == [4, 4, 2, 2, 1]


@pytest.mark.parametrize(("few", "threads"), [(17, 1), (16, 3)])
def test_small_steps_take_one_thread(
    tmp_path: Path, few: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two jobs with 4 rows of 2 inputs each; their parameters are fewer numbers.
    monkeypatch.setattr(engine_module, "FEW_NUMBERS", few)
    before, taken = torch.get_num_threads(), []
    torch.set_num_threads(3)
    try:
        group = group_of(
            tmp_path, [(rate, "trainer.max_epochs=1") for rate in ("seed=1", "seed=2")]
        )
        Engine(group).train(lambda engine: taken.append(torch.get_num_threads()))
        assert (taken, torch.get_num_threads()) == ([threads], 3)
    finally:
        torch.set_num_threads(before)


# Going on from a saved state.

STOPPED = "stopped after this epoch"
LATER = {
    "momentum": ("optimizer.momentum=0.9",),
    "adam": ("optimizer=adam",),
    "rmsprop": ("optimizer=rmsprop", "optimizer.centered=true"),
    **{name: (f"scheduler={name}",) for name in ("step", "cosine", "one_cycle", "warmup_cosine")},
    "plateau": ("scheduler=plateau", "scheduler.patience=0"),
    "early stopping": (STOPS, "callbacks.early_stopping.patience=1", "data.val_size=5"),
    "dropout": ("model=mlp", "model.hidden=[4]", "model.dropout=0.4"),
    "huber": ("task.loss=huber", "task.huber_delta=${optimizer.lr}"),
}


@pytest.mark.parametrize(
    ("name", "epoch"), [*((name, 3) for name in LATER), ("momentum", 1), ("plateau", 5)]
)
def test_a_saved_group_goes_on_exactly(tmp_path: Path, name: str, epoch: int) -> None:
    jobs = [
        (*LATER[name], f"optimizer.lr={rate}", f"seed={seed}", f"trainer.max_epochs={epochs}")
        # The fourth diverges; after epoch 2 two of five are left and the group is packed.
        for seed, (rate, epochs) in enumerate(
            [(0.01, 6), (0.02, 2), (0.003, 6), (1e30, 6), (0.02, 2)]
        )
    ]
    undisturbed = Engine(group_of(tmp_path, jobs)).train()
    saved = BytesIO()

    def stop(engine: Engine) -> None:
        if engine.epoch == epoch:
            torch.save(engine.state(), saved)
            raise InterruptedError(STOPPED)

    with pytest.raises(InterruptedError, match=STOPPED):
        Engine(group_of(tmp_path, jobs)).train(stop)
    saved.seek(0)
    torch.rand(7)  # What others draw in between makes no difference.
    later = Engine(group_of(tmp_path, jobs))
    later.restore(torch.load(saved, weights_only=True))
    for found, expected in zip(later.train(), undisturbed, strict=True):
        assert (found.status, found.error, found.stopped) == (
            expected.status,
            expected.error,
            expected.stopped,
        )
        assert found.metrics == expected.metrics
        for one, other in ((found.best, expected.best), (found.last, expected.last)):
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                assert (one.epoch, one.step, one.metrics) == (
                    other.epoch,
                    other.step,
                    other.metrics,
                )
                torch.testing.assert_close(one.weights, other.weights, rtol=0, atol=0)
        np.testing.assert_array_equal(found.curves.epochs, expected.curves.epochs)
        for tag, values in expected.curves.values.items():
            np.testing.assert_array_equal(found.curves.values[tag], values)


def test_a_saved_group_keeps_best_weights_and_batch_statistics(tmp_path: Path) -> None:
    # The rate becomes so large that no epoch after the third is the best of any job.
    falls = ("scheduler=step", "scheduler.step_size=3", "scheduler.gamma=1000")
    common = (*SPLIT, f"{NETWORKS}Normed", "optimizer.lr=0.05", *falls, "trainer.max_epochs=5")
    jobs = [(*common, f"seed={seed}") for seed in (1, 2, 3)]
    undisturbed, saved = Engine(group_of(tmp_path, jobs)).train(), BytesIO()

    def save(engine: Engine) -> None:
        if engine.epoch == 4:
            torch.save(engine.state(), saved)

    Engine(group_of(tmp_path, jobs)).train(save)
    saved.seek(0)
    later = Engine(group_of(tmp_path, jobs))
    later.restore(torch.load(saved, weights_only=True))
    for found, expected in zip(later.train(), undisturbed, strict=True):
        assert expected.best.epoch <= 3
        assert found.metrics == expected.metrics
        for name in ("best", "last"):
            weights = getattr(found, name).weights
            torch.testing.assert_close(weights, getattr(expected, name).weights, rtol=0, atol=0)


def test_what_dropout_draws_follows_the_seed_alone(tmp_path: Path) -> None:
    network = ("model=mlp", "model.hidden=[8]", "model.dropout=0.5", EPOCHS)
    reached = []
    for drawn in (0, 5):  # By others, before.
        group = group_of(tmp_path, [(*network, "seed=1"), (*network, "seed=2")])
        torch.rand(drawn)
        before = torch.get_rng_state()
        reached.append([outcome.metrics for outcome in Engine(group).train()])
        assert torch.equal(torch.get_rng_state(), before)
    assert reached[0] == reached[1]


# Random hyperparameters.

_folders = count()


def job_words() -> Any:
    rates = st.floats(1e-4, 0.03).map(lambda value: f"optimizer.lr={value!r}")
    numbers = st.tuples(
        rates,
        st.integers(0, 3).map("seed={}".format),
        st.sampled_from([0, 0.1]).map("optimizer.weight_decay={}".format),
        st.integers(1, 3).map("trainer.max_epochs={}".format),
        st.integers(0, 2).map("data.split_seed={}".format),
        st.sampled_from([4, 5, 7]).map("data.val_size={}".format),
        st.sampled_from(["null", 0.05, 2.0]).map("trainer.gradient_clip_val={}".format),
    )
    return numbers


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.sampled_from([LINE, TWO, BLOBS]),
    network=st.sampled_from([("model=linear",), MLP]),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    batch=st.integers(3, 9).map("data.batch_size={}".format),
    jobs=st.lists(job_words(), min_size=2, max_size=2),
)
def test_any_hyperparameters(
    tmp_path: Path, data: Job, network: Job, optimizer: str, batch: str, jobs: list[Job]
) -> None:
    folder = tmp_path / str(next(_folders))
    common = (*data, batch, *network, *SPLIT, *OPTIMIZERS[optimizer], DOUBLE)
    compare(folder, (*common, EPOCHS), jobs)


def test_curves_have_the_epochs_that_a_job_alone_logs(tmp_path: Path) -> None:
    common = (*LINE, "trainer.max_epochs=11", "trainer.log_every_n_epochs=4")
    [outcome] = together(tmp_path, common, [()])
    assert outcome.curves is not None
    assert outcome.curves.epochs.tolist() == [1, 4, 8, 11]
    trained(tmp_path / "alone", "logger=tensorboard", *common)
    assert [one.step for one in events(tmp_path / "alone").Scalars("train/loss")] == [1, 4, 8, 11]


class NotesDeterminism(nn.Module):
    """A line that notes, when its step is recorded, whether algorithms are deterministic."""

    seen: ClassVar[list[bool]] = []

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.seen.append(torch.are_deterministic_algorithms_enabled())
        return self.linear(inputs)


@pytest.mark.parametrize("deterministic", [True, False])
def test_deterministic_algorithms_are_used_where_asked_and_only_while_training(
    tmp_path: Path, deterministic: bool
) -> None:
    config = composed(*QUIET, *LINE, f"trainer.deterministic={str(deterministic).lower()}")
    group = make_group(run_spec(config), [numbers_of(config)])
    group = replace(group, nets=[NotesDeterminism()])
    NotesDeterminism.seen.clear()
    Engine(group).train()
    assert set(NotesDeterminism.seen) == {deterministic}
    assert not torch.are_deterministic_algorithms_enabled()
