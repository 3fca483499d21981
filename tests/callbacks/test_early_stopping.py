"""Early stopping looks at the state of the epoch, and counts what the metric is measured by."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Callback
from tests.composing import unchecked
from tests.experiments import built, finished, record

from seedbed.callbacks import EarlyStopping, LossConverged
from seedbed.config.validation import check
from seedbed.errors import ConfigError
from seedbed.experiment.training.loading import load

STOP = "+callback@callbacks.stop=early_stopping"
RARE = ("data.val_size=3", "trainer.check_val_every_n_epoch=2")
LINE = ("data=crop_yield", "logger=none", "optimizer.lr=0.0")


def watched(values: list[float], patience: int, min_epochs: int | None = None) -> int | None:
    """Show the callback a loss an epoch; return the epoch in which it stops."""
    callback = EarlyStopping(monitor="train/loss", patience=patience)
    trainer = Trainer(
        max_epochs=len(values), min_epochs=min_epochs, logger=False, accelerator="cpu",
        callbacks=[callback], enable_progress_bar=False, enable_checkpointing=False,
    )  # fmt: skip
    callback.setup(trainer, None, "fit")  # type: ignore[arg-type]
    trainer.state.fn = "fit"  # type: ignore[assignment]
    progress = trainer.fit_loop.epoch_progress.current
    for epoch, value in enumerate(values):
        progress.completed = epoch
        trainer.callback_metrics["train/loss"] = torch.tensor(value)
        callback.on_train_epoch_end(trainer, None)  # type: ignore[arg-type]
        if trainer.should_stop:
            return epoch + 1
    return None


RISES_THEN_FALLS = [5.0, 6, 7, 8, *(4 - 0.1 * n for n in range(8))]


@pytest.mark.parametrize(
    ("values", "min_epochs", "stops"),
    [
        (RISES_THEN_FALLS, None, 3),
        # What would have stopped it is over by the least number of epochs.
        (RISES_THEN_FALLS, 6, None),
        ([5.0, 6, 7, 8, 9, 10, 11], 6, 6),
        ([5.0, float("nan"), 4, 3, 2, 1, 1, 1], 4, 8),
        ([5.0, 4, 3, 2, 1, 2, 3, 4], 2, 7),
    ],
)
def test_a_stop_holds_in_the_epoch_in_which_it_happens(
    values: list[float], min_epochs: int | None, stops: int | None
) -> None:
    assert watched(values, patience=2, min_epochs=min_epochs) == stops


@pytest.mark.parametrize(
    ("words", "epochs", "said"),
    [
        # Without held-out rows, an interval of validations is of no matter.
        (("trainer.check_val_every_n_epoch=2",), 4, "after epoch 4: train/loss has not improved"),
        (
            RARE,
            8,
            "after epoch 8: val/loss has not improved for 3 validations",
        ),
        (
            (*RARE, "callbacks.stop.monitor=train/loss"),
            4,
            "after epoch 4: train/loss has not improved for 3 epochs",
        ),
        (("data.val_size=3", "trainer.min_epochs=6"), 6, "after epoch 6: val/loss has not"),
    ],
)
def test_it_counts_what_the_metric_is_measured_by(
    tmp_path: Path, words: tuple[str, ...], epochs: int, said: str
) -> None:
    patience = "callbacks.stop.patience=3"
    experiment = finished(built(tmp_path, *LINE, "data.shuffle=false", STOP, patience, *words))
    assert experiment.trainer.current_epoch == epochs
    assert record(tmp_path)["stopped"].startswith(said)


def test_lightnings_own_name_of_it_means_the_same(tmp_path: Path) -> None:
    node = "{_target_: pytorch_lightning.callbacks.EarlyStopping, monitor: train/loss, patience: 2}"
    words = (f"+callbacks.mine={node}", "trainer.min_epochs=5", "data.shuffle=false")
    experiment = finished(built(tmp_path, *LINE, *words))
    assert experiment.trainer.current_epoch == 5


def test_a_rule_that_holds_too_early_is_asked_again(tmp_path: Path) -> None:
    rule = "+callback@callbacks.rule=loss_converged"
    words = (*LINE, rule, "callbacks.rule.max_loss=1e9", "trainer.min_epochs=4")
    experiment = built(tmp_path, *words, "callbacks.rule.max_change=1e9", "trainer.max_epochs=9")
    finished(experiment)
    [found] = [one for one in experiment.callbacks if isinstance(one, LossConverged)]
    assert found.stopped.startswith("after epoch 4: ")


@pytest.mark.parametrize(
    ("words", "reachable"),
    [
        (("trainer.max_epochs=8", "callbacks.stop.patience=3"), True),
        (("trainer.max_epochs=7", "callbacks.stop.patience=3"), False),
        (("trainer.max_epochs=7", "callbacks.stop.patience=6", "data.val_size=0"), True),
    ],
)
def test_a_patience_is_compared_with_the_validations(
    words: tuple[str, ...], reachable: bool
) -> None:
    config = unchecked("data=crop_yield", STOP, *RARE, *words)
    if reachable:
        check(config)
        return
    with pytest.raises(ConfigError, match=r"callbacks\.stop\.patience: 3 can never stop a run of"):
        check(config)


def test_a_patience_is_compared_with_the_epochs_that_max_steps_leaves(tmp_path: Path) -> None:
    words = (*LINE, STOP, "callbacks.stop.patience=5", "data.batch_size=5", "trainer.max_steps=12")
    with pytest.raises(ConfigError, match="patience: 5 can never stop a run of 4 epochs"):
        load(built(tmp_path, *words))
    load(built(tmp_path, *words[:-1], "trainer.max_steps=18"))


class StopsInTheSecondEpoch(Callback):
    """Asks Lightning to stop once, after the second epoch."""

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        trainer.should_stop = trainer.current_epoch == 1


@pytest.mark.parametrize(("min_epochs", "epochs"), [("null", 2), ("4", 6)])
def test_a_stop_that_another_callback_asked_for_is_not_remembered(
    tmp_path: Path, min_epochs: str, epochs: int
) -> None:
    stops = f"+callbacks.stops={{_target_: {__name__}.StopsInTheSecondEpoch}}"
    words = (*LINE, stops, "trainer.max_epochs=6", f"trainer.min_epochs={min_epochs}")
    assert finished(built(tmp_path, *words)).trainer.current_epoch == epochs
