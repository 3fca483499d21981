"""Best and last checkpoints."""

import tempfile
from pathlib import Path

import pytest
import torch
from tests.experiments import built, curve, finished, record, trained

from seedbed.runs.folder import RunFolder


def test_best_is_the_epoch_with_the_lowest_monitored_value(tmp_path: Path) -> None:
    # A rate that is slightly too high: the validation loss goes up and down.
    trained(tmp_path, "data.val_size=5", "optimizer.lr=6e-5", "trainer.max_epochs=30")
    found = curve(tmp_path, "val/loss")
    best = torch.load(RunFolder(tmp_path).checkpoint("best"), weights_only=True)
    assert best["epoch"] == min(found, key=found.__getitem__)
    assert best["metrics"]["val/loss"] == pytest.approx(min(found.values()), rel=1e-6)


def test_best_is_the_highest_where_more_is_better(tmp_path: Path) -> None:
    trained(
        tmp_path,
        "data.val_size=5",
        "optimizer.lr=6e-5",
        "trainer.max_epochs=30",
        "optimized_metric=val/r2",
    )
    found = curve(tmp_path, "val/r2")
    best = torch.load(RunFolder(tmp_path).checkpoint("best"), weights_only=True)
    assert best["epoch"] == max(found, key=found.__getitem__)


def test_best_is_no_epoch_whose_metric_is_no_number(tmp_path: Path) -> None:
    # Outputs that are all the same correlate with nothing: in the first step they are.
    pearson = "+task.torchmetrics.pearson={_target_: torchmetrics.PearsonCorrCoef}"
    data = (
        "data=linear_noise",
        "data.batch_size=null",
        "+initial_weights.parameters.weight=[[0.0]]",
    )
    watched = ("optimized_metric=train/pearson", "optimized_mode=max", "trainer.max_epochs=3")
    trained(tmp_path, pearson, *data, *watched)
    fields = record(tmp_path)
    assert fields["checkpoints"]["best"]["epoch"] > 1
    assert fields["checkpoints"]["best"]["metrics"]["train/pearson"] > 0.1


def test_the_last_epoch_alone_is_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    words = ("data.test_size=3", "data.val_size=5", "trainer.max_epochs=3")
    trained(tmp_path, *words, "callbacks.checkpoint.keep_best=false")
    fields = record(tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.ckpt"]
    assert list(fields["checkpoints"]) == ["last"]
    # Its weights are those that were tested, and nothing is wrong with the run.
    assert "test/loss" in fields["checkpoints"]["last"]["metrics"]
    assert "warning" not in fields


def test_last_has_all_that_a_resumption_needs(tmp_path: Path) -> None:
    trained(tmp_path, "optimizer=adam", "trainer.max_epochs=3")
    last = torch.load(RunFolder(tmp_path).checkpoint("last"), weights_only=True)
    assert {"state_dict", "optimizer_states", "lr_schedulers", "loops"} <= set(last)
    assert last["global_step"] == 9


@pytest.mark.parametrize(("seconds", "writes"), [(0.0, 13), (1000.0, 1)])
def test_files_are_written_at_most_every_so_many_seconds(
    tmp_path: Path, seconds: float, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = (f"callbacks.checkpoint.every_seconds={seconds}", "trainer.max_epochs=4")
    experiment = built(tmp_path, *overrides)
    saved = []
    save = experiment.trainer.save_checkpoint
    monkeypatch.setattr(
        experiment.trainer, "save_checkpoint", lambda path: (saved.append(path), save(path))
    )
    finished(experiment)
    assert len(saved) == writes
    # Nothing temporary is left.
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"best.ckpt", "last.ckpt"}


def test_checkpoints_need_no_room_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))
    trained(tmp_path, "data.val_size=5", "trainer.max_epochs=2")
    folder = RunFolder(tmp_path)
    assert "optimizer_states" in torch.load(folder.checkpoint("last"), weights_only=True)
    assert folder.checkpoint("best").is_file()
