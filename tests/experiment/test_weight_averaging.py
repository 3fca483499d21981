"""Of averaged weights, the checkpoints hold those whose metrics are recorded."""

from pathlib import Path

import pytest
import torch
from tests.experiments import Experiment, built, finished, record
from torch import nn

from seedbed.experiment.evaluation import load_module
from seedbed.experiment.training.loading import load

LIGHTNING = "pytorch_lightning.callbacks"
AVERAGES = {
    "exponential": f"{{_target_: {LIGHTNING}.EMAWeightAveraging, decay: 0.9}}",
    "exponential from an epoch on": (
        f"{{_target_: {LIGHTNING}.EMAWeightAveraging, decay: 0.9, update_starting_at_epoch: 2}}"
    ),
    "mean": f"{{_target_: {LIGHTNING}.WeightAveraging}}",
    "at the end": f"{{_target_: {LIGHTNING}.StochasticWeightAveraging, swa_lrs: 1e-6}}",
}


def measured(experiment: Experiment, name: str) -> float:
    """Return the validation loss of a checkpoint, by plain PyTorch."""
    module, _ = load_module(experiment.folder, experiment.spec, name)
    table = experiment.data.table("val")  # type: ignore[attr-defined]
    with torch.no_grad():
        net = module.net.eval()
        return float(nn.functional.mse_loss(net(table.inputs), table.targets))


NORMED = (f"model._target_={__name__}.normed",)


@pytest.mark.parametrize(
    ("average", "model"),
    [*((name, ()) for name in AVERAGES), ("exponential", NORMED), ("at the end", NORMED)],
)
def test_checkpoints_hold_what_was_measured(
    tmp_path: Path, average: str, model: tuple[str, ...]
) -> None:
    words = ("data.val_size=3", "trainer.max_epochs=6", "optimizer.lr=2e-5", "logger=none", *model)
    experiment = finished(built(tmp_path, *words, f"+callbacks.average={AVERAGES[average]}"))
    kept = record(tmp_path)["checkpoints"]
    for name in ("best", "last"):
        assert measured(experiment, name) == pytest.approx(kept[name]["metrics"]["val/loss"])


def normed(input_shape: list[int], output_size: int, bias: bool) -> nn.Module:
    """Return a network with batch statistics."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


@pytest.mark.parametrize(
    "name",
    ["TQDMProgressBar", "ModelSummary", "ModelCheckpoint"],
)
def test_other_callbacks_of_lightnings_work(tmp_path: Path, name: str) -> None:
    words = ("trainer.max_epochs=2", "logger=none")
    finished(built(tmp_path, *words, f"+callbacks.more={{_target_: {LIGHTNING}.{name}}}"))
    assert record(tmp_path)["status"] == "completed"


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ("ModelPruning, pruning_fn: l1_unstructured", "ModelPruning renames the weights"),
        ("BackboneFinetuning", "freeze.parameters and freeze.until_epoch"),
        ("BatchSizeFinder", "sweep data.batch_size instead"),
        ("LearningRateFinder", "sweep optimizer.lr instead"),
        ("LearningRateMonitor", "needs a logger: logger=tensorboard"),
    ],
)
def test_what_cannot_work_is_refused_by_name(tmp_path: Path, node: str, said: str) -> None:
    with pytest.raises(Exception, match=f"callbacks.more: .*{said}"):
        load(built(tmp_path, "logger=none", f"+callbacks.more={{_target_: {LIGHTNING}.{node}}}"))
