"""What the loss curve is drawn from."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
from tests.callbacks.figures.runs import LINE, add, files
from tests.experiments import built, curve, finished, record, trained

from seedbed.engines.lightning.data_module import LightningData
from seedbed.runs.folder import RunFolder


@pytest.mark.parametrize("every", ["null", "1"])
def test_loss_curve_holds_every_epoch_so_far(tmp_path: Path, drawn, every: str) -> None:
    calls = drawn("loss_curve")
    overrides = (*LINE, "data.val_size=2", "trainer.log_every_n_epochs=3", "trainer.max_epochs=4")
    trained(tmp_path / "whole", *LINE, "data.val_size=2", "trainer.max_epochs=4")
    trained(tmp_path, *overrides, *add("loss_curve", every_n_epochs=every))
    for name in ("train/loss", "val/loss"):
        epochs, values = calls[-1]["curves"][name]
        assert epochs.tolist() == [1, 2, 3, 4]
        expected = list(curve(tmp_path / "whole", name).values())
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert set(calls[-1]["curves"]) == {"train/loss", "val/loss"}
    if every == "1":
        shown = [call["curves"].get("train/loss", ([], []))[0] for call in calls]
        assert [len(epochs) for epochs in shown] == [1, 2, 3, 4, 4]


def test_loss_curve_has_the_published_loss_of_least_squares(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_curve")
    trained(tmp_path, *LINE, *add("loss_curve"), "trainer.max_epochs=1")
    assert calls[0]["reference"] == pytest.approx(2.927645, abs=2e-6)
    assert calls[0]["reference_name"] == "least squares"


def test_a_diverged_run_draws_its_loss_curve_alone(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_curve")
    overrides = ("experiment=thermometer_diverges", *add("loss_curve"), *add("fit"))
    finished(built(tmp_path, *overrides))
    assert record(tmp_path)["status"] == "diverged"
    epochs, values = calls[0]["curves"]["train/loss"]
    assert epochs.tolist() == list(range(1, 11))
    np.testing.assert_allclose(values, list(curve(tmp_path).values()), rtol=1e-6)
    # Of the weights that it ended with there is nothing to show.
    assert files(tmp_path) == ["loss_curve.png"]


def test_loss_curve_is_complete_when_a_run_killed_after_an_epoch_is_resumed(
    tmp_path: Path, drawn
) -> None:
    curves = drawn("loss_curve")

    class Kill(pl.Callback):
        """Ends the run without any of its last words, as a power cut would."""

        def on_train_epoch_start(self, trainer, pl_module) -> None:
            if trainer.current_epoch == 2:
                # What the checkpoint callback wrote after the epoch is all there is.
                trainer.callbacks[:] = [self]
                raise ZeroDivisionError

    overrides = [*LINE, *add("loss_curve"), "callbacks.checkpoint.every_seconds=0"]
    overrides += ["trainer.max_epochs=4", "logger=none"]
    experiment = built(tmp_path, *overrides)
    experiment.trainer.callbacks.insert(0, Kill())
    with pytest.raises(ZeroDivisionError):
        experiment.trainer.fit(experiment.module, datamodule=LightningData(experiment.data))
    again = built(tmp_path, *overrides)
    last = str(RunFolder(tmp_path).checkpoint("last"))
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=last, weights_only=True
    )
    assert curves[-1]["curves"]["train/loss"][0].tolist() == [1, 2, 3, 4]
