"""A run of no epochs measures the initial weights, and leaves what other runs leave."""

from pathlib import Path

import pytest
import torch
from tests.experiments import curve, record, trained, weights

from seedbed.experiment.build import build_net
from seedbed.runs.folder import RunFolder


@pytest.mark.parametrize(
    "words",
    [
        ("data=crop_yield", "data.val_size=3", "data.test_size=2"),
        ("data=clusters", "data.sample=stream", "data.val_size=20", "data.batch_size=50"),
        ("data=none", "model=bowl"),
    ],
)
def test_the_initial_weights_are_measured(tmp_path: Path, words: tuple[str, ...]) -> None:
    experiment = trained(tmp_path, *words, "trainer.max_epochs=0", "scheduler=one_cycle")
    expected = dict(build_net(experiment.spec).named_parameters())
    for name, value in weights(experiment).items():
        assert torch.equal(value, expected[name])
    known = record(tmp_path)
    splits = {name.partition("/")[0] for name in known["metrics"]}
    assert splits == {
        "train", *["val"] * ("val_size" in str(words)), *["test"] * ("test_size" in str(words))
    }  # fmt: skip
    assert known["status"] == "completed"
    assert known["checkpoints"]["best"]["epoch"] == known["checkpoints"]["last"]["epoch"] == 0
    assert set(curve(tmp_path)) == {0}
    for name in ("best", "last"):
        content = torch.load(RunFolder(tmp_path).checkpoint(name), weights_only=True)
        assert content["epoch"] == 0


def test_figures_are_drawn_of_them(tmp_path: Path) -> None:
    figures = [f"+callback@callbacks.{name}={name}" for name in ("fit", "loss_landscape")]
    trained(tmp_path, "data=thermometer", "trainer.max_epochs=0", *figures, "logger=none")
    drawn = sorted(path.name for path in RunFolder(tmp_path).figures.iterdir())
    assert drawn == ["fit.png", "loss_landscape.png"]
