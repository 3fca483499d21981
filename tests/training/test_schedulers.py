"""Schedules: torch's own stepped by hand, closed forms, and "the whole run" in a real fit."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from torch.optim import Optimizer
from torch.optim import lr_scheduler as torch_schedulers
from torch.utils.data import IterableDataset

from seedbed.config.groups import config_folder
from seedbed.config.schema import data as schema
from seedbed.config.schema.trainer import Trainer
from seedbed.data import DataModule, TorchDataset
from seedbed.data.loader import BatchLoader
from seedbed.engines.lightning.build import run_length
from seedbed.engines.lightning.data_module import LightningData
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.errors import ConfigError
from seedbed.models import Linear
from seedbed.training.schedulers import RunLength, make_scheduler, warmup_cosine
from seedbed.training.tasks import Regression

RATE = 0.5


def options_of(name: str, **overrides: Any) -> dict[str, Any]:
    """An option of `scheduler=` as it ships, with keys changed."""
    config = OmegaConf.load(config_folder() / "scheduler" / f"{name}.yaml")
    assert set(overrides) <= set(config)
    options = OmegaConf.to_container(OmegaConf.merge(config, overrides), resolve=True)
    assert isinstance(options, dict)
    return {str(key): value for key, value in options.items() if key != "defaults"}


def make_optimizer() -> Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=RATE)


def make_trainer(**options: Any) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        **options,
    )


def rates(optimizer: Optimizer, scheduler: Any, count: int) -> list[float]:
    """The learning rate before the first step of a schedule and after each one."""
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(count):
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def reference_rates(make: Callable[[Optimizer], Any], count: int) -> list[float]:
    optimizer = make_optimizer()
    return rates(optimizer, make(optimizer), count)


def made(options: dict[str, Any], optimizer: Optimizer) -> dict[str, Any]:
    found = make_scheduler(options, optimizer, RunLength(3))
    assert found is not None
    return found


# The key of each option that may be null for "the whole run".
LENGTHS = {"cosine": "T_max", "one_cycle": "total_steps", "warmup_cosine": "total_iters"}
# What each option stands for, in torch's own words; written out, not read from the YAML.
REFERENCES: dict[str, tuple[dict[str, Any], str, Callable[[Optimizer], Any]]] = {
    "step": ({}, "epoch", lambda o: torch_schedulers.StepLR(o, step_size=30, gamma=0.1)),
    "cosine": (
        {"T_max": 70, "eta_min": 0.01},
        "epoch",
        lambda o: torch_schedulers.CosineAnnealingLR(o, T_max=70, eta_min=0.01),
    ),
    "one_cycle": (
        {"total_steps": 70, "max_lr": 10 * RATE},
        "step",
        lambda o: torch_schedulers.OneCycleLR(
            o,
            max_lr=10 * RATE,
            total_steps=70,
            pct_start=0.3,
            anneal_strategy="cos",
            cycle_momentum=False,
            div_factor=25.0,
            final_div_factor=1e4,
        ),
    ),
    "warmup": (
        {},
        "epoch",
        lambda o: torch_schedulers.LinearLR(o, start_factor=0.01, total_iters=5),
    ),
    "warmup_cosine": (
        {"total_iters": 70},
        "epoch",
        lambda o: torch_schedulers.SequentialLR(
            o,
            [
                torch_schedulers.LinearLR(o, start_factor=0.01, total_iters=5),
                torch_schedulers.CosineAnnealingLR(o, T_max=65, eta_min=0.0),
            ],
            milestones=[5],
        ),
    ),
}


def test_every_shipped_scheduler_option_is_covered_here() -> None:
    shipped = {file.stem for file in (config_folder() / "scheduler").glob("*.yaml")}

    assert shipped == {*REFERENCES, "constant", "plateau", "custom"}


def test_constant_returns_no_scheduler() -> None:
    assert make_scheduler(options_of("constant"), make_optimizer(), RunLength(3)) is None


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_options_equal_the_torch_schedulers_of_their_names(name: str) -> None:
    overrides, interval, reference = REFERENCES[name]
    options, optimizer = options_of(name, **overrides), make_optimizer()
    before = dict(options)

    found = made(options, optimizer)

    assert {key: found[key] for key in found if key != "scheduler"} == {
        "interval": interval,
        "frequency": 1,
    }
    assert rates(optimizer, found["scheduler"], 69) == pytest.approx(reference_rates(reference, 69))
    # Made once more for the next run from the same config.
    assert options == before


@pytest.mark.parametrize("name", sorted(REFERENCES))
@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_the_interval_is_passed_to_lightning(name: str, interval: str) -> None:
    options = options_of(name, **REFERENCES[name][0], interval=interval)

    assert made(options, make_optimizer())["interval"] == interval


@pytest.mark.parametrize("mode", ["min", "max"])
def test_plateau_equals_torchs_reduce_lr_on_plateau(mode: str) -> None:
    keys = {"factor": 0.5, "patience": 2, "threshold": 0.01, "cooldown": 1, "min_lr": 0.1}
    optimizer, reference_optimizer = make_optimizer(), make_optimizer()
    reference = torch_schedulers.ReduceLROnPlateau(reference_optimizer, mode=mode, **keys)

    found = made(options_of("plateau", monitor="val/f1", mode=mode, **keys), optimizer)

    assert (found["monitor"], found["interval"]) == ("val/f1", "epoch")
    seen = []
    metrics = 1 + torch.rand(40, generator=torch.Generator().manual_seed(0))
    for metric in metrics.tolist():
        found["scheduler"].step(metric)
        reference.step(metric)
        seen.append(optimizer.param_groups[0]["lr"])
        assert seen[-1] == reference_optimizer.param_groups[0]["lr"]
    # Halved until it is as low as it may be.
    assert set(seen) == {0.5, 0.25, 0.125, 0.1}


@settings(max_examples=40, deadline=None)
@given(
    start=st.floats(0.001, 1),
    warmup=st.integers(1, 20),
    fall=st.integers(1, 40),
    lowest=st.floats(0, 0.4),
)
def test_warmup_cosine_in_closed_form(start: float, warmup: int, fall: int, lowest: float) -> None:
    optimizer = make_optimizer()
    scheduler = warmup_cosine(optimizer, start, warmup, warmup + fall, lowest)

    found = rates(optimizer, scheduler, warmup + fall)

    rise = [RATE * (start + (1 - start) * step / warmup) for step in range(warmup)]
    half_cosine = [
        lowest + (RATE - lowest) * (1 + math.cos(math.pi * step / fall)) / 2
        for step in range(fall + 1)
    ]
    assert found == pytest.approx(rise + half_cosine, rel=1e-9, abs=1e-12)


# The whole run

BATCHES = 5


class Data(DataModule):
    """Ten rows in five batches."""

    def train_dataloader(self) -> Any:
        rows = torch.arange(2.0 * BATCHES).unsqueeze(1) / 10
        return BatchLoader(rows, rows, 2)

    def has_split(self, split: str) -> bool:
        return split == "train"


class Rates(pl.Callback):
    """Notes epoch and rate at the start of every batch, and the loss of all epochs but the last."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []
        self.losses: list[float] = []

    def on_train_batch_start(self, trainer: pl.Trainer, *args: Any) -> None:
        self.seen.append((trainer.current_epoch, trainer.optimizers[0].param_groups[0]["lr"]))

    def on_train_epoch_start(self, trainer: pl.Trainer, *args: Any) -> None:
        if trainer.current_epoch > 0:
            self.losses.append(trainer.callback_metrics["train/loss"].item())


def fit(
    options: dict[str, Any], data: Any = None, **trainer_options: Any
) -> tuple[Rates, pl.Trainer]:
    """Train with a schedule; return what was noted and the trainer."""
    noted, data = Rates(), data or Data()
    data.setup("fit")
    known = {name: None if value == -1 else value for name, value in trainer_options.items()}
    names = Trainer.__dataclass_fields__
    length = run_length(Trainer(**{k: v for k, v in known.items() if k in names}), data)
    module = SupervisedModule(
        Linear([1], 1),
        Regression(),
        make_optimizer=partial(torch.optim.SGD, lr=RATE),
        make_scheduler=partial(make_scheduler, options, length=length),
    )
    for parameter in module.parameters():
        torch.nn.init.constant_(parameter, 0.2)
    trainer = make_trainer(callbacks=[noted], **trainer_options)
    trainer.fit(module, datamodule=LightningData(data))
    return noted, trainer


def whole_run(name: str, length: int) -> tuple[dict[str, Any], Callable[[Optimizer], Any]]:
    """Options whose length is null, and what they stand for in a run of that length."""
    if name == "cosine":
        return {"eta_min": 0.01}, lambda o: torch_schedulers.CosineAnnealingLR(o, length, 0.01)
    if name == "one_cycle":
        return {"max_lr": 1.0}, lambda o: torch_schedulers.OneCycleLR(
            o, max_lr=1.0, total_steps=length, cycle_momentum=False
        )
    return {"warmup_iters": 1}, lambda o: torch_schedulers.SequentialLR(
        o,
        [
            torch_schedulers.LinearLR(o, start_factor=0.01, total_iters=1),
            torch_schedulers.CosineAnnealingLR(o, T_max=length - 1),
        ],
        milestones=[1],
    )


def indices(seen: list[tuple[int, float]], interval: str, accumulated: int) -> list[int]:
    """How often the schedule was stepped before each batch."""
    epochs = [epoch for epoch, _ in seen]
    if interval == "epoch":
        return epochs
    found = []
    for number, epoch in enumerate(epochs):
        earlier = sum(math.ceil(epochs.count(one) / accumulated) for one in range(epoch))
        found.append(earlier + (number - epochs.index(epoch)) // accumulated)
    return found


# Options of the trainer, and the steps and epochs that follow from them for five batches.
RUNS = [
    ({"max_epochs": 4}, 20, 4),
    # The third step of an epoch has one batch only.
    ({"max_epochs": 4, "accumulate_grad_batches": 2}, 12, 4),
    # Half of five is two.
    ({"max_epochs": 4, "limit_train_batches": 0.5}, 8, 4),
    ({"max_epochs": 4, "limit_train_batches": 3}, 12, 4),
    ({"max_epochs": 4, "limit_train_batches": 9}, 20, 4),
    ({"max_epochs": 4, "overfit_batches": 2}, 8, 4),
    # Ends in the middle of its second, or of its third epoch.
    ({"max_epochs": 4, "max_steps": 7}, 7, 2),
    ({"max_epochs": -1, "max_steps": 12}, 12, 3),
    ({"max_epochs": 4, "max_steps": 1000}, 20, 4),
]


@pytest.mark.parametrize("name", sorted(LENGTHS))
@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize(("run", "steps", "epochs"), RUNS, ids=[str(run) for run, *_ in RUNS])
def test_a_null_length_is_that_of_the_whole_run(
    name: str, interval: str, run: dict[str, Any], steps: int, epochs: int
) -> None:
    length = steps if interval == "step" else epochs
    overrides, reference = whole_run(name, length)
    options = options_of(name, interval=interval, **overrides)
    assert options[LENGTHS[name]] is None

    noted, trainer = fit(options, **run)

    # The run is as long as was said; each batch sees the rate of its step, or of its epoch.
    assert trainer.global_step == steps
    expected = reference_rates(reference, length)
    accumulated = run.get("accumulate_grad_batches", 1)
    assert [rate for _, rate in noted.seen] == pytest.approx(
        [expected[index] for index in indices(noted.seen, interval, accumulated)]
    )


@pytest.mark.parametrize("name", ["cosine", "warmup_cosine"])
@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_a_cosine_ends_with_the_run(name: str, interval: str) -> None:
    options = options_of(name, interval=interval, eta_min=0.125)
    if name == "warmup_cosine":
        options["warmup_iters"] = 2

    _, trainer = fit(options, max_epochs=4)

    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.125)


def test_a_given_length_is_kept() -> None:
    noted, _ = fit(options_of("cosine", T_max=50), max_epochs=3)

    expected = reference_rates(lambda o: torch_schedulers.CosineAnnealingLR(o, T_max=50), 3)
    assert [rate for _, rate in noted.seen] == pytest.approx(
        [expected[epoch] for epoch, _ in noted.seen]
    )


class Endless(IterableDataset[Any]):
    """Four rows, but nobody knows before the end."""

    def __iter__(self) -> Any:
        return iter([(torch.zeros(1), torch.zeros(1))] * 4)


def endless() -> TorchDataset:
    dataset = {"_target_": f"{Endless.__module__}.{Endless.__qualname__}"}
    return TorchDataset(
        schema.TorchDataset(
            task="regression", input_shape=[1], output_size=1, batch_size=2, train=dataset
        )
    )


@pytest.mark.parametrize(("name", "length"), sorted(LENGTHS.items()))
def test_a_run_of_unknown_length_is_refused(name: str, length: str) -> None:
    overrides, _ = whole_run(name, 3)
    options = options_of(name, interval="step", **overrides)

    with pytest.raises(ConfigError, match=rf"scheduler\.{length}: .*not known; give a number"):
        fit(options, data=endless(), max_epochs=3)


@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_a_null_length_of_an_endless_run_is_refused(interval: str) -> None:
    with pytest.raises(ConfigError, match=r"scheduler\.T_max: .*not known; give a number"):
        fit(options_of("cosine", interval=interval), max_epochs=-1, max_time="00:00:00:30")


def test_with_data_of_unknown_length_max_epochs_and_max_steps_give_the_length() -> None:
    by_epoch, _ = fit(options_of("cosine"), data=endless(), max_epochs=3)
    by_step, _ = fit(
        options_of("cosine", interval="step"), data=endless(), max_epochs=-1, max_steps=5
    )

    for noted, length in ((by_epoch, 3), (by_step, 5)):
        expected = reference_rates(
            lambda o, length=length: torch_schedulers.CosineAnnealingLR(o, T_max=length), length
        )
        index = indices(noted.seen, "epoch" if length == 3 else "step", 1)
        assert [rate for _, rate in noted.seen] == pytest.approx([expected[i] for i in index])


def test_plateau_monitors_the_metric_of_every_epoch() -> None:
    keys = {"mode": "min", "patience": 1, "factor": 0.5, "threshold": 0.5}

    noted, _ = fit(options_of("plateau", monitor="train/loss", **keys), max_epochs=12)

    optimizer = make_optimizer()
    reference = torch_schedulers.ReduceLROnPlateau(optimizer, **keys)
    expected = [RATE] * BATCHES
    for loss in noted.losses:
        reference.step(loss)
        expected += [optimizer.param_groups[0]["lr"]] * BATCHES
    assert [rate for _, rate in noted.seen] == pytest.approx(expected)
    assert len(set(expected)) > 1
