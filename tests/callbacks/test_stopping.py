"""Convergence rules, against loops that find the same epoch."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.composing import composed
from tests.experiments import Experiment, built, curve, record, trained
from torch import nn

from seedbed.callbacks import LossConverged
from seedbed.config.spec import run_spec
from seedbed.data.random import permutations
from seedbed.engines.lightning.data_module import LightningData
from seedbed.errors import Diverged
from seedbed.experiment.run import fit
from seedbed.experiment.training.experiment import build_experiment
from seedbed.experiment.training.loading import load
from seedbed.runs.folder import RunFolder

LOSS = "+callback@callbacks.loss_converged=loss_converged"
GRADIENT = "+callback@callbacks.gradient_converged=gradient_converged"


def rule(name: str, **keys: float) -> list[str]:
    """Return the overrides that add a rule."""
    add = LOSS if name == "loss_converged" else GRADIENT
    return [add, *(f"callbacks.{name}.{key}={value}" for key, value in keys.items())]


def descent(epochs: int, rate: float) -> list[tuple[float, float]]:
    """Return loss and gradient of f(x) = x^2 - 4x - 1 before each update, from 50."""
    x, found = 50.0, []
    for _ in range(epochs):
        gradient = 2 * x - 4
        found.append((x * x - 4 * x - 1, gradient))
        x -= rate * gradient
    return found


PARABOLA = (
    "data=none",
    "model=parabola",
    "optimizer.lr=0.1",
    "trainer.precision=64-true",
    "trainer.max_epochs=200",
)


def parabola(folder: Path, *overrides: str) -> Experiment:
    """Minimize it in double precision."""
    return trained(folder, *PARABOLA, *overrides)


def stops_at(experiment: Experiment) -> int:
    """Return the epoch after which the run stopped; the record says the same."""
    epoch = experiment.trainer.current_epoch
    fields = record(experiment.folder.path)
    assert fields["status"] == "completed"
    assert fields["stopped"].startswith(f"after epoch {epoch}: ")
    return epoch


@pytest.mark.parametrize(
    ("tolerance", "min_epochs"), [(1e-3, 1), (1.0, 1), (1e-3, 80), (0.5, 30), (100.0, 1)]
)
def test_training_stops_when_learning_rate_times_gradient_is_small(
    tmp_path: Path, tolerance: float, min_epochs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {"tolerance": tolerance, "min_epochs": min_epochs}
    experiment = parabola(tmp_path, *rule("gradient_converged", **keys))
    expected = next(
        epoch
        for epoch, (_, gradient) in enumerate(descent(200, 0.1), start=1)
        if epoch >= min_epochs and 0.1 * abs(gradient) <= tolerance
    )
    assert stops_at(experiment) == expected
    scaled = 0.1 * abs(descent(200, 0.1)[expected - 1][1])
    reason = f"after epoch {expected}: the largest scaled gradient is {scaled:.2g}"
    assert record(tmp_path)["stopped"] == reason
    assert f"stopped      {reason}" in capsys.readouterr().out
    # The epoch that fulfils the rule is trained and logged like any other.
    assert max(curve(tmp_path)) == expected


@pytest.mark.parametrize(
    ("max_change", "max_loss", "min_epochs"),
    [(1e-3, 0.1, 1), (10.0, 300.0, 1), (1000.0, -4.0, 1), (1e-3, 0.1, 60), (1e-9, -4.999, 2)],
)
def test_training_stops_when_the_loss_is_low_and_steady(
    tmp_path: Path, max_change: float, max_loss: float, min_epochs: int
) -> None:
    keys = {"max_change": max_change, "max_loss": max_loss, "min_epochs": min_epochs}
    experiment = parabola(tmp_path, *rule("loss_converged", **keys))
    losses = [loss for loss, _ in descent(200, 0.1)]
    expected = next(
        epoch
        for epoch in range(max(2, min_epochs), 201)
        if losses[epoch - 1] <= max_loss
        and abs(losses[epoch - 1] - losses[epoch - 2]) <= max_change
    )
    assert stops_at(experiment) == expected


def test_loss_converged_compares_the_last_two_batches_of_an_epoch(tmp_path: Path) -> None:
    overrides = ("data=thermometer", "data.batch_size=4", "data.shuffle=true", "seed=2")
    keys = {"max_change": 30.0, "max_loss": 60.0}
    experiment = trained(
        tmp_path,
        *overrides,
        "optimizer.lr=1e-5",
        "trainer.max_epochs=60",
        *rule("loss_converged", **keys),
    )
    table = experiment.data.table("train")
    torch.manual_seed(2)
    net = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-5)
    for epoch in range(60):
        losses = []
        for rows in permutations(2, epoch, 11).split(4):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(table.inputs[rows]), table.targets[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if losses[-1] <= 60 and abs(losses[-1] - losses[-2]) <= 30:
            break
    assert 1 < epoch + 1 < 60
    assert stops_at(experiment) == epoch + 1


def test_gradient_converged_requires_every_element_to_be_small(tmp_path: Path) -> None:
    # Along y the bowl is flat: there the gradient, below 0, is the smaller one from the start.
    overrides = ("data=none", "model=bowl", "model.steepness=[1.0,0.01]", "optimizer.lr=0.3")
    experiment = trained(
        tmp_path,
        *overrides,
        "model.start=[1.0,-5.0]",
        "trainer.max_epochs=400",
        *rule("gradient_converged", tolerance=0.01),
    )
    x, y = [2.0], [-5.0]
    while 0.3 * max(abs(2 * x[-1]), abs(0.02 * y[-1])) > 0.01:
        x.append(x[-1] - 0.3 * 2 * x[-1])
        y.append(y[-1] - 0.3 * 0.02 * y[-1])
    assert stops_at(experiment) == len(x)
    # After so many steps x had long arrived.
    assert 0.3 * abs(2 * x[10]) < 0.01 < 0.3 * abs(0.02 * y[10])


def test_a_rule_that_never_holds_does_not_stop_training(tmp_path: Path) -> None:
    keys = {"tolerance": 1e-30}
    overrides = rule("gradient_converged", **keys)
    experiment = parabola(tmp_path, *overrides, "trainer.max_epochs=20")
    assert experiment.trainer.current_epoch == 20
    assert record(tmp_path)["stopped"] is None


def test_gradient_converged_uses_the_learning_rate_of_the_last_step(tmp_path: Path) -> None:
    # A tenth of the rate every epoch.
    schedule = ("scheduler=step", "scheduler.step_size=1", "scheduler.gamma=0.1")
    experiment = parabola(tmp_path, *schedule, *rule("gradient_converged", tolerance=0.05))
    x, rate, epoch = 50.0, 0.1, 1
    while rate * (2 * x - 4) > 0.05:
        x -= rate * (2 * x - 4)
        rate, epoch = rate / 10, epoch + 1
    assert stops_at(experiment) == epoch


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("loss_converged", {"max_change": 1.0, "max_loss": 5.0}),
        ("gradient_converged", {"tolerance": 1.0}),
    ],
)
@pytest.mark.parametrize("before", [1, 2])
def test_a_resumed_run_stops_in_the_same_epoch_as_an_uninterrupted_one(
    tmp_path: Path, name: str, keys: dict[str, float], before: int
) -> None:
    overrides = rule(name, **keys)
    whole = stops_at(parabola(tmp_path / "whole", *overrides))
    assert whole > 2
    # Up to one epoch before the end the loss of the step before is known from the checkpoint alone.
    parabola(tmp_path / "cut", *overrides, f"trainer.max_epochs={whole - before}")
    assert record(tmp_path / "cut")["stopped"] is None

    again = built(tmp_path / "cut", *PARABOLA, *overrides)
    last = RunFolder(tmp_path / "cut").checkpoint("last")
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=str(last), weights_only=True
    )

    assert again.trainer.current_epoch == whole


def test_loss_converged_uses_the_first_loss_of_each_lbfgs_step(tmp_path: Path) -> None:
    keys = {"max_change": 1e-6, "max_loss": 0.0}
    overrides = ("optimizer=lbfgs", "optimizer.lr=1.0", "optimizer.max_iter=2")
    experiment = parabola(tmp_path, *overrides, *rule("loss_converged", **keys))
    x = nn.Parameter(torch.tensor(50.0, dtype=torch.float64))
    options = {"lr": 0.1} | {"lr": 1.0, "max_iter": 2}
    optimizer, losses = torch.optim.LBFGS([x], **options), []
    while len(losses) < 2 or losses[-1] > 0 or abs(losses[-1] - losses[-2]) > 1e-6:
        evaluated = []

        def closure(evaluated=evaluated):
            optimizer.zero_grad()
            loss = x**2 - 4 * x - 1
            loss.backward()
            evaluated.append(loss.item())
            return loss

        optimizer.step(closure)
        losses.append(evaluated[0])
    assert stops_at(experiment) == len(losses)


number = st.floats(-10, 10)


@settings(max_examples=200, deadline=None)
@given(
    losses=st.lists(number, max_size=2),
    max_change=st.floats(1e-3, 10),
    max_loss=number,
)
def test_loss_converged_requires_both_limits_inclusively(
    losses: list[float], max_change: float, max_loss: float
) -> None:
    strategy = SimpleNamespace(reduce=lambda values, reduce_op: values)
    kept = [torch.tensor(one, dtype=torch.float64) for one in losses]
    converged = LossConverged(1, max_change, max_loss)

    found = converged.reason_to_stop(
        SimpleNamespace(strategy=strategy), SimpleNamespace(step_losses=kept)
    )

    low = len(losses) == 2 and losses[1] <= max_loss
    assert bool(found) == (low and abs(losses[1] - losses[0]) <= max_change)


class Root(nn.Module):
    """Has an infinite slope at 0, which becomes nan."""

    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor(1.0))
        self.z = nn.Parameter(torch.tensor(0.0))

    def forward(self) -> torch.Tensor:
        return 0 * self.x**2 + (self.z * 0).abs().sqrt()


def test_a_nan_gradient_has_not_converged(tmp_path: Path) -> None:
    experiment = built(tmp_path, "data=none", "model=parabola", *rule("gradient_converged"))
    experiment.module.net = Root()
    # The step of the first epoch makes z a nan, and the loss of the second shows it.
    with pytest.raises(Diverged, match="nan in epoch 2"):
        experiment.trainer.fit(experiment.module, datamodule=LightningData(experiment.data))


def test_gradients_outlast_the_validation(tmp_path: Path) -> None:
    words = ("data=clusters", "trainer.max_epochs=2", "data.val_size=0.2")
    trained(tmp_path, *words, *rule("gradient_converged", tolerance=100.0))
    assert record(tmp_path)["stopped"].startswith("after epoch 1: the largest scaled gradient")


def going_on(folder: Path, *words: str) -> Experiment:
    """Return a run of these words that goes on in a folder, at its end."""
    run_folder = RunFolder(folder)
    spec = run_spec(composed("callbacks=quiet", *words))
    experiment = build_experiment(spec, run_folder, resume_from=run_folder.checkpoint("last"))
    load(experiment)
    fit(experiment)
    return experiment


def test_a_rule_that_has_stopped_a_run_stops_it_again_unless_its_limit_has_changed(
    tmp_path: Path,
) -> None:
    early = ("+callback@callbacks.early_stopping=early_stopping", "optimizer.lr=0.0")
    early += ("data.rows=5", "data.shuffle=false", "trainer.max_epochs=20", "logger=none")
    patience = "callbacks.early_stopping.patience={}".format
    trained(tmp_path, *early, patience(2))
    # Nothing improves after the first epoch.
    for waits, epochs in ((2, 3), (4, 5), (4, 5), (3, 5)):
        experiment = going_on(tmp_path, *early, patience(waits))
        assert experiment.trainer.current_epoch == epochs
    converged = ("+callback@callbacks.loss_converged=loss_converged", *early[1:])
    limits = ("callbacks.loss_converged.max_loss=1e9", "callbacks.loss_converged.max_change=1.0")
    first = "callbacks.loss_converged.min_epochs={}".format
    trained(tmp_path / "other", *converged, *limits, first(2))
    for least, epochs in ((2, 2), (6, 6)):
        experiment = going_on(tmp_path / "other", *converged, *limits, first(least))
        assert experiment.trainer.current_epoch == epochs
