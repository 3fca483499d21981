"""Evaluation of a finished run: its module from a checkpoint, and a Trainer."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor, nn

from seedbed.config.spec import RunSpec
from seedbed.engines.lightning.build import build_module, build_own_module
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.errors import ConfigError, RunFolderError
from seedbed.experiment.build import accelerator, build_net, build_task
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint
from seedbed.training.tasks import Binary, Task


def load_module(
    folder: RunFolder,
    spec: RunSpec,
    name: str,
    module: SupervisedModule | OwnModule | None = None,
) -> tuple[SupervisedModule | OwnModule, dict[str, Any]]:
    """Return the run's module with the weights of a checkpoint, and the checkpoint.

    Of a LightningModule of the user's it is the companion.

    Args:
        folder: The run's folder.
        spec: Its spec.
        name: `best` or `last`.
        module: A module of the same spec, which gets the weights; None (default) makes one.

    Raises:
        RunFolderError: the weights do not fit the network of the config.
    """
    # Values given in the config are overwritten by the checkpoint; no need to read them again.
    checkpoint = load_checkpoint(folder.checkpoint(name))
    if module is None and spec.module is not None:
        module = build_own_module(spec)
    elif module is None:
        module = build_module(spec, build_net(spec), build_task(spec))
    set_weights(module, checkpoint["state_dict"], folder, name)
    return module, checkpoint


def set_weights(
    module: SupervisedModule | OwnModule, weights: dict[str, Any], folder: RunFolder, name: str
) -> None:
    """Put weights of a checkpoint into a run's module; raise RunFolderError where they do not fit.

    Args:
        module: The module, or the companion of one of the user's.
        weights: The weights.
        folder: The run's folder.
        name: `best` or `last`.
    """
    own: Any = module.net if isinstance(module, OwnModule) else module
    try:
        _check_types(own, weights)
        own.load_state_dict(weights)
    except Exception as error:  # What should be weights may be anything.
        reason = " ".join(str(error).split())[:200]
        raise RunFolderError(
            f"{folder.checkpoint(name)}: does not fit the model of {folder.config}: {reason}"
        ) from None


def measure(
    trainer: pl.Trainer, module: SupervisedModule | OwnModule, loader: Any, split: str
) -> dict[str, float]:
    """Return the metrics of a module's weights on the batches of a split.

    As many of them count as the trainer is limited to for that split.

    Raises:
        ConfigError: A LightningModule of the user's has no step that measures, or logs nothing.
    """
    if isinstance(module, OwnModule):
        return module.measure(trainer, loader, split)
    kept = trainer.limit_test_batches, module.tested_split
    trainer.limit_test_batches = getattr(trainer, f"limit_{split}_batches")
    module.tested_split = split
    try:
        trainer.test(module, dataloaders=loader, verbose=False)
    finally:
        trainer.limit_test_batches, module.tested_split = kept
    measured, module.tested_metrics = module.tested_metrics, {}
    return measured


def predictions_of(
    module: SupervisedModule | OwnModule,
    inputs: Tensor,
    task: Task,
    outputs: int,
    probabilities: bool,
) -> Tensor:
    """Return the predictions for a batch of inputs.

    A LightningModule of the user's predicts by its predict_step, which returns what is predicted,
    or else by its forward, whose outputs are those of a network.

    Args:
        module: The module of the run, in evaluation mode.
        inputs: As the network takes them, (rows, *input_shape).
        task: The task of the run, fitted to its data.
        outputs: Numbers that the network puts out per row.
        probabilities: Whether a classification ends with probabilities, instead of its logits.

    Returns:
        Values (rows, targets), probabilities (rows,) or (rows, classes), or logits.

    Raises:
        ConfigError: A LightningModule of the user's returns something else.
    """
    if not isinstance(module, OwnModule):
        output = module.net(inputs)
        return task.prediction(output) if probabilities else output
    steps = is_overridden("predict_step", module.net, pl.LightningModule)
    output = module.net.predict_step(inputs, 0) if steps else module.net(inputs)
    rows, size = len(inputs), outputs
    if isinstance(output, Tensor) and output.shape == (rows,) and size == 1:
        output = output.unsqueeze(-1)
    if not isinstance(output, Tensor) or output.shape != (rows, size):
        what = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ConfigError(
            f"module: {type(module.net).__name__}.{'predict_step' if steps else 'forward'} returns "
            f"{what} for {rows} rows of inputs, and a tensor [{rows}, {size}] is needed"
        )
    if steps or not probabilities:
        return output.squeeze(-1) if steps and isinstance(task, Binary) else output
    return task.prediction(output)


def _check_types(module: nn.Module, weights: dict[str, Any]) -> None:
    """Raise TypeError where numbers of another kind would be converted without a word."""
    for name, own in module.state_dict().items():
        given = weights.get(name, own)
        if not isinstance(given, torch.Tensor):
            raise TypeError(f"{name} is no tensor")
        kinds = [(tensor.is_floating_point(), tensor.is_complex()) for tensor in (own, given)]
        if kinds[0] != kinds[1]:
            raise TypeError(f"{name} is of {given.dtype}, and the model takes {own.dtype}")


def evaluation_trainer(spec: RunSpec, device: str) -> pl.Trainer:
    """Return a Trainer that evaluates as the run's own did, on one device, and writes nothing.

    Args:
        spec: Spec of the run.
        device: auto, cpu or gpu.
    """
    return pl.Trainer(
        accelerator=accelerator(device),
        devices=1,
        precision=spec.trainer.precision,  # type: ignore[arg-type]
        limit_train_batches=spec.trainer.limit_train_batches,
        limit_val_batches=spec.trainer.limit_val_batches,
        limit_test_batches=spec.trainer.limit_test_batches,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
