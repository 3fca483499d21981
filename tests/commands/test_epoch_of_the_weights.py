"""Whatever uses the weights of a run says of which epoch they are."""

from pathlib import Path
from typing import Any

import pytest
from tests.experiments import trained

from seedbed.callbacks.figures import figure_callback
from seedbed.runs.checkpoints import described

SPLIT = ("data=thermometer", "data.input_scale=0.1", "data.val_size=0.2", "optimizer.lr=0.01")


def test_the_best_epoch_is_named(command: Any, tmp_path: Path) -> None:
    experiment = trained(tmp_path / "run", *SPLIT, "trainer.max_epochs=12", "logger=none")
    best = experiment.checkpoint.best.epoch  # type: ignore[union-attr]
    assert best < 12
    said = command("predict", f"run={tmp_path / 'run'}", "input=[[30]]").err
    assert f"weights      epoch {best} of 12 (best), picked by val/loss" in said
    last = command("predict", f"run={tmp_path / 'run'}", "input=[[30]]", "checkpoint=last").err
    assert "weights      epoch 12 (last)" in last
    assert f"epoch {best} of 12 (best)" in command(
        "evaluate", f"run={tmp_path / 'run'}", "split=val"
    ).out  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("trainer.max_steps=2", "data.batch_size=3"),
        ("trainer.max_epochs=2", "trainer.check_val_every_n_epoch=5"),
    ],
)
def test_the_last_takes_the_place_of_a_best_that_there_is_not(
    command: Any, tmp_path: Path, words: tuple[str, ...]
) -> None:
    trained(tmp_path / "run", *SPLIT, *words, "logger=none")
    run = f"run={tmp_path / 'run'}"
    for said in (command("evaluate", run, "split=val"), command("predict", run, "input=[[30]]")):
        assert said.code == 0, said.err
        printed = said.out + said.err
        assert "(last)" in printed
        assert "checkpoint=last: the run has no best epoch, val/loss was never" in printed


def test_a_figure_names_the_epoch_of_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions: list[str] = []
    import seedbed.figures

    monkeypatch.setattr(seedbed.figures, "caption", lambda figure, text: captions.append(text))
    assert figure_callback.FigureCallback.shows_weights
    figures = [f"+callback@callbacks.{name}={name}" for name in ("fit", "predicted_against_true")]
    words = ("data.test_size=2", "trainer.max_epochs=12", "logger=none", *figures)
    experiment = trained(tmp_path, *SPLIT, *words)
    best = experiment.checkpoint.best.epoch  # type: ignore[union-attr]
    # One of the last weights, and one of those that were tested.
    assert captions == ["weights of epoch 12", f"weights of epoch {best}"]


@pytest.mark.parametrize(
    ("kept", "name", "epoch", "said"),
    [
        ({"best": {"epoch": 3}, "last": {"epoch": 9}}, "best", 3, "epoch 3 of 9 (best)"),
        ({"best": {"epoch": 9}, "last": {"epoch": 9}}, "best", 9, "epoch 9 (best, last)"),
        ({"last": {"epoch": 9}}, "last", None, "epoch 9 (last)"),
        ({"last": {"epoch": 9}}, "last", 12, "epoch 12 (last)"),
        ({"best": {"epoch": 0}, "last": {"epoch": 0}}, "last", 0, "epoch 0 (best, last)"),
        ({}, "last", 4, "epoch 4 (last)"),
        (None, "best", None, "best"),
    ],
)
def test_weights_in_words(kept: Any, name: str, epoch: int | None, said: str) -> None:
    assert described({"checkpoints": kept}, name, epoch) == said
