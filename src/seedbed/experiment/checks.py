"""Checks of a run with its data at hand, before anything is written; both engines make them."""

import re
from copy import deepcopy
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.config.instantiation import keys_of
from seedbed.config.schema.callbacks import first_stop, never_stops
from seedbed.config.schema.data import SPLITS
from seedbed.config.schema.trainer import Trainer
from seedbed.config.spec import RunSpec
from seedbed.data import DataModule, InMemoryData, TorchDataset
from seedbed.errors import ConfigError, DoesNotFit, SeedbedError
from seedbed.training.evaluation_mode import evaluation_mode
from seedbed.training.row_checks import require_rows
from seedbed.training.schedulers import RunLength
from seedbed.training.tasks import Task

# What torch says where shapes or types do not go together.
_MISFIT = re.compile(r"shape|dtype|size of tensor|dimension|channels|scalar type|invalid for input")


def check_rows(spec: RunSpec, data: DataModule, task: Task) -> None:
    """Compare the rows of all splits with the task; the data are set up.

    Raises:
        DoesNotFit: Rows are wrong.
    """
    facts = spec.facts
    if facts.task == "minimize":
        return
    for split in filter(data.has_split, SPLITS):
        weights: list[Tensor] = []
        for rows in data.rows_to_check(split):
            shapes = facts.input_shape, facts.output_size
            require_rows(_called(data, split), *rows, task, *shapes, facts.feature_names)
            weights += [rows.batch[2]] if len(rows.batch) == 3 else []
        if weights:
            _require_weighted_loss(spec, task)
        if weights and not torch.cat(weights).any():
            raise DoesNotFit(f"{_called(data, split)}: the weights of all are 0")


def _require_weighted_loss(spec: RunSpec, task: Task) -> None:
    """Raise ConfigError where the loss knows no weights of rows."""
    key = keys_of(spec.data).get("weight")
    why = f"data.weight={key}" if key else "the third value of each row"
    if task.own_loss is not None:
        task.own_loss.require_weights(why)
    elif "weight" not in signature(task.loss).parameters:  # A class of the user's own.
        raise ConfigError(
            f"task: {type(task).__name__}.loss takes no weight of rows, which {why} asks for"
        )


def check_network(spec: RunSpec, data: DataModule, net: nn.Module, task: Task) -> None:
    """Let the network, on the CPU, see two rows, and the smallest batch that it will train on.

    Raises:
        DoesNotFit: The network or the loss cannot take them.
    """
    if spec.facts.task == "minimize":
        return
    with evaluation_mode(net):
        first = next(data.rows_to_check("train"), None)
        if first is not None:
            _check_pass(spec, data, net, task, _called(data, "train"), first.batch)
        _check_smallest_batch(spec, data, net)


def _called(data: DataModule, split: str) -> str:
    if isinstance(data, TorchDataset):
        return f"data.{split}"
    return {"train": "training", "val": "validation", "test": "test"}[split] + " rows"


def _check_pass(
    spec: RunSpec, data: DataModule, net: nn.Module, task: Task, where: str, batch: Any
) -> None:
    """Raise DoesNotFit where the network, or the loss, cannot take two of the rows."""
    if not spec.trainer.precision.endswith("-true") or spec.trainer.precision.startswith("b"):
        return
    if not isinstance(batch[0], Tensor):
        return
    inputs, targets, *weights = (part[:2] for part in batch)
    if isinstance(data, InMemoryData):
        inputs = data.model_inputs(inputs).cpu()
    elif spec.trainer.precision.startswith("64"):
        inputs = inputs.double() if inputs.is_floating_point() else inputs
    try:
        with torch.no_grad():
            output = task.output(net, inputs)
            task.loss(output, task.target(targets, output), *weights)
    except Exception as error:  # The network may be the user's own, and fail for other reasons.
        if not isinstance(error, SeedbedError) and not _MISFIT.search(str(error)):
            return
        reason = (str(error).splitlines() or [""])[0][:200]
        hint = _type_hint(net, inputs)
        raise DoesNotFit(
            f"model: it fails on {where} of shape {list(inputs.shape[1:])}: "
            f"{type(error).__name__}: {reason}{hint}"
        ) from error


def _type_hint(net: nn.Module, inputs: Tensor) -> str:
    parameter = next(net.parameters(), None)
    if parameter is None or parameter.dtype == inputs.dtype:
        return ""
    kinds = [str(tensor.dtype).removeprefix("torch.") for tensor in (inputs, parameter)]
    return f"; the inputs are {kinds[0]}, the parameters {kinds[1]}"


def _check_smallest_batch(spec: RunSpec, data: DataModule, net: nn.Module) -> None:
    """Raise DoesNotFit where a batch of one row meets a layer that needs two, as batch norm."""
    rows, keys = data.rows("train"), keys_of(spec.data)
    if not rows or keys.get("sample") == "stream":
        return
    size = min(keys.get("batch_size") or rows, rows)
    rest = 0 if keys.get("drop_last") else rows % size
    limit = spec.trainer.overfit_batches or spec.trainer.limit_train_batches
    batches = -(-rows // size)
    used = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    last_is_used = rest and used == batches
    devices = data.placement.world_size
    if (rest if last_is_used else size) // devices != 1:
        return
    parameter = next(net.parameters(), torch.zeros(()))
    example = torch.zeros((1, *spec.facts.input_shape), dtype=parameter.dtype)
    try:
        with torch.no_grad():
            deepcopy(net).train()(example)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            return
        where = (
            f"the last batch of {rows} rows has {rest}" if last_is_used else "a batch has one row"
        )
        share = f" for {devices} devices" if devices > 1 else ""
        advice = "data.drop_last=true, or another size" if last_is_used else "a larger size"
        raise DoesNotFit(
            f"data.batch_size={size}: {where}{share}, and the model's batch norm needs two a step: "
            f"{advice}"
        ) from error
    except Exception:  # Of other failures training will tell.
        return


def check_shares(spec: RunSpec, data: DataModule) -> None:
    """Raise DoesNotFit where a process would have no row of a batch.

    A LightningModule of the user's would take the mean of none.
    """
    processes, size = data.placement.world_size, keys_of(spec.data).get("batch_size")
    for split in filter(data.has_split, SPLITS):
        rows = data.rows(split)
        rest = rows % size if rows and size and size < rows else rows
        if processes > 1 and rest and rest < processes:
            raise DoesNotFit(
                f"data.batch_size={size}: of the last {split} batch, of {rest} rows, some of the "
                f"{processes} processes would have none: another size"
            )


def check_limits(trainer: Trainer, data: DataModule) -> None:
    """Raise DoesNotFit where a limit leaves no batch of a split that is used."""
    for split in filter(data.has_split, SPLITS):
        key = f"trainer.limit_{split}_batches"
        limit = getattr(trainer, f"limit_{split}_batches")
        if split == "train" and limit == 0 and not trainer.overfit_batches:
            raise DoesNotFit(f"{key}: 0 trains nothing; trainer.max_epochs=0 is for that")
        if not 0 < limit < 1:
            continue
        loader = data.train_dataloader() if split == "train" else data.evaluation_loader(split)
        try:
            batches = len(loader)
        except TypeError:
            raise DoesNotFit(f"{key}: {limit} of how many is not known: give a number") from None
        if int(batches * limit) == 0:
            words = f"{batches} batch" + "es" * (batches != 1)
            raise DoesNotFit(f"{key}: {limit} of {words} is none; 0 uses none on purpose")


def check_patience(
    key: str, monitor: str, patience: int, every_n_epochs: int, length: RunLength
) -> None:
    """Raise DoesNotFit where early stopping could end a run in none of its epochs."""
    epochs = length.intervals("epoch")
    if epochs is not None and first_stop(monitor, patience, every_n_epochs) > epochs:
        raise DoesNotFit(never_stops(key, "patience", patience, f"{epochs} epochs"))
