"""Data of the jobs of a group, each that differs read once."""

from collections import OrderedDict
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from seedbed.config.schema import schema_targets
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
    """Return what jobs have in common that train on one table: all but order and size of batches.

    The size counts where the data may read it: a stream does, and a class of the user's own might.
    """
    streams = job.data.get("sample") == "stream"
    is_known = job.data.get("_target_") in _targets() and not streams
    batches = ("seed", "batch_size") if is_known else ("seed",)
    return repr({name: value for name, value in job.data.items() if name not in batches})


@cache
def _targets() -> frozenset[str]:
    return frozenset(schema_targets())


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
        return _with_batch_size(_kept[key], job.data["batch_size"])
    options: Any = spec.data
    own = job.data if isinstance(options, dict) else replace(options, **job.data)
    data: Any = build_data(replace(spec, data=own))
    data.place(placement)
    data.prepare_data()
    data.setup("fit")
    if keep:
        _keep(key, data)
    return data  # type: ignore[no-any-return]


def _with_batch_size(data: InMemoryData, size: int | None) -> InMemoryData:
    """Return the same tables in batches of another size."""
    options: Any = data.options
    if options.batch_size == size:
        return data
    resized = copy(data)
    resized.options = replace(options, batch_size=size)
    return resized


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
        rows: number of rows of each split, of the training rows first.
        drop_last: whether a last batch of fewer rows is left out.
        batches: batches of an epoch of a stream; None: they follow from their size.
    """

    kind: str
    rows: tuple[int, ...]
    drop_last: bool
    batches: int | None

    def size(self, batch_size: int | None) -> int:
        """Return the rows of a batch: no more than there are; None: all."""
        return min(batch_size or self.rows[0], self.rows[0])

    def steps(self, batch_size: int | None) -> int:
        """Return the steps of an epoch."""
        if self.batches is not None:
            return self.batches
        full, rest = divmod(self.rows[0], self.size(batch_size))
        return max(1, full + (rest > 0 and not self.drop_last))


def table_facts(data: InMemoryData) -> TableFacts:
    """Return the facts of data after `setup`."""
    options: Any = data.options
    splits = [split for split in SPLITS if data.has_split(split)]
    streams = getattr(options, "sample", None) == "stream"
    kind = (
        {name: getattr(options, name) for name in ("shuffle", "drop_last")},
        options.batch_size if streams else None,
        {split: [_kind(tensor) for tensor in data.table(split).tensors] for split in splits},
        data.target_scaling is not None,
    )
    rows = tuple(len(data.table(split).targets) for split in splits)
    batches = len(data.train_dataloader()) if streams else None
    return TableFacts(repr(kind), rows, bool(options.drop_last), batches)


def _kind(tensor: torch.Tensor) -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape[1:]), str(tensor.dtype)
