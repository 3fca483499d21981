"""The presets give the figures that they announce."""

from pathlib import Path

import pytest
from tests.training import built, curve, finished, record, trained, weights

from seedbed.listing import config_folder, options


@pytest.mark.parametrize("name", sorted(options("experiment")))
def test_a_preset_opens_with_what_it_is_and_its_command(name: str) -> None:
    lines = (config_folder() / "experiment" / f"{name}.yaml").read_text().splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].endswith(".")
    assert lines[2] == f"#   seedbed train experiment={name}"


def test_crop_yield_scratch_gives_the_published_losses_by_hand(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "experiment=crop_yield_scratch", "task.metrics=[]")
    assert type(experiment.module.gradient).__name__ == "Analytic"
    loss = curve(tmp_path)
    expected = {1: 2104.163, 2: 1691.615, 50: 476.561, 100: 260.479, 200: 83.684, 300: 32.331}
    for epoch, value in expected.items():
        assert loss[epoch] == pytest.approx(value, rel=1e-4), epoch


def test_crop_yield_small_batches_falls_at_every_50_epochs(tmp_path: Path) -> None:
    trained(tmp_path, "experiment=crop_yield_small_batches", "task.metrics=[]")
    loss = curve(tmp_path)
    marks = [loss[1], *(loss[epoch] for epoch in range(50, 501, 50))]
    assert marks == sorted(marks, reverse=True)
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("seed", range(20))
def test_crop_yield_fast_rate_is_below_400_from_any_seed(tmp_path: Path, seed: int) -> None:
    overrides = ("experiment=crop_yield_fast_rate", f"seed={seed}", "logger=none")
    trained(tmp_path, *overrides, "task.metrics=[]")
    assert record(tmp_path)["metrics"]["train/loss"] < 400


def test_thermometer_diverges_in_epoch_11_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(built(tmp_path, "experiment=thermometer_diverges"))
    fields = record(tmp_path)
    assert fields["status"] == "diverged"
    assert "inf in epoch 11" in fields["error"]
    assert fields["checkpoints"]["last"]["epoch"] == 10
    assert "try a smaller optimizer.lr" in capsys.readouterr().err


def test_thermometer_slow_gives_the_published_loss(tmp_path: Path) -> None:
    trained(tmp_path, "experiment=thermometer_slow")
    assert curve(tmp_path)[100] == pytest.approx(29.02267, rel=1e-4)


def test_thermometer_adam_gives_the_published_line(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "experiment=thermometer_adam", "task.metrics=[]")
    assert record(tmp_path)["metrics"]["train/loss"] == pytest.approx(2.927644, rel=1e-4)
    assert weights(experiment)["weight"].item() == pytest.approx(0.53672, rel=1e-4)
    assert weights(experiment)["bias"].item() == pytest.approx(-17.30206, rel=1e-4)


@pytest.mark.slow
def test_thermometer_split_logs_both_losses(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "experiment=thermometer_split", "task.metrics=[]")
    # A fifth of eleven rows is two.
    assert (experiment.data.rows("train"), experiment.data.rows("val")) == (9, 2)
    for split in ("train", "val"):
        found = curve(tmp_path, f"{split}/loss")
        assert sorted(found) == list(range(1, 3001))
    assert curve(tmp_path)[3000] < 4
