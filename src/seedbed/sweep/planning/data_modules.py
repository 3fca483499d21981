"""Data of the jobs of a group, each that differs read once."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import torch

from seedbed.config.schema.data import SPLITS
from seedbed.config.spec import RunSpec
from seedbed.data import InMemoryData
from seedbed.data.data_module import Placement
from seedbed.experiment.build import build_data, device, floating_point
from seedbed.sweep.planning.job_numbers import JobNumbers

# Of all data that are kept between the plan and the training.
MOST_BYTES = 128 * 2**20

_kept: OrderedDict[str, InMemoryData] = OrderedDict()


def forget_data() -> None:
    """Forget the data that were read before: their files may be others by now."""
    _kept.clear()


def table_key(job: JobNumbers) -> str:
    """Return what jobs have in common that train on one table: all but the order of the batches."""
    return repr({name: value for name, value in job.data.items() if name != "seed"})


def data_of(spec: RunSpec, job: JobNumbers, keep: bool = False) -> InMemoryData:
    """Return the data of a job after `setup`.

    Args:
        spec: Spec of a job of the group.
        job: What the job has for itself.
        keep: Whether they are kept for later, as long as they are small.

    Raises:
        ConfigError: Whatever reading them alone would raise.
    """
    trainer = spec.trainer
    placement = Placement(device(trainer.accelerator), floating_point(trainer.precision))
    key = f"{placement} {table_key(job)}"
    if key in _kept:
        return _kept[key]
    options: Any = spec.data
    own = job.data if isinstance(options, dict) else replace(options, **job.data)
    data: Any = build_data(replace(spec, data=own))
    data.place(placement)
    data.prepare_data()
    data.setup("fit")
    if keep:
        _keep(key, data)
    return data  # type: ignore[no-any-return]


def _keep(key: str, data: InMemoryData) -> None:
    _kept[key] = data
    # Twice: as they were loaded, and as the network takes them.
    while _kept and sum(2 * each.nbytes for each in _kept.values()) > MOST_BYTES:
        _kept.popitem(last=False)


@dataclass(frozen=True)
class TableFacts:
    """Facts of the tables of a job.

    Attributes:
        kind: what the tables of jobs that train as one program have in common.
        rows: number of rows of each split.
        steps: steps of an epoch.
    """

    kind: str
    rows: tuple[int, ...]
    steps: int


def table_facts(data: InMemoryData) -> TableFacts:
    """Return the facts of data after `setup`."""
    options: Any = data.options
    splits = [split for split in SPLITS if data.has_split(split)]
    kind = (
        {name: getattr(options, name) for name in ("batch_size", "shuffle", "drop_last")},
        {split: [_kind(tensor) for tensor in data.table(split).tensors] for split in splits},
        data.target_scaling is not None,
    )
    rows = tuple(len(data.table(split).targets) for split in splits)
    return TableFacts(repr(kind), rows, len(data.train_dataloader()))


def _kind(tensor: torch.Tensor) -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape[1:]), str(tensor.dtype)
