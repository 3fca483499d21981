"""Evaluation of a finished run: its module from a checkpoint, and a Trainer."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch

from seedbed.config.spec import RunSpec
from seedbed.engines.lightning.build import build_module
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.errors import RunFolderError
from seedbed.experiment.build import accelerator, build_net, build_task
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint


def load_module(
    folder: RunFolder, spec: RunSpec, name: str
) -> tuple[SupervisedModule, dict[str, Any]]:
    """Return the run's module with the weights of a checkpoint, and the checkpoint.

    Raises:
        RunFolderError: the weights do not fit the network of the config.
    """
    # Values given in the config are overwritten by the checkpoint; no need to read them again.
    checkpoint = load_checkpoint(folder.checkpoint(name))
    module = build_module(spec, build_net(spec), build_task(spec))
    try:
        _check_types(module, checkpoint["state_dict"])
        module.load_state_dict(checkpoint["state_dict"])
    except Exception as error:  # What should be weights may be anything.
        reason = " ".join(str(error).split())[:200]
        raise RunFolderError(
            f"{folder.checkpoint(name)}: does not fit the model of {folder.config}: {reason}"
        ) from None
    return module, checkpoint


def no_best(record: Mapping[str, Any], metric: str) -> str:
    """Return why the last weights take the place of the best, by the fields of run.json."""
    if record.get("status") == "completed" and not record.get("warning"):
        return "note         checkpoint=last: the run has kept its last epoch alone"
    return f"note         checkpoint=last: the run has no best epoch, {metric} was never a number"


def _check_types(module: SupervisedModule, weights: dict[str, Any]) -> None:
    """Raise TypeError where numbers of another kind would be converted without a word."""
    for name, own in module.state_dict().items():
        given = weights.get(name, own)
        if not isinstance(given, torch.Tensor):
            raise TypeError(f"{name} is no tensor")
        kinds = [(tensor.is_floating_point(), tensor.is_complex()) for tensor in (own, given)]
        if kinds[0] != kinds[1]:
            raise TypeError(f"{name} is of {given.dtype}, and the model takes {own.dtype}")


def evaluation_trainer(spec: RunSpec, split: str, device: str) -> pl.Trainer:
    """Return a Trainer that evaluates as the run's own did, on one device, and writes nothing.

    Args:
        spec: Spec of the run.
        split: One of train, val and test.
        device: auto, cpu or gpu.
    """
    limits = {"train": spec.trainer.limit_train_batches, "val": spec.trainer.limit_val_batches}
    return pl.Trainer(
        accelerator=accelerator(device),
        devices=1,
        precision=spec.trainer.precision,  # type: ignore[arg-type]
        limit_test_batches=limits.get(split, spec.trainer.limit_test_batches),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
