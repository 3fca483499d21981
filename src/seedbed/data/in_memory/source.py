"""Rows of a dataset as it loads them, and the facts that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from seedbed.data.arrays.targets import posed_targets
from seedbed.data.data_module import Facts
from seedbed.data.table import RawRows, Table, plain_tensor
from seedbed.errors import ConfigError, listed


@dataclass(frozen=True)
class Source:
    """Rows of a dataset as it loads them.

    Attributes:
        rows: rows to be split: a Table, or what `InMemoryData.tensors` makes one from.
        test: test set of its own; None: the test rows are split off too.
        fingerprint: hash of all rows; None: computed from them, which must be tables.
        val: validation set of its own; None: the validation rows are split off too.
        columns: values by row under a name, which splits and weights look into, besides those of a
            table's inputs and targets.
        classes: class of each row, (rows,); None: the targets of a table, where they are classes.
        numbers: number of each row in the dataset, (rows,) int64, by `train`, `val` and `test`,
            where some rows are left out; empty: they are counted.
    """

    rows: RawRows
    test: RawRows | None = None
    fingerprint: str | None = None
    val: RawRows | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    classes: Any = None
    numbers: Mapping[str, torch.Tensor] = field(default_factory=dict)


def checked_source(loaded: Any, name: str) -> Source:
    """Return what the `load` of a class of the user's returns as rows in tensors.

    Args:
        loaded: A Source or a Table, in which arrays or lists may stand for tensors.
        name: The class, for messages.

    Raises:
        ConfigError: It is something else, or its parts are not as long as each other.
    """
    source = Source(loaded) if isinstance(loaded, Table) else loaded
    if not isinstance(source, Source):
        raise ConfigError(
            f"data: the load of {name} returns a {type(loaded).__name__}, and a seedbed.data.Table "
            "or Source is needed"
        )
    parts: dict[str, Any] = {
        part: _in_tensors(rows, f"data: the {part} that the load of {name} returns")
        for part in ("rows", "val", "test")
        if (rows := getattr(source, part)) is not None
    }
    for column, values in source.columns.items():
        if len(values) != len(parts["rows"]):
            raise ConfigError(
                f"data: the column '{column}' that the load of {name} returns has {len(values):,} "
                f"values for {len(parts['rows']):,} rows"
            )
    return replace(source, **parts)


def _in_tensors(rows: Any, what: str) -> RawRows:
    """Return the rows of a Table in tensors; rows of another kind as they are."""
    if not isinstance(rows, Table):
        return rows  # type: ignore[no-any-return]
    names = ("inputs", "targets", "weights")
    given = {name: value for name in names if (value := getattr(rows, name)) is not None}
    tensors = {}
    for name, value in given.items():
        try:
            tensors[name] = plain_tensor(value)
        except (TypeError, ValueError, RuntimeError) as error:
            reason = (str(error).splitlines() or [""])[0][:100]
            raise ConfigError(f"{what} have {name} that are no numbers: {reason}") from None
    lengths = {name: len(value) if value.dim() else 0 for name, value in tensors.items()}
    if len(set(lengths.values())) > 1 or not all(lengths.values()):
        shown = ", ".join(f"{length:,} {name}" for name, length in lengths.items())
        raise ConfigError(f"{what} have {shown}; as many of each are needed, and one at least")
    if tensors["inputs"].dim() == 1:
        tensors["inputs"] = tensors["inputs"].unsqueeze(1)
    return Table(**tensors)


def facts_of_source(source: Source, options: Any) -> Facts:
    """Return the facts of rows that are tensors; what the options say of the task is honoured.

    Raises:
        ConfigError: They are no tensors, or their classes are not numbered from 0.
    """
    tables = [rows for rows in (source.rows, source.val, source.test) if rows is not None]
    if not all(isinstance(rows, Table) for rows in tables):
        raise ConfigError("data: its rows are no tensors, so their facts must be given by key")
    task, size = (
        None if (value := getattr(options, key)) == "???" else value
        for key in ("task", "output_size")
    )
    targets = [rows.targets for rows in tables if isinstance(rows, Table)]
    posed = posed_targets("data: the targets", [part.numpy() for part in targets], task, size)
    for part, whole in zip(posed.parts, targets, strict=True):
        if posed.class_names and not torch.equal(part, whole.reshape(-1).long()):
            raise ConfigError(
                f"data: the classes that its `load` returns are {listed(posed.class_names, 9)}; "
                f"they must be whole numbers from 0 to {len(posed.class_names) - 1}"
            )
    assert isinstance(source.rows, Table)
    return Facts(posed.task, tuple(source.rows.inputs.shape[1:]), posed.output_size)
