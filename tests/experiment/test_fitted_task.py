"""What a task takes from the training rows, in whole runs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight
from tests.composing import composed
from tests.experiments import built, record, trained

from seedbed.config.validation import check
from seedbed.errors import ConfigError
from seedbed.experiment.fitted_task import fitted_task
from seedbed.training.tasks import Binary

SHORT = ("data=clusters", "logger=none", "trainer.max_epochs=1", "data.rows=60")


def test_balanced_classes_weigh_the_losses_of_all_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*SHORT, "data.val_size=20", "task.class_weights=balanced")
    experiment = trained(tmp_path, *words)
    data, net = experiment.data, experiment.module.net
    train, val = (data.table(split) for split in ("train", "val"))
    classes = train.targets.flatten().long().numpy()
    weights = compute_class_weight("balanced", classes=np.arange(2), y=classes)
    said = ", ".join(f"{name} {weight:.4g}" for name, weight in enumerate(weights))
    assert f"classes weigh {said}" in capsys.readouterr().out
    held_out = val.targets.flatten().long().numpy()
    with torch.no_grad():
        probability = torch.sigmoid(net(val.inputs)).flatten().double().numpy()
    expected = log_loss(held_out, probability, sample_weight=weights[held_out])
    assert record(tmp_path)["metrics"]["val/loss"] == pytest.approx(expected, rel=1e-5)
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "completed"


def test_rows_without_end_cannot_be_balanced(tmp_path: Path) -> None:
    class Endless:
        def has_split(self, split: str) -> bool:
            return split == "train"

        def rows(self, split: str) -> None:
            return None

    with pytest.raises(ConfigError, match=r"task.class_weights=balanced: how many .* not known"):
        fitted_task(Binary(class_weights="balanced"), Endless())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("balancd", "'balancd': it must be null, balanced, or a list of 2 numbers. Did you mean"),
        ("[1]", "1 weights for 2 classes"),
        ("[1,-2]", "a weight must be a number, at least 0"),
        ("[1,true]", "a weight must be a number, at least 0"),
        ("[0,0]", "a class must have a weight above 0"),
    ],
)
def test_wrong_class_weights_are_refused(value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(composed("data=clusters", f"task.class_weights={value}"))
    assert str(caught.value).startswith("task.class_weights: ")
    assert said in str(caught.value)


def test_a_list_of_class_weights_is_taken_as_it_is(tmp_path: Path) -> None:
    task = built(tmp_path, *SHORT, "task.class_weights=[1,2.5]").module.task
    assert task.class_weights.tolist() == [1, 2.5]
