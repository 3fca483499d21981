"""What the figures of parameter paths are drawn from."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
from tests.callbacks.figures.runs import FUNCTION, LINE, add, of_the_user
from tests.experiments import Experiment, built, finished, trained, weights

from seedbed.engines.lightning.data_module import LightningData
from seedbed.errors import ConfigError, Interrupted
from seedbed.runs.folder import RunFolder


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("[weight]", "it must name two numbers"),
        ("[weight,weight]", "it must name two numbers"),
        ("[weight,'weight[0,0]']", "two numbers"),
        ("[weight,bais]", "the model has no parameter 'bais'. Did you mean 'bias'?"),
        ("['weight[0,1]',bias]", "'weight[0,1]' is not one number"),
    ],
)
def test_loss_landscape_requires_two_different_elements(
    tmp_path: Path, parameters: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        built(tmp_path, *LINE, *add("loss_landscape", parameters=parameters))
    assert said in str(refused.value)
    assert str(refused.value).startswith("callbacks.loss_landscape")


def test_line_recovery_requires_rows_in_memory(tmp_path: Path) -> None:
    # Of other rows neither the line that made them nor least squares is known.
    data = of_the_user("Points", "regression", [1], 1)
    with pytest.raises(ConfigError, match="line_recovery"):
        built(tmp_path, *data, "+data.train.features=1", *add("line_recovery"))


def by_hand(epochs: int, rate: float, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return weight and bias of gradient descent from (1, 0), (epochs + 1, 2)."""
    weight, bias, path = 1.0, 0.0, [(1.0, 0.0)]
    for _ in range(epochs):
        error = weight * inputs + bias - targets
        weight, bias = weight - rate * 2 * (error * inputs).mean(), bias - rate * 2 * error.mean()
        path.append((weight, bias))
    return np.array(path)


def losses(points: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the mean squared error at points (..., 2) of weight and bias."""
    error = points[..., :1] * inputs + points[..., 1:] - targets
    return (error**2).mean(axis=-1)


ONE_AND_ZERO = (
    "+initial_weights.parameters.weight=[[1.0]]",
    "+initial_weights.parameters.bias=[0.0]",
    "trainer.precision=64-true",
    "data.batch_size=null",
)


def test_loss_landscape_gets_the_path_and_the_losses_on_a_grid(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    keys = {"points": 7, "parameters": "[bias,'weight[0,0]']", "log": "false"}
    experiment = trained(
        tmp_path,
        *(*LINE, *ONE_AND_ZERO, *add("loss_landscape", **keys), "data.input_scale=0.1"),
        *("optimizer.lr=1e-3", "trainer.max_epochs=5"),
    )
    rows = experiment.data._splits["train"]
    inputs, targets = 0.1 * rows.inputs.numpy()[:, 0], rows.targets.numpy()[:, 0]
    (shown,) = calls
    path = by_hand(5, 1e-3, inputs, targets)[:, ::-1]
    np.testing.assert_allclose(shown["path"], path, rtol=1e-9, atol=1e-12)
    plane = np.stack(np.meshgrid(shown["x"], shown["y"]), axis=-1)
    expected = losses(plane[..., ::-1], inputs, targets)
    np.testing.assert_allclose(shown["loss"], expected, rtol=1e-9)
    # Least squares, published in the units of the readings, where the model holds it.
    assert shown["reference"] == pytest.approx([-17.304785, 5.36772], abs=1e-4)
    assert shown["reference_name"] == "least squares"
    assert (shown["labels"], shown["log"]) == (["bias", "weight[0,0]"], False)
    for place, axis in enumerate((shown["x"], shown["y"])):
        seen = [*path[:, place], shown["reference"][place]]
        assert axis.min() < min(seen)
        assert axis.max() > max(seen)


def test_loss_landscape_of_a_network_has_no_reference_point(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    elements = "['hidden_linear.weight[1,0]','output_linear.bias']"
    overrides = ("model=mlp", "model.hidden=[2]", *LINE, "trainer.max_epochs=2", "optimizer=adam")
    experiment = trained(
        tmp_path, *overrides, *add("loss_landscape", parameters=elements, points=3)
    )
    (shown,) = calls
    assert shown["reference"] is None
    assert shown["path"].shape == (3, 2)
    found = weights(experiment)
    end = found["hidden_linear.weight"][1, 0].item(), found["output_linear.bias"].item()
    assert shown["path"][-1].tolist() == list(end)


def test_line_recovery_compares_with_the_true_line(tmp_path: Path, drawn) -> None:
    calls = drawn("line_recovery")
    overrides = ("data=linear_noise", "data.rows=30", "data.data_seed=2", "data.input_scale=2")
    experiment = trained(
        tmp_path,
        *(*overrides, *ONE_AND_ZERO, "optimizer.lr=0.05", "trainer.max_epochs=4"),
        *add("line_recovery", points=5),
    )
    (shown,) = calls
    rows = experiment.data._splits["train"]
    inputs, targets = 2 * rows.inputs.numpy()[:, 0], rows.targets.numpy()[:, 0]
    path = by_hand(4, 0.05, inputs, targets)
    np.testing.assert_allclose(shown["path"], path, rtol=1e-9)
    np.testing.assert_allclose(shown["losses"], losses(path, inputs, targets), rtol=1e-9)
    np.testing.assert_allclose(shown["inputs"], inputs, rtol=1e-12)
    np.testing.assert_allclose(shown["targets"], targets, rtol=1e-12)
    plane = np.stack(np.meshgrid(shown["x"], shown["y"]), axis=-1)
    np.testing.assert_allclose(shown["loss"], losses(plane, inputs, targets), rtol=1e-9)
    line = experiment.data.true_line()
    assert shown["true"] == pytest.approx([line.weight.item() / 2, line.bias.item()])
    assert shown["reference_name"] == "true line"
    assert shown["step_name"] == "epoch"
    assert shown["path_name"] == "path of 4 epochs"


@pytest.mark.parametrize("every", [None, 2])
def test_where_an_epoch_has_several_steps_the_path_has_each_of_them(
    tmp_path: Path, drawn, every: int | None
) -> None:
    calls = drawn("line_recovery")
    overrides = ["data=linear_noise", "data.rows=30", "data.batch_size=10", "logger=none"]
    overrides += [*add("line_recovery", points=2, **({"every_n_steps": every} if every else {}))]
    ends = []
    for epochs in (1, 2):
        experiment = trained(tmp_path / str(epochs), *overrides, f"trainer.max_epochs={epochs}")
        ends.append([value.item() for value in weights(experiment).values()])
    shown = calls[-1]
    # The start of an epoch is looked at anyway: a callback may have changed the weights.
    expected = [0, 1, 2, 3, 4, 5, 6] if every is None else [0, 2, 3, 4, 6]
    assert shown["steps"].tolist() == expected
    assert shown["step_name"] == "step"
    assert shown["path_name"] == "path of 6 steps" + (", every 2" if every else "")
    assert len(shown["losses"]) == len(shown["path"]) == len(shown["steps"])
    np.testing.assert_allclose(shown["path"][-1], ends[1], rtol=1e-6)
    if every is None:
        np.testing.assert_allclose(shown["path"][3], ends[0], rtol=1e-6)


def test_minimization_path_of_gradient_descent_on_a_bowl(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    overrides = (*FUNCTION, "trainer.precision=64-true", "trainer.max_epochs=3")
    trained(tmp_path, *overrides, *add("minimization_path", points=6))
    (shown,) = calls
    # Along x the distance to -1 shrinks to 0.8, along y that to 0 to 0.9.
    expected = [[-1 + 11 * 0.8**k, 10 * 0.9**k] for k in range(4)]
    np.testing.assert_allclose(shown["path"], expected, rtol=1e-12)
    x, y = np.meshgrid(shown["x"], shown["y"])
    np.testing.assert_allclose(shown["loss"], (x + 1) ** 2 + 0.5 * y**2, rtol=1e-12)
    assert shown["loss"].shape == (6, 6)
    assert (shown["labels"], shown["value_label"]) == (["x", "y"], "f(x, y)")


def test_minimization_path_of_gradient_descent_on_a_parabola(tmp_path: Path, drawn) -> None:
    calls = drawn("minimization_path")
    overrides = ("data=none", "model=parabola", "optimizer.lr=0.25", "trainer.precision=64-true")
    trained(tmp_path, *overrides, "trainer.max_epochs=3", *add("minimization_path"))
    (shown,) = calls
    path = np.array([2 + 48 * 0.5**k for k in range(4)])
    np.testing.assert_allclose(shown["path"], path, rtol=1e-12)
    np.testing.assert_allclose(shown["path_values"], path**2 - 4 * path - 1, rtol=1e-12)
    np.testing.assert_allclose(shown["values"], shown["x"] ** 2 - 4 * shown["x"] - 1, rtol=1e-9)
    assert shown["x"].min() < path.min() < path.max() < shown["x"].max()
    assert shown["labels"] == ("x", "f(x)")


def test_a_reference_that_differs_in_other_elements_says_so(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    over = add("loss_landscape", points=2, parameters="['weight[0,0]','weight[0,1]']")
    trained(tmp_path, "data=linear_noise", "data.features=2", "trainer.max_epochs=1", *over)
    assert calls[-1]["reference_name"] == "true line (its other numbers differ)"


class Signal(pl.Callback):
    """Asks this process to stop at the start of an epoch (counted from 0)."""

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == 2:
            os.kill(os.getpid(), signal.SIGTERM)


def taken_up(folder: Path, overrides: list[str], from_signal: bool) -> Experiment:
    """Stop a run in the middle of an epoch, or after one, and go on."""
    if from_signal:
        experiment = built(folder, *overrides, "trainer.max_epochs=4")
        experiment.trainer.callbacks.append(Signal())
        with pytest.raises(Interrupted):
            finished(experiment)
    else:
        trained(folder, *overrides, "trainer.max_epochs=2")
    again = built(folder, *overrides, "trainer.max_epochs=4")
    last = str(RunFolder(folder).checkpoint("last"))
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=last, weights_only=True
    )
    return again


@pytest.mark.parametrize("from_signal", [True, False])
def test_a_resumed_run_draws_the_complete_path_and_loss_curve(
    tmp_path: Path, drawn, from_signal: bool
) -> None:
    paths, curves = drawn("loss_landscape"), drawn("loss_curve")
    overrides = [*LINE, "data.batch_size=4", "logger=none", *add("loss_landscape", points=2)]
    overrides += add("loss_curve")
    trained(tmp_path / "whole", *overrides, "trainer.max_epochs=4")
    whole_path, whole_curve = paths[-1]["path"], curves[-1]["curves"]["train/loss"]
    taken_up(tmp_path / "cut", overrides, from_signal)
    np.testing.assert_allclose(paths[-1]["path"], whole_path, rtol=1e-12)
    # 11 readings in batches of 4 are 3 steps an epoch.
    assert len(whole_path) == 1 + 4 * 3
    for found, expected in zip(curves[-1]["curves"]["train/loss"], whole_curve, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)
