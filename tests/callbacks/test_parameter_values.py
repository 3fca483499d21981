"""Logging of single elements of parameters."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import pytorch_lightning as pl
from tests.experiments import built, curve, events, finished, trained, weights

from seedbed.engines.lightning.data_module import LightningData
from seedbed.errors import Interrupted
from seedbed.runs.folder import RunFolder

VALUES = "+callback@callbacks.parameter_values=parameter_values"


def tags(folder: Path) -> set[str]:
    """Return the tags of the numbers."""
    return {tag for tag in events(folder).Tags()["scalars"] if tag.startswith("parameter/")}


def test_an_epoch_logs_the_value_at_its_start(tmp_path: Path) -> None:
    overrides = ("data=none", "model=parabola", "optimizer.lr=0.1", VALUES)
    experiment = trained(tmp_path, *overrides, "trainer.max_epochs=6")
    # Gradient descent on (x - 2)^2 - 5 multiplies the distance to 2 by 1 - 2 lr.
    expected = {epoch: 2 + 48 * 0.8 ** (epoch - 1) for epoch in range(1, 7)}
    assert curve(tmp_path, "parameter/x") == pytest.approx(expected, rel=1e-6)
    assert weights(experiment)["x"].item() == pytest.approx(2 + 48 * 0.8**6, rel=1e-6)
    # So the value at an epoch is the one whose loss stands beside it.
    for epoch, loss in curve(tmp_path).items():
        assert (expected[epoch] - 2) ** 2 - 5 == pytest.approx(loss, rel=1e-5)


def test_every_element_of_a_matrix_has_its_own_tag(tmp_path: Path) -> None:
    given = "[[0.17,0.80,0.4181],[0.5594,-0.6474,1.2070]]"
    trained(
        tmp_path,
        *(VALUES, f"+initial_weights.parameters.weight={given}", "optimizer.lr=0.0"),
        *("+initial_weights.parameters.bias=[-0.5063,-0.3956]", "trainer.max_epochs=2"),
    )
    shown = {tag: curve(tmp_path, tag)[1] for tag in tags(tmp_path)}
    assert shown == pytest.approx(
        {
            "parameter/weight[0,0]": 0.17,
            "parameter/weight[0,1]": 0.80,
            "parameter/weight[0,2]": 0.4181,
            "parameter/weight[1,0]": 0.5594,
            "parameter/weight[1,1]": -0.6474,
            "parameter/weight[1,2]": 1.2070,
            "parameter/bias[0]": -0.5063,
            "parameter/bias[1]": -0.3956,
        }
    )


def test_globs_choose_the_logged_parameters(tmp_path: Path) -> None:
    overrides = ("model=mlp", "model.hidden=[64]", VALUES, "trainer.max_epochs=1")
    trained(tmp_path, *overrides, "callbacks.parameter_values.parameters=[output_linear.b*]")
    assert tags(tmp_path) == {"parameter/output_linear.bias[0]", "parameter/output_linear.bias[1]"}


def test_values_are_logged_every_n_epochs_like_metrics(tmp_path: Path) -> None:
    overrides = ("data=none", "model=parabola", "optimizer.lr=0.1", VALUES)
    trained(tmp_path, *overrides, "trainer.max_epochs=7", "trainer.log_every_n_epochs=3")
    found = curve(tmp_path, "parameter/x")
    assert found == pytest.approx({epoch: 2 + 48 * 0.8 ** (epoch - 1) for epoch in (1, 3, 6, 7)})


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("callbacks.parameter_values.parameters=[wieght]",), "'wieght' matches no parameter"),
        (("model=mlp",), "386 numbers, and at most 100 are logged"),
    ],
)
def test_unknown_or_too_many_parameters_are_refused_before_anything_is_written(
    refused: Callable[..., str], overrides: tuple[str, ...], said: str
) -> None:
    message = refused("train", VALUES, *overrides, function=None)
    assert message.startswith("seedbed: callbacks.parameter_values.parameters: ")
    assert said in message


class Signal(pl.Callback):
    """Asks this process to stop at the start of an epoch (counted from 0)."""

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == 2:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_resumed_run_logs_every_epoch_once(tmp_path: Path) -> None:
    overrides = (VALUES, "trainer.max_epochs=5")
    trained(tmp_path / "whole", *overrides)

    experiment = built(tmp_path / "cut", *overrides)
    experiment.trainer.callbacks.append(Signal())
    with pytest.raises(Interrupted):  # After the first of three batches of the third epoch.
        finished(experiment)
    again = built(tmp_path / "cut", *overrides)
    last = str(RunFolder(tmp_path / "cut").checkpoint("last"))
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=last, weights_only=True
    )

    for tag in ("train/loss", "parameter/weight[0,1]", "parameter/bias[1]"):
        assert curve(tmp_path / "cut", tag) == pytest.approx(curve(tmp_path / "whole", tag)), tag
