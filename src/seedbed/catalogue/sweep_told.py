"""What a catalogue tells of a sweep, and the quick way to it.

To read the plan and every row of the table of ten thousand sweeps takes many seconds. Of a plain
sweep, with one objective and a table that has nothing unusual, only the rows that may be the best
are read whole; whatever is unusual is left to those who read all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from seedbed.catalogue.of_run import plain_content
from seedbed.errors import RunFolderError
from seedbed.reading.json_files import Text
from seedbed.runs.record import MEASURED, STATUSES
from seedbed.sweep.results.folder import PLAN, RESULTS, SweepFolder

if TYPE_CHECKING:
    from seedbed.sweep.results.table import Row


@dataclass(frozen=True)
class SweepTold:
    """What is known of a sweep.

    Attributes:
        objective: metric that picks the best epoch, `min` or `max`, and the epoch that counts.
        started: when it began.
        name, tags, notes: its labels.
        choices: the option of each group.
        axes: the values of each key that its jobs differ in.
        spaces: what the keys of a search may be, in words.
        words: the overrides of the first job.
        jobs: how many are planned.
        ended: how many of them ended with which status.
        best: the best job.
    """

    objective: tuple[str, str, str]
    started: str | None
    name: str | None
    tags: Sequence[str]
    notes: str | None
    choices: Mapping[str, str]
    axes: Mapping[str, Sequence[str]]
    spaces: Mapping[str, str]
    words: Sequence[str]
    jobs: int
    ended: Mapping[str, int]
    best: "Row | None"


class _Job(msgspec.Struct):
    overrides: list[Text]


class _Round(msgspec.Struct):
    jobs: list[_Job]


class _Plan(msgspec.Struct):
    """What is used of the sweep.json of a plain sweep."""

    optimized_metric: Text
    optimized_mode: Literal["min", "max"]
    rank: Literal["best", "last"]
    rounds: list[_Round]
    axes: dict[str, list[Text]]
    started: Text | None = None
    name: Text | None = None
    tags: list[Text] = []
    notes: Text | None = None
    choices: dict[str, str] = {}
    # What makes a sweep another one than a plain one.
    constraints: list[Text] = []
    search: Any = None
    resumed: Any = None

    @property
    def is_plain(self) -> bool:
        return bool(self.rounds) and not (self.constraints or self.search or self.resumed)


_decoder = msgspec.json.Decoder(_Plan)


def told_quickly(folder: SweepFolder) -> SweepTold | None:
    """Return what is known of a plain sweep; None where it is another one, or damaged."""
    from seedbed.sweep.results.judged import best_first
    from seedbed.sweep.results.objectives import one_objective

    top = str(folder.path)
    try:
        content, _ = plain_content(f"{top}/{PLAN}")
        plan = _decoder.decode(content)
        ended, rows = _table(folder, plan)
    except (OSError, ValueError, RecursionError, RunFolderError):
        return None
    if not plan.is_plain or rows is None:
        return None
    objective = (plan.optimized_metric, plan.optimized_mode, plan.rank)
    best = best_first(rows, one_objective(*objective)) if rows else []
    first = plan.rounds[0].jobs
    return SweepTold(
        objective=objective,
        started=plan.started,
        name=plan.name,
        tags=plan.tags,
        notes=plan.notes,
        choices=plan.choices,
        axes=plan.axes,
        spaces={},
        words=first[0].overrides if first else (),
        jobs=sum(len(each.jobs) for each in plan.rounds),
        ended=ended,
        best=best[0] if best else None,
    )


def _table(folder: SweepFolder, plan: _Plan) -> tuple[Mapping[str, int], "list[Row] | None"]:
    """Return how many jobs ended how, and the rows that may be the best; None where who knows.

    Raises OSError and ValueError where the table cannot be read so.
    """
    from seedbed.sweep.results.configurations import ranked_column
    from seedbed.sweep.results.table import columns_of, row_of

    if folder.results_of_units():
        return {}, None
    try:
        content, _ = plain_content(f"{folder.path}/{RESULTS}")
    except FileNotFoundError:
        return {}, []
    if isinstance(content, str) or b'"' in content or b"\r" in content:
        return {}, None
    # Behind the last line break there is nothing, or a row that is not written to its end.
    head, *lines = content.decode("utf-8-sig").split("\n")[:-1] or [""]
    columns = columns_of("", head.split(","))
    cells = [line.split(",") for line in lines]
    column = ranked_column(plan.optimized_metric, plan.rank)
    if columns.names.count(column) != 1:
        return {}, None
    at, status_at, width = columns.names.index(column), columns.status, len(columns.names)
    ended = Counter(row[status_at] for row in cells if len(row) == width)
    is_right = len({row[0] for row in cells}) == len(cells) == sum(ended.values())
    if not is_right or not ended.keys() <= {*STATUSES} or not status_at < at < columns.seconds:
        return {}, None
    values = [float(row[at] or nan) if row[status_at] in MEASURED else nan for row in cells]
    measured = [value for value in values if isfinite(value)]
    if len(measured) < sum(ended[status] for status in MEASURED):
        return {}, None
    choose = min if plan.optimized_mode == "min" else max
    best = choose(measured, default=None)
    rows = [
        row_of("", row, columns) for row, value in zip(cells, values, strict=True) if value == best
    ]
    return ended, rows
