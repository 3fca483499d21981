"""Freezing of parameters, against plain torch loops."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from tests.experiments import Experiment, built, finished, trained, weights
from torch import Tensor, nn

from seedbed.data.random import permutations
from seedbed.engines.lightning.data_module import LightningData
from seedbed.errors import ConfigError, Interrupted
from seedbed.models import MLP
from seedbed.runs.folder import RunFolder
from seedbed.training.parameters import frozen_parameters

MODEL = ("model=mlp", "model.hidden=[4]", "data.batch_size=4", "logger=none")
HIDDEN = "freeze.parameters=[hidden_linear.*]"


class Values(pl.Callback):
    """Keeps copies of the parameters at the start of each epoch and at the end."""

    def __init__(self) -> None:
        self.at: list[dict[str, Tensor]] = []

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        named = pl_module.net.named_parameters()
        self.at.append({name: value.detach().clone() for name, value in named})

    on_train_end = on_train_epoch_start


def watched(folder: Path, *overrides: str) -> list[dict[str, Tensor]]:
    """Train and return the values before the first epoch and after each."""
    experiment, values = built(folder, *overrides), Values()
    experiment.trainer.callbacks.append(values)
    finished(experiment)
    return values.at


OPTIMIZERS = {
    "sgd": ("optimizer.lr=1e-5", "optimizer.momentum=0.9", "optimizer.weight_decay=0.5"),
    "adam": ("optimizer.weight_decay=0.5",),
    "adamw": ("optimizer.weight_decay=0.5",),
    "rmsprop": ("optimizer.weight_decay=0.5",),
    "adagrad": ("optimizer.weight_decay=0.5",),
    "lbfgs": ("optimizer.lr=0.1",),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_no_optimizer_changes_frozen_parameters(tmp_path: Path, optimizer: str) -> None:
    overrides = (f"optimizer={optimizer}", *OPTIMIZERS[optimizer], "trainer.max_epochs=3")
    first, *_, last = watched(tmp_path, *MODEL, HIDDEN, *overrides)
    for name, value in last.items():
        assert torch.equal(value, first[name]) == name.startswith("hidden_linear."), name


def test_frozen_values_are_the_initial_ones_of_the_run(tmp_path: Path) -> None:
    free = watched(tmp_path / "free", *MODEL, "trainer.max_epochs=1")
    frozen = watched(tmp_path / "frozen", *MODEL, HIDDEN, "trainer.max_epochs=1")
    for name, value in free[0].items():
        assert torch.equal(frozen[0][name], value), name


@pytest.mark.parametrize("until", [2, 4])
def test_parameters_are_unfrozen_in_the_given_epoch(tmp_path: Path, until: int) -> None:
    overrides = (f"freeze.until_epoch={until}", "trainer.max_epochs=5", "optimizer=adam")
    values = watched(tmp_path, *MODEL, HIDDEN, *overrides)
    name = "hidden_linear.weight"
    # values[k] are those after k epochs.
    assert all(torch.equal(values[epoch][name], values[0][name]) for epoch in range(until))
    for epoch in range(until, 6):
        assert not torch.equal(values[epoch][name], values[epoch - 1][name]), epoch


@pytest.mark.parametrize(
    ("optimizer", "made", "options"),
    [
        ("adam", torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1}),
        ("sgd", torch.optim.SGD, {"lr": 1e-5, "momentum": 0.9, "weight_decay": 0.1}),
    ],
)
@pytest.mark.parametrize("until", [3, None])
def test_training_with_frozen_parameters_equals_a_plain_torch_loop(
    tmp_path: Path, optimizer: str, made: type, options: dict, until: int | None
) -> None:
    keys = [f"optimizer.{key}={value}" for key, value in options.items()]
    experiment = trained(
        tmp_path,
        *(*MODEL, HIDDEN, f"optimizer={optimizer}", *keys, "seed=5"),
        *("trainer.max_epochs=4", f"freeze.until_epoch={'null' if until is None else until}"),
    )
    table = experiment.data.table("train")
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    steps = made(net.parameters(), **options)
    for epoch in range(4):
        net[0].requires_grad_(until is not None and epoch + 1 >= until)
        for rows in permutations(5, epoch, 15).split(4):
            steps.zero_grad()
            nn.functional.mse_loss(net(table.inputs[rows]), table.targets[rows]).backward()
            steps.step()
    for found, expected in zip(weights(experiment).values(), net.parameters(), strict=True):
        torch.testing.assert_close(found, expected.detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("frozen", ["weight", "bias"])
def test_every_gradient_option_leaves_frozen_parameters_alone(tmp_path: Path, frozen: str) -> None:
    found = {}
    for way in ("autograd", "analytic", "finite_difference"):
        overrides = (f"gradient={way}", f"freeze.parameters=[{frozen}]")
        values = watched(
            tmp_path / way,
            *(*overrides, "freeze.until_epoch=3", "data.batch_size=5", "logger=none"),
            *("trainer.max_epochs=4", "trainer.precision=64-true"),
        )
        found[way] = values[-1]
        assert torch.equal(values[2][frozen], values[0][frozen])
        assert not torch.equal(values[3][frozen], values[0][frozen])
    for way in ("analytic", "finite_difference"):
        for name, value in found["autograd"].items():
            torch.testing.assert_close(found[way][name], value, rtol=1e-9, atol=1e-10)


def test_gradient_difference_covers_trained_parameters_alone(tmp_path: Path) -> None:
    overrides = ("gradient=analytic", "gradient.compare=true", "freeze.parameters=[weight]")
    experiment = trained(tmp_path, *overrides, "trainer.max_epochs=1")
    assert experiment.module.epoch_metrics["train/gradient_difference"] < 1e-5


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (
            ["hidden_*"],
            [f"hidden_linear{n}.{what}" for n in ("", "_2") for what in ("weight", "bias")],
        ),
        (["*.bias"], ["hidden_linear.bias", "hidden_linear_2.bias", "output_linear.bias"]),
        (
            ["output_linear.weight", "*_2.weight"],
            ["hidden_linear_2.weight", "output_linear.weight"],
        ),
        ([], []),
    ],
)
def test_globs_choose_the_frozen_parameters(patterns: list[str], names: list[str]) -> None:
    assert frozen_parameters(MLP([2], 1, hidden=[2, 2]), patterns) == names


def test_freezing_every_parameter_by_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="every parameter is frozen"):
        frozen_parameters(nn.Linear(2, 1), ["weight", "b*"])


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("freeze.parameters=[wieght]",), "'wieght' matches no parameter. Did you mean 'weight'?"),
        (("freeze.parameters=['*']",), "every parameter is frozen, so nothing would train"),
        (("freeze.parameters=[weight,bias]", "freeze.until_epoch=3"), "every parameter is frozen"),
        (("freeze.until_epoch=3",), "freeze.parameters names none"),
        (("freeze.parameters=[bias]", "freeze.until_epoch=1"), "at least 2"),
    ],
)
def test_freezing_every_parameter_is_refused_before_anything_is_written(
    refused: Callable[..., str], overrides: tuple[str, ...], said: str
) -> None:
    # `train` itself, not a stand-in for it.
    assert said in refused("train", *overrides, function=None)


class Signal(pl.Callback):
    """Asks this process to stop at the start of an epoch (counted from 0)."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGTERM)


def resumed(folder: Path, epoch: int, *overrides: str) -> Experiment:
    """Stop a run in the middle of an epoch, and take it up."""
    experiment = built(folder, *overrides)
    experiment.trainer.callbacks.append(Signal(epoch))
    with pytest.raises(Interrupted):
        finished(experiment)
    again = built(folder, *overrides)
    last = str(RunFolder(folder).checkpoint("last"))
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=last, weights_only=True
    )
    return again


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_resumed_run_freezes_and_unfreezes_like_an_uninterrupted_one(
    tmp_path: Path, epoch: int
) -> None:
    overrides = (*MODEL, HIDDEN, "freeze.until_epoch=3", "optimizer=adam", "trainer.max_epochs=5")
    whole = weights(trained(tmp_path / "whole", *overrides))
    again = weights(resumed(tmp_path / "cut", epoch, *overrides))
    for name, value in whole.items():
        assert torch.equal(again[name], value), name
