"""A run that is opened again: its model from a checkpoint, and what measures it."""

from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig

from seedbed.engines.lightning.module import SupervisedModule
from seedbed.errors import RunFolderError
from seedbed.experiment import build
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint


def load_module(
    folder: RunFolder, run_config: DictConfig, name: str
) -> tuple[SupervisedModule, dict[str, Any]]:
    """Return the run's module with the weights of a checkpoint, and the checkpoint.

    Raises RunFolderError where the weights do not fit the network of the config.
    """
    # Values given in the config are overwritten by the checkpoint; no need to read them again.
    checkpoint = load_checkpoint(folder.checkpoint(name))
    module = build.build_module(run_config)
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except Exception as error:  # What should be weights may be anything.
        reason = " ".join(str(error).split())[:200]
        raise RunFolderError(
            f"{folder.checkpoint(name)}: does not fit the model of {folder.config}: {reason}"
        ) from None
    return module, checkpoint


def evaluation_trainer(run_config: DictConfig, split: str, accelerator: str) -> pl.Trainer:
    """Return a trainer that measures as the run's own did, on one device, and writes nothing."""
    return pl.Trainer(
        accelerator=build.accelerator(accelerator),
        devices=1,
        precision=run_config.trainer.precision,
        limit_test_batches=run_config.trainer[f"limit_{split}_batches"],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
