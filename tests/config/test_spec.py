"""The typed config of one run."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from omegaconf import DictConfig, open_dict
from tests.composing import composed

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import run_spec
from seedbed.errors import ConfigError

R2 = "train/r2"
CHECKPOINT = "pytorch_lightning.callbacks.ModelCheckpoint"
TORCHMETRIC = "+task.torchmetrics.mine={_target_: torchmetrics.%s}"


class Watcher(pl.Callback):
    """A callback that watches a metric and asks for no mode."""

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor


def with_callback(node: dict[str, Any], *overrides: str) -> DictConfig:
    """Return a config that has a callback of the user's own, `callbacks.mine`."""
    config = composed(*overrides)
    with open_dict(config):
        config.callbacks.mine = node
    return config


@pytest.mark.parametrize(
    ("target", "filled"),
    [(CHECKPOINT, {"monitor": R2, "mode": "max"}), (f"{__name__}.Watcher", {"monitor": R2})],
)
def test_a_callback_gets_the_mode_of_what_it_monitors_if_its_class_takes_one(
    target: str, filled: dict[str, str]
) -> None:
    config = with_callback({"_target_": target, "monitor": R2})

    assert run_spec(config).callbacks["mine"] == {"_target_": target, **filled}


def test_a_callback_without_a_mode_key_is_built(tmp_path: Path) -> None:
    from tests.experiments import built

    node = f"{{_target_: {__name__}.Watcher, monitor: {R2}}}"
    callbacks = built(tmp_path, f"+callbacks.mine={node}").trainer.callbacks

    assert [one.monitor for one in callbacks if isinstance(one, Watcher)] == [R2]


def test_a_mode_that_nobody_says_is_asked_for_by_its_key() -> None:
    node = {"_target_": CHECKPOINT, "monitor": "train/mine"}

    with pytest.raises(ConfigError, match=r"^callbacks\.mine\.mode: null, and train/mine"):
        run_spec(with_callback(node, TORCHMETRIC % "PearsonCorrCoef"))
    spec = run_spec(with_callback(node, TORCHMETRIC % "R2Score"))
    assert spec.callbacks["mine"]["mode"] == "max"


@pytest.mark.parametrize("monitor", ["null", "train/mine"])
def test_a_schedule_that_watches_a_torchmetric_takes_its_direction(monitor: str) -> None:
    words = ("scheduler=plateau", TORCHMETRIC % "R2Score", "optimized_metric=train/mine")

    found = keys_of(run_spec(composed(*words, f"scheduler.monitor={monitor}")).scheduler)

    assert (found["monitor"], found["mode"]) == ("train/mine", "max")
