"""Rows of a run's data that a figure shows."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

MAX_ROWS = 10_000
# As a split is called in the title of a figure.
SPLIT_NAMES = {"train": "training rows", "val": "validation rows", "test": "test rows"}


def data_module(trainer: pl.Trainer) -> Any:
    """Return the DataModule of the run."""
    return trainer.datamodule.data  # type: ignore[attr-defined]


def has_test_phase(trainer: pl.Trainer) -> bool:
    """Return whether the best weights are evaluated on a test split after training."""
    return bool(data_module(trainer).has_split("test") and trainer.limit_test_batches != 0)


def evaluated_split(trainer: pl.Trainer) -> str:
    """Return the split that tells most of a model: test, else validation, else training."""
    return "test" if has_test_phase(trainer) else validation_split(trainer)


def validation_split(trainer: pl.Trainer) -> str:
    """Return the validation split, or the training split where no rows are held out."""
    return "val" if data_module(trainer).has_split("val") else "train"


def rows_of(trainer: pl.Trainer, split: str, limit: int = MAX_ROWS) -> tuple[Tensor, Tensor]:
    """Return inputs and targets of the first rows of a split, as `weighted_rows_of` has them."""
    return weighted_rows_of(trainer, split, limit)[:2]


def weighted_rows_of(
    trainer: pl.Trainer, split: str, limit: int = MAX_ROWS
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the first rows of a split.

    Args:
        trainer: The trainer of the run.
        split: One of train, val and test.
        limit: Largest number of rows returned.

    Returns:
        Inputs (rows, *input_shape) as the model takes them, scaled and in the precision of the
        trainer, targets (rows, ...) as the batches have them, and the weights of the rows (rows,),
        None where they have none; all on the device of the training.
    """
    batches, count = [], 0
    for batch in data_module(trainer).all_rows(split):
        batches.append(trainer.precision_plugin.convert_input(batch))
        count += len(batches[-1][0])
        if count >= limit:
            break
    device = trainer.strategy.root_device
    inputs, targets, *weights = (
        torch.cat(list(column))[:limit].to(device) for column in zip(*batches, strict=True)
    )
    return inputs, targets, weights[0] if weights else None


def unscaled(trainer: pl.Trainer, inputs: Tensor) -> Tensor:
    """Return inputs of the model in the units of the data, before `data.input_scale`."""
    scaling = data_module(trainer).input_scaling
    return inputs if scaling is None else scaling.undo(inputs)
