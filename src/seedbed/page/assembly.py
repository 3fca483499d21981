"""A document put together from its parts: sweeps and runs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from seedbed.config.groups import LABELS
from seedbed.config.metrics import METRICS, known_mode
from seedbed.page.cells import spans_orders, typed
from seedbed.page.configs import shared_and_differing
from seedbed.page.curves import Placed, encoded, is_constant
from seedbed.page.document import (
    Cell,
    Column,
    Configs,
    Configurations,
    Curves,
    Failure,
    Jobs,
    Objective,
    PageDocument,
)
from seedbed.page.part import JobConfig, Part
from seedbed.page.pictures import figures_of
from seedbed.page.privacy import without_private
from seedbed.runs.best_metrics import BEST, BEST_EPOCH
from seedbed.runs.record import STATUSES

# Axes that means are taken over, and the column that tells several sweeps apart.
AVERAGED, SWEEP = ("seed", "data.fold"), "sweep"
# Curves that are left out where they are straight lines.
CONSTANT = ("train/learning_rate",)
# Curves by name; those of the splits come first. A run may log every gradient of its model.
MOST_CURVES, SPLITS = 100, ("train/", "val/")
# Columns that are no metric, with what they mean.
RESULTS = {
    BEST_EPOCH: "epoch in which the watched metric was best",
    "seconds": "time that the job took; of jobs side by side its share",
    "epochs": "epochs that it has trained",
    "stopped": "rule that stopped it, and why",
    "trial": "trial that it belongs to, whose seeds and folds are judged together",
    "pareto_rank": "1: on the Pareto front; 2: on that of the others; and so on",
}


def page_document(
    parts: Sequence[Part],
    *,
    title: str = "",
    objectives: Sequence[Objective] = (),
    rank: Literal["best", "last"] | None = None,
) -> PageDocument:
    """Return the document of some sweeps and runs, without what is private.

    Args:
        parts: the sweeps and runs, at least one.
        title: the title; none (default): it follows from the parts.
        objectives: by what jobs are judged; none (default): as the first part that has some.
        rank: epoch by which they are ranked; None (default): as the first part.
    """
    count = sum(map(len, parts))
    axes = _axes(parts)
    configuration, cells = _configurations(parts, axes)
    columns = _Columns(parts, axes, objectives)
    first = parts[0]
    document = PageDocument(
        title=title or _title(parts),
        written=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        sources=[part.source for part in parts],
        objectives=columns.objectives,
        rank=rank or first.rank,
        constraints=list(dict.fromkeys(text for part in parts for text in part.constraints)),
        columns=columns.described(),
        constants=_constants(parts),
        statuses=list(STATUSES),
        jobs=Jobs(
            count=count,
            source=[place for place, part in enumerate(parts) for _ in part.number],
            number=[number for part in parts for number in part.number],
            configuration=configuration,
            status=[STATUSES.index(status) for part in parts for status in part.status],
            values=columns.values,
            folder=[folder for part in parts for folder in part.folder],
            command=[command for part in parts for command in part.command],
        ),
        configurations=cells,
        curves=_curves(parts, configuration),
        configs=_configs(parts),
        errors=dict(_errors(parts)),
        importances=[each for part in parts for each in part.importances],
    )
    figures, left_out = figures_of(
        [
            file._replace(job=None if file.job is None else start + file.job)
            for start, part in _starts(parts)
            for file in part.pictures
        ]
    )
    hosts = {host for part in parts for host in part.hosts}
    return without_private(
        msgspec.structs.replace(document, figures=figures, figures_left_out=left_out), hosts
    )


def _starts(parts: Sequence[Part]) -> Iterator[tuple[int, Part]]:
    """Yield each part with the place of its first job in the document."""
    start = 0
    for part in parts:
        yield start, part
        start += len(part)


def _axes(parts: Sequence[Part]) -> dict[str, list[str]]:
    """Return the cells of all jobs by axis; where there are several sweeps the first tells them."""
    keys = dict.fromkeys(key for part in parts for key in part.axes)
    keys |= dict.fromkeys(_set_differently(parts))
    axes = {key: [text for part in parts for text in part.cells_of(key)] for key in keys}
    if sum(part.source.kind == "sweep" for part in parts) > 1:
        named = [part.source.name for part in parts for _ in part.number]
        axes = {SWEEP: named, **axes}
    return axes


def _set_differently(parts: Sequence[Part]) -> Iterator[str]:
    """Yield what none of the parts has varied, and one has set otherwise than another."""
    set_to = dict.fromkeys(key for part in parts for key, _ in part.constants)
    for key in set_to:
        # Which options there are of a group not every record says.
        known = "." in key or all(part.knows(key) for part in parts)
        if not known or "@" in key or key in LABELS:
            continue
        if len({part.cells_of(key)[0] for part in parts if len(part)}) > 1:
            yield key


def _configurations(
    parts: Sequence[Part], axes: dict[str, list[str]]
) -> tuple[list[int], Configurations]:
    """Return the configuration of each job, and what the configurations have for each axis.

    They are numbered in the order of their first jobs.
    """
    shown = {key: cells for key, cells in axes.items() if key not in AVERAGED}
    places: dict[tuple[str, ...], int] = {}
    count = sum(map(len, parts))
    rows = zip(*shown.values(), strict=True) if shown else [()] * count
    configuration = [places.setdefault(row, len(places)) for row in rows]
    keys = list(places)
    values = {
        key: _of_first(typed(cells)[1], configuration, len(keys)) for key, cells in shown.items()
    }
    return configuration, Configurations(len(keys), values)


def _of_first(cells: Sequence[Cell], configuration: Sequence[int], count: int) -> list[Cell]:
    """Return the cell of the first job of each configuration."""
    first: dict[int, Cell] = {}
    for number, cell in zip(configuration, cells, strict=True):
        first.setdefault(number, cell)
    return [first[number] for number in range(count)]


class _Columns:
    """Columns of a document: what they are, and what each job has."""

    def __init__(
        self, parts: Sequence[Part], axes: dict[str, list[str]], objectives: Sequence[Objective]
    ) -> None:
        self.parts = parts
        self.objectives = list(objectives) or next(
            (list(part.objectives) for part in parts if part.objectives), []
        )
        self._modes = {each.metric: each.mode for each in self.objectives}
        self.values: dict[str, list[Cell]] = {}
        self._types = {}
        for key, cells in axes.items():
            self._types[key], self.values[key] = typed(cells)
        self.axes = list(axes)
        self.metrics = list(dict.fromkeys(name for part in parts for name in part.metrics))
        for name in self.metrics:
            if name not in self.values:
                self.values[name] = [
                    cell for part in parts for cell in part.metrics.get(name, [None] * len(part))
                ]
        self.results = list(dict.fromkeys(name for part in parts for name in part.results))
        for name in self.results:
            if name not in self.values:
                self.values[name] = [
                    cell for part in parts for cell in part.results.get(name, [None] * len(part))
                ]

    def described(self) -> list[Column]:
        """Return what the columns are, in their order."""
        taken = {*self.axes}
        metrics = [name for name in self.metrics if name not in taken]
        results = [name for name in self.results if name not in {*taken, *metrics}]
        return [
            *map(self._axis, self.axes),
            *map(self._metric, metrics),
            *map(self._result, results),
        ]

    def _axis(self, key: str) -> Column:
        values = self.values[key]
        is_averaged = key in AVERAGED
        logs = [part.logs[key] for part in self.parts if key in part.logs]
        return Column(
            name=key,
            kind="averaged" if is_averaged else "axis",
            type=self._types[key],
            meaning=_meaning_of_key(key),
            log=any(logs) if logs else not is_averaged and spans_orders(values),
        )

    def _metric(self, name: str) -> Column:
        metric = name.removeprefix(BEST)
        mode = self._modes.get(metric) or known_mode(metric)
        return Column(
            name=name,
            kind="metric",
            type="number",
            meaning=_meaning_of_metric(metric),
            mode="min" if mode == "min" else "max" if mode == "max" else None,
            log=spans_orders(self.values[name]),
            of_best=metric if name != metric else None,
        )

    def _result(self, name: str) -> Column:
        known = [value for value in self.values[name] if value is not None]
        is_text = any(isinstance(value, str) for value in known)
        return Column(
            name=name,
            kind="result",
            type="text" if is_text else "number",
            meaning=RESULTS.get(name),
            log=name == "seconds" and spans_orders(known),
        )


def _meaning_of_metric(name: str) -> str | None:
    known = METRICS.get(name.rpartition("/")[2])
    return (known.meaning or None) if known else None


def _meaning_of_key(key: str) -> str | None:
    """Return what a key means, as its schema says; None of a key of the user's."""
    from seedbed.config.known_keys import known_keys

    if key == SWEEP:
        return "folder of the sweep"
    known = known_keys().get(key)
    return str(known.field.metadata["meaning"]) if known else None


def _title(parts: Sequence[Part]) -> str:
    names = [str(part.source.labels.get("name") or "") for part in parts]
    if len(parts) == 1:
        kind = parts[0].source.kind.capitalize()
        return names[0] or f"{kind} {parts[0].source.name}"
    counts = {kind: sum(part.source.kind == kind for part in parts) for kind in ("sweep", "run")}
    return ", ".join(
        f"{count:,} {kind}" + "s" * (count != 1) for kind, count in counts.items() if count
    )


def _constants(parts: Sequence[Part]) -> list[tuple[str, str]]:
    """Return what all parts have in common of what never varies within them."""
    first, *others = [dict(part.constants) for part in parts]
    varied = {key for part in parts for key in part.axes}
    return [
        (key, text)
        for key, text in first.items()
        if key not in varied and all(other.get(key) == text for other in others)
    ]


def _curves(parts: Sequence[Part], configuration: Sequence[int]) -> Curves:
    placed = [
        Placed(block, start, part.best, next((o.mode for o in part.objectives), None))
        for start, part in _starts(parts)
        for block in part.curves
    ]
    names = dict.fromkeys(name for each in placed for name in each.block.values)
    shown = [name for name in names if not (name in CONSTANT and is_constant(placed, name))]
    shown.sort(key=lambda name: not name.startswith(SPLITS))
    return encoded(placed, sum(map(len, parts)), configuration, shown[:MOST_CURVES])


def _configs(parts: Sequence[Part]) -> Configs:
    bases = [base for part in parts for base in part.bases]
    configs: list[JobConfig | None] = []
    first = 0
    for part in parts:
        known = part.configs or [None] * len(part)
        configs += [each and each._replace(base=first + each.base) for each in known]
        first += len(part.bases)
    return shared_and_differing(bases, configs)


def _errors(parts: Sequence[Part]) -> Iterator[tuple[str, Failure]]:
    for start, part in _starts(parts):
        for job, failure in part.errors.items():
            yield str(start + job), failure
