"""Metrics of the mean prediction of several runs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.data import InMemoryData
from seedbed.data.data_module import INPUT
from seedbed.data.loader import BatchLoader
from seedbed.engines.lightning.build import build_module
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_task
from seedbed.experiment.evaluation import evaluation_trainer, measure
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.predicting.ensemble import Ensemble, mean_of
from seedbed.experiment.predicting.given_rows import GivenRows
from seedbed.experiment.predicting.measured import Measured, load_labelled, named_after_input
from seedbed.experiment.predicting.member import Asked, Member, load_own_rows
from seedbed.experiment.predicting.split_rows import split_rows
from seedbed.runs.folder import RunFolder
from seedbed.training.tasks import Binary, Multiclass, Regression, Task

# A probability of 0 has no logarithm.
LEAST = torch.finfo(torch.float64).tiny
ROWS_AT_ONCE = 65_536
# Options of the trainer for all rows, in the precision of the mean.
ALL_ROWS: dict[str, Any] = {
    "precision": "32-true",
    "limit_train_batches": 1.0,
    "limit_val_batches": 1.0,
    "limit_test_batches": 1.0,
}


def measured_together(
    jobs: Sequence[tuple[int, RunFolder]],
    asked: Asked,
    split: str | None,
    source: Any,
    targets: str | None,
) -> tuple[Ensemble, Measured]:
    """Return an ensemble of runs, and the metrics of its mean prediction.

    The mean of probabilities is measured as one network's, whose logits are its logarithms.

    Args:
        jobs: Number and folder of each run.
        asked: What is asked of each.
        split: Split of the runs; None: new rows.
        source, targets: Files of new rows, as in `load_labelled`.

    Raises:
        ConfigError: The metrics of the runs are those of a module or a task of the user's own, or
            as `mean_of` raises.
    """

    def rows(member: Member) -> GivenRows:
        _require_measurable(member)
        if split is not None:
            load_own_rows(member, split, asked.file)
            return split_rows(member, split)
        notes = load_labelled(member, source, targets)
        batches = split_rows(member, INPUT).batches
        called = f"input={source}" if isinstance(source, str) else "input"
        return GivenRows(batches, called, notes=notes)

    ensemble = mean_of(jobs, asked, rows, split is not None)
    name = split or INPUT
    measured = Measured(_metrics(ensemble, name), ensemble.first.data.rows(name))
    if split is None:
        measured = replace(measured, metrics=named_after_input(measured.metrics))
    if not ensemble.same_scale:
        ensemble.notes.append(
            ("note", "the loss is in the targets' own units: the jobs scale them differently")
        )
    return ensemble, measured


def _require_measurable(member: Member) -> None:
    """Raise ConfigError where metrics are those of one network alone."""
    if member.spec.module is not None:
        raise ConfigError(
            "module: what a LightningModule measures is of one network; seedbed predict has the "
            "mean of several, and evaluate run=SWEEP/0 measures one"
        )
    if type(member.task) not in (Regression, Binary, Multiclass):
        raise ConfigError(
            f"task: {type(member.task).__name__} says itself what outputs are predictions of, so "
            "that their mean is measured by no loss; evaluate run=SWEEP/0 measures one job"
        )


def _metrics(ensemble: Ensemble, split: str) -> dict[str, float]:
    """Return the metrics of the mean on the rows of a split, named after it or after test."""
    member = ensemble.first
    spec = replace(member.spec, trainer=replace(member.spec.trainer, **ALL_ROWS))
    task = build_task(spec)
    if ensemble.same_scale or not isinstance(task, Regression):
        task = fitted_task(task, member.data)
    targets, weights = _targets(member, split)
    outputs, targets = _as_outputs(ensemble, task, targets)
    loader = BatchLoader(outputs, targets, ROWS_AT_ONCE, weights=weights)
    module = build_module(spec, nn.Identity(), task)
    trainer = evaluation_trainer(spec, "cpu")
    return measure(trainer, module, loader, "test" if split == INPUT else split)


def _targets(member: Member, split: str) -> tuple[Tensor, Tensor | None]:
    """Return targets in their own units, and weights, of the rows of a split."""
    data = member.data
    if isinstance(data, InMemoryData):
        table = data.own_rows(split)
        return table.targets, table.weights
    batches = [[part.cpu() for part in batch[1:]] for batch in data.all_rows(split)]
    targets, *weights = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return targets, weights[0] if weights else None


def _as_outputs(ensemble: Ensemble, task: Task, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean as the outputs of a network, and the targets as it is trained on."""
    mean = ensemble.mean
    if isinstance(task, Regression):
        targets = targets.reshape(len(targets), -1).double()
        if task.target_shift is None or task.target_scale is None:
            return mean, targets
        shift, scale = task.target_shift, task.target_scale
        return (mean - shift) / scale, (targets - shift) / scale
    logs = mean.clamp_min(LEAST).log()
    return (logs[:, 1:] - logs[:, :1] if isinstance(task, Binary) else logs), targets
