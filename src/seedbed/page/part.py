"""Part of a document: one sweep or one run, before all are put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from seedbed.page.cells import cell
from seedbed.page.document import Cell, Failure, Importances, Objective, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CurveBlock(NamedTuple):
    """Curves of some jobs over the same epochs.

    Attributes:
        jobs: places of the jobs in their part.
        epochs: rising, (points,).
        values: by metric, (jobs, points); nan where nothing was measured.
    """

    jobs: Sequence[int]
    epochs: "NDArray[np.int64]"
    values: Mapping[str, "NDArray[np.floating[Any]]"]


class JobConfig(NamedTuple):
    """Config of a job: one of the part's bases, and what of it is another, by dotted keys."""

    base: int
    changes: Mapping[str, Any] = {}


class PictureFile(NamedTuple):
    """PNG file of a job, or of all (None); `folder` is the one that it must lie in."""

    job: int | None
    folder: Path
    path: Path


@dataclass
class Part:
    """One sweep or one run; lists have an entry a job.

    Attributes:
        axes: cells of what was varied, as texts; empty where a job lacks it.
        metrics: by column; None where there is no finite number.
        results: other columns of what came out.
        errors: by the place of the job.
        bases: configs that jobs are derived from, by dotted keys.
        configs: None of a job whose config is not known.
        pictures: in the order in which they are taken while there is room.
        best: metric that picks the best epoch.
        every_epoch: why curves do not hold every epoch, in words.
    """

    source: Source
    number: list[int]
    status: list[str]
    axes: dict[str, list[str]]
    metrics: dict[str, list[float | None]]
    results: dict[str, list[Cell]]
    folder: list[str]
    command: list[str]
    objectives: Sequence[Objective]
    best: str
    rank: Literal["best", "last"] = "best"
    constraints: Sequence[str] = ()
    constants: Sequence[tuple[str, str]] = ()
    errors: Mapping[int, Failure] = field(default_factory=dict)
    curves: Sequence[CurveBlock] = ()
    bases: Sequence[Mapping[str, Any]] = ()
    configs: Sequence[JobConfig | None] = ()
    pictures: Sequence[PictureFile] = ()
    importances: Sequence[Importances] = ()
    logs: Mapping[str, bool] = field(default_factory=dict)
    hosts: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.number)

    def knows(self, key: str) -> bool:
        """Return whether it is known what the jobs have for a key, or which option of a group."""
        return key in self.axes or key in dict(self.constants) or any(key in b for b in self.bases)

    def cells_of(self, key: str) -> list[str]:
        """Return the cells of an axis; what this part did not vary is as its choices and configs.

        An interpolation says nothing, and stands for nothing.
        """
        if key in self.axes:
            return self.axes[key]
        chosen = dict(self.constants).get(key)
        if chosen is not None:
            return [chosen] * len(self)
        values = [
            "" if each is None else each.changes.get(key, self.bases[each.base].get(key, ""))
            for each in self.configs or [None] * len(self)
        ]
        return ["" if "${" in str(value) else cell(value) for value in values]
