"""Metrics of a finished run, on a split of its own or on new rows with known targets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from seedbed.data import TorchDataset
from seedbed.data.data_module import INPUT
from seedbed.engines.lightning.data_module import place
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.errors import ConfigError
from seedbed.experiment.evaluation import evaluation_trainer, measure
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.predicting.member import Member, load_own_rows
from seedbed.training.row_checks import require_rows


@dataclass(frozen=True)
class Measured:
    """Metrics of rows.

    Attributes:
        metrics: the metrics by name.
        rows: number of the rows; None where it is not known.
        notes: what people should know of the rows.
    """

    metrics: dict[str, float]
    rows: int | None = None
    notes: Sequence[str] = ()


def measured_on_split(member: Member, split: str, accelerator: str, file: str | None) -> Measured:
    """Return the metrics of a run on a split of its own.

    Args:
        member: The run.
        split: train, val or test.
        accelerator: auto, cpu or gpu.
        file: Where the data of the run are now; None: where it says.
    """
    trainer = evaluation_trainer(member.spec, accelerator)
    place(member.data, trainer)
    load_own_rows(member, split, file)
    metrics = _measure(member, trainer, split, split)
    return Measured(metrics, member.data.rows(split))


def load_labelled(member: Member, source: Any, targets: str | None) -> Sequence[str]:
    """Load new rows with known targets as the split `INPUT`; return what is to be known of them.

    Args:
        member: The run.
        source: Name of their file or folder; for a table a polars DataFrame, too.
        targets: Name of the .npy file of their targets; None where the other one holds them.

    Raises:
        ConfigError: They are wrong, or the data of the run take none.
    """
    data, spec = member.data, member.spec
    facts = spec.facts
    called = f"input={source}" if isinstance(source, str) else "input"
    if facts.task == "minimize":
        raise ConfigError(f"{called}: the model of the run is a function without inputs")
    if not isinstance(source, str) and not hasattr(data, "new_rows"):
        raise ConfigError("input: this run was not trained on a table: name a file or a folder")
    if isinstance(source, str) and not Path(source).exists():
        raise ConfigError(f"input={source}: neither a file nor a folder")
    if not isinstance(data, TorchDataset):
        data.setup("predict")
    labelled = data.labelled_rows(source, targets)
    table = labelled.table
    require_rows(
        called,
        range(len(table)),
        table.tensors,
        member.task,
        facts.input_shape,
        facts.output_size,
        facts.feature_names,
    )
    # What a LightningModule measures is a mean over batches.
    data.use_labelled(labelled, own_batches=isinstance(member.module, OwnModule))
    notes = list(labelled.notes)
    if member.task.fits_targets:
        notes.append("the loss is without class weights: those follow from the training rows")
    return notes


def measured_on_input(member: Member, source: Any, targets: str | None, device: str) -> Measured:
    """Return the metrics of a run on new rows, named `input/...`.

    Args:
        member: The run.
        source, targets: As in `load_labelled`.
        device: auto, cpu or gpu.
    """
    trainer = evaluation_trainer(member.spec, device)
    # What shortened the run does not shorten the rows of another file.
    trainer.limit_test_batches = trainer.limit_val_batches = 1.0
    place(member.data, trainer)
    notes = load_labelled(member, source, targets)
    metrics = _measure(member, trainer, INPUT, "test")
    return Measured(named_after_input(metrics), member.data.rows(INPUT), notes)


def named_after_input(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics that are named after the test rows, named after new ones."""
    return {re.sub(r"^test(?=[/_])", INPUT, name): value for name, value in metrics.items()}


def _measure(member: Member, trainer: pl.Trainer, split: str, called: str) -> dict[str, float]:
    """Return the metrics of a split that is loaded, as those of another one are called."""
    module = member.module
    if module.task is not None:
        module.task = fitted_task(module.task, member.data)
    return measure(trainer, module, member.data.evaluation_loader(split), called)
