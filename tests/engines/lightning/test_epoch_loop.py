"""The lean loop against Lightning's own: the same weights, the same numbers, the same counters."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from tests.experiments import built, curve, finished, weights

CASES = {
    "default": (),
    "momentum": ("optimizer.momentum=0.9", "optimizer.lr=1e-6"),
    "adam": ("model=mlp", "optimizer=adam", "model.dropout=0.2"),
    "accumulate": ("trainer.accumulate_grad_batches=2",),
    "clip by norm": ("trainer.gradient_clip_val=5.0",),
    "clip by value": ("trainer.gradient_clip_val=5.0", "trainer.gradient_clip_algorithm=value"),
    "schedule per step": ("optimizer=adam", "scheduler=one_cycle"),
    "schedule per epoch": ("scheduler=step", "scheduler.step_size=2"),
    "plateau": ("scheduler=plateau", "scheduler.patience=0", "data.val_size=4"),
    "validation": ("data.val_size=4", "trainer.check_val_every_n_epoch=2"),
    "steps": ("trainer.max_steps=7",),
    "share of the batches": ("trainer.limit_train_batches=2",),
    "stream": ("data=clusters", "data.sample=stream", "data.batch_size=8"),
}


@pytest.mark.parametrize("overrides", CASES.values(), ids=CASES.keys())
def test_the_lean_loop_does_what_lightnings_own_does(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    runs = {}
    for name, lean in (("lean", None), ("stock", False)):
        experiment = built(tmp_path / name, "trainer.max_epochs=5", *overrides)
        experiment.trainer.fit_loop.epoch_loop.lean = lean
        finished(experiment)
        runs[name] = experiment
    loops = {name: run.trainer.fit_loop.epoch_loop for name, run in runs.items()}
    assert loops["lean"].lean is True
    for name, value in weights(runs["stock"]).items():
        assert torch.equal(weights(runs["lean"])[name], value), name
    assert curve(tmp_path / "lean") == curve(tmp_path / "stock")
    # The counters are what a checkpoint takes up the training by.
    assert loops["lean"].batch_progress == loops["stock"].batch_progress
    assert (
        loops["lean"].automatic_optimization.optim_progress
        == loops["stock"].automatic_optimization.optim_progress
    )
    assert runs["lean"].trainer.global_step == runs["stock"].trainer.global_step


class Listener(pl.Callback):
    """Counts batches."""

    def __init__(self) -> None:
        self.batches = 0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.batches += 1


def test_a_callback_that_listens_to_batches_is_called(tmp_path: Path) -> None:
    experiment, listener = built(tmp_path, "trainer.max_epochs=4"), Listener()
    experiment.trainer.callbacks.append(listener)
    finished(experiment)
    assert listener.batches == 12
    assert experiment.trainer.fit_loop.epoch_loop.lean is False


@pytest.mark.parametrize(
    "overrides",
    [
        ("optimizer=lbfgs",),
        ("trainer.profiler=simple",),
        ("trainer.precision=bf16-mixed",),
    ],
)
def test_what_the_lean_loop_leaves_out_is_trained_by_lightnings_own(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    experiment = built(tmp_path, "trainer.max_epochs=2", *overrides)
    finished(experiment)
    assert experiment.trainer.fit_loop.epoch_loop.lean is False
    assert sorted(curve(tmp_path)) == [1, 2]
