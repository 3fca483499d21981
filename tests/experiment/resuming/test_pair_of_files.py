"""best.ckpt and last.ckpt as a pair, what is written when, and runs stopped in a validation."""

from pathlib import Path

import pytest
import torch
from scripts.kill_cases.grid import CASES
from scripts.kill_cases.in_process import (
    Killed,
    begun,
    differences,
    kill_in_step,
    left,
    trained,
)

# Its validation loss falls in every epoch of three steps.
WORDS = CASES["sgd"]


def content(experiment, name: str) -> dict:
    return torch.load(experiment.folder.checkpoint(name), weights_only=True)


def stopped(folder: Path, step: int):
    experiment = begun(folder, WORDS)
    kill_in_step(experiment, step)
    with pytest.raises(Killed):
        trained(experiment)
    return experiment


def test_a_kill_between_the_two_files_loses_no_best_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = left(trained(begun(tmp_path / "whole", WORDS)))
    first = begun(tmp_path / "cut", WORDS)
    save = first.trainer.save_checkpoint

    def saved_or_killed(path: Path) -> None:
        if first.trainer.current_epoch == 2:
            raise Killed
        save(path)

    monkeypatch.setattr(first.trainer, "save_checkpoint", saved_or_killed)
    with pytest.raises(Killed):
        trained(first)
    # The best epoch is ahead of what the run goes on from, never behind.
    assert content(first, "best")["epoch"] == 2
    assert content(first, "last")["global_step"] == 5

    again = begun(tmp_path / "cut", WORDS, resume=True)
    kill_in_step(again, 1)
    with pytest.raises(Killed):
        trained(again)
    assert again.checkpoint.best.epoch == 2
    end = trained(begun(tmp_path / "cut", WORDS, resume=True))

    assert list(differences(whole, left(end))) == []


def test_the_weights_of_a_best_epoch_outlast_many_kills(tmp_path: Path) -> None:
    words = (*WORDS, "optimizer.lr=1e-4", "trainer.max_epochs=3")  # At last it gets worse.
    whole = left(trained(begun(tmp_path / "whole", words)))
    for _ in range(3):
        experiment = begun(tmp_path / "cut", words, resume=True)
        kill_in_step(experiment, 3)
        with pytest.raises(Killed):
            trained(experiment)
    end = left(trained(begun(tmp_path / "cut", words, resume=True)))
    assert end["files"]["best"]["epoch"] == 2 < end["files"]["last"]["epoch"]
    assert list(differences(whole, end)) == []


def test_a_failure_in_a_step_leaves_what_was_written_before(tmp_path: Path) -> None:
    from seedbed.callbacks import Checkpoint

    experiment = begun(tmp_path, WORDS)
    experiment.checkpoint.on_exception = Checkpoint.on_exception.__get__(experiment.checkpoint)
    kill_in_step(experiment, 5)
    with pytest.raises(Killed):
        trained(experiment)
    last = content(experiment, "last")
    assert last["global_step"] == 4
    assert "optimizer_states" in last


def test_a_run_that_failed_before_any_write_keeps_weights_alone(tmp_path: Path) -> None:
    from seedbed.callbacks import Checkpoint

    experiment = begun(tmp_path, WORDS)
    checkpoint = experiment.checkpoint
    checkpoint._due_at = float("inf")
    checkpoint.on_exception = Checkpoint.on_exception.__get__(checkpoint)
    kill_in_step(experiment, 5)
    with pytest.raises(Killed):
        trained(experiment)
    last = content(experiment, "last")
    assert (last["epoch"], last["global_step"]) == (1, 3)
    assert "optimizer_states" not in last


def test_a_write_between_two_steps_comes_when_it_is_due(tmp_path: Path) -> None:
    experiment = begun(tmp_path, WORDS)
    checkpoint, steps = experiment.checkpoint, []
    checkpoint._due_at = float("inf")
    write = checkpoint.write
    checkpoint.write = lambda trainer: (steps.append(trainer.global_step), write(trainer))
    module = experiment.lightning_module
    step = module.training_step

    def slow(*arguments):
        if experiment.trainer.global_step == 4:
            checkpoint._due_at, checkpoint.every_seconds = 0.0, float("inf")
        return step(*arguments)

    module.training_step = slow
    trained(experiment)
    assert steps == [5, 9]  # In the second epoch of three steps, and at the end.


def test_a_run_that_was_stopped_in_a_validation_validates_once_more(tmp_path: Path) -> None:
    words = CASES["dropout"]
    whole = left(trained(begun(tmp_path / "whole", words)))
    experiment = begun(tmp_path / "cut", words)
    module = experiment.lightning_module

    def stop(*arguments) -> None:
        if experiment.trainer.current_epoch == 1:
            experiment.trainer.fit_loop.epoch_loop.hold()
            experiment.checkpoint.write(experiment.trainer)
            raise Killed

    module.validation_step = stop
    module.on_validation_epoch_end = lambda: setattr(module, "_val_metrics", {"val/loss": 5758.0})
    with pytest.raises(Killed):
        trained(experiment)

    end = left(trained(begun(tmp_path / "cut", words, resume=True)))

    assert list(differences(whole["weights"], end["weights"])) == []
    assert list(differences(whole["metrics"], end["metrics"])) == []
    assert whole["place"] == end["place"]
