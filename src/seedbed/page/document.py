"""Document of a report page: what it shows, as typed data in columns.

A job is a number from 0 on: its place in the columns of `Jobs`. Numbers that JSON does not have
stand in columns as the words `nan`, `inf` and `-inf`. Nothing here names the machine, its user or
its folders: folders and commands are relative.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

FORMAT = "seedbed-page/1"
Cell = float | int | str | bool | None
Kind = Literal["axis", "averaged", "metric", "result"]
Type = Literal["number", "text", "boolean"]
Mode = Literal["min", "max"]


class Search(msgspec.Struct, frozen=True):
    """Search of a sweep: its sampler, the number of trials, and the rule that stops bad ones."""

    sampler: str
    trials: int | None = None
    rule: str | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Sweep or run that jobs are from.

    Attributes:
        name: its folder, relative.
        kind: `sweep` or `run`.
        command: the command line that was typed.
        started, finished: times as ISO 8601, as the record has them; finished: None while it runs.
        seconds: how long it took; None: not known.
        running: whether its process is there.
        versions: versions of packages by name.
        git: `commit`, `branch`, `dirty`; None outside of a repository.
        data: what is known of the data: `name`, `fingerprint`, `rows` ...
        counts: jobs by status, and those `missing`.
        go_on: the command that goes on with it; None where nothing is left to do.
        search: None of a grid.
        notes: lines about it that a reader should know.
        labels: its `name`, `tags` and `notes`.
    """

    name: str
    kind: Literal["sweep", "run"]
    command: str = ""
    started: str = ""
    finished: str | None = None
    seconds: float | None = None
    running: bool = False
    versions: Mapping[str, str] = {}
    git: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    counts: Mapping[str, int] = {}
    go_on: str | None = None
    search: Search | None = None
    notes: Sequence[str] = ()
    labels: Mapping[str, Any] = {}


class Objective(msgspec.Struct, frozen=True):
    """Metric that jobs are judged by, and its better direction."""

    metric: str
    mode: Mode | None


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """Column of the jobs.

    Attributes:
        name: key or metric, as in results.csv.
        kind: `axis`: varied by the sweep; `averaged`: varied, and averaged over, as a seed is;
            `metric`; `result`: anything else that came out, such as seconds.
        type: of its values.
        meaning: what it means, in words; None where nothing is known.
        mode: better direction of a metric; None where it is not known.
        log: whether its values are better shown on a logarithmic axis.
        of_best: the metric of the last epoch whose value in the best epoch this is.
    """

    name: str
    kind: Kind
    type: Type
    meaning: str | None = None
    mode: Mode | None = None
    log: bool = False
    of_best: str | None = None


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, a list a column; each list has `count` entries.

    Attributes:
        source: place in the sources.
        number: number of the job in its sweep; 0 of a run.
        configuration: place in the configurations.
        status: place in the document's statuses.
        values: cells by the name of their column.
        folder: relative; empty where it left none.
        command: the command that repeats it.
    """

    count: int
    source: Sequence[int]
    number: Sequence[int]
    configuration: Sequence[int]
    status: Sequence[int]
    values: Mapping[str, Sequence[Cell]]
    folder: Sequence[str]
    command: Sequence[str]


class Configurations(msgspec.Struct, frozen=True):
    """Configurations: jobs that differ in averaged columns alone are one."""

    count: int
    values: Mapping[str, Sequence[Cell]]


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """Curves of the metrics over epochs or steps.

    Attributes:
        metrics: names of the metrics.
        unit: what is counted along them.
        thinned: how epochs were left out, in words; None where all are there.
        grids: lists of epochs; jobs share them.
        grid_of_job: place in the grids of each job; -1 where it has no curve.
        values: of each metric the curves of all jobs one after another, each as long as its grid,
            as base64 of float32, little endian; NaN where nothing was measured.
    """

    metrics: Sequence[str] = ()
    unit: Literal["epoch", "step"] = "epoch"
    thinned: str | None = None
    grids: Sequence[Sequence[int]] = ()
    grid_of_job: Sequence[int] = ()
    values: Mapping[str, str] = {}


class Configs(msgspec.Struct, frozen=True):
    """Configs of the jobs: what they share, nested; the others by key, with each job's value."""

    common: Mapping[str, Any] = {}
    differing: Mapping[str, Sequence[Any]] = {}


class Failure(msgspec.Struct, frozen=True):
    """Error of a job, and the traceback where its folder has one."""

    message: str
    traceback: str | None = None


class Figure(msgspec.Struct, frozen=True):
    """Picture of a job, or of all (`job` None); `source` is a data URI of a PNG."""

    job: int | None
    name: str
    title: str
    source: str


class Importances(msgspec.Struct, frozen=True):
    """How much of the differences in an objective each key explains: shares that sum to 1."""

    objective: str
    importances: Mapping[str, float]


class PageDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All that a page shows.

    Attributes:
        written: when, as ISO 8601 in UTC.
        rank: epoch by which jobs are ranked.
        constraints: limits that trials must keep, in words.
        constants: columns that never vary: name and value, as text.
        statuses: words that `jobs.status` counts.
        errors: by the job's place, as text.
        figures_left_out: pictures that were too many or too large.
    """

    title: str
    written: str
    sources: Sequence[Source]
    objectives: Sequence[Objective]
    columns: Sequence[Column]
    statuses: Sequence[str]
    jobs: Jobs
    configurations: Configurations
    format: str = FORMAT
    rank: Literal["best", "last"] = "best"
    constraints: Sequence[str] = ()
    constants: Sequence[tuple[str, str]] = ()
    curves: Curves = Curves()
    configs: Configs = Configs()
    errors: Mapping[str, Failure] = {}
    figures: Sequence[Figure] = ()
    figures_left_out: int = 0
    importances: Sequence[Importances] = ()


def cells(values: Iterable[Cell]) -> list[Cell]:
    """Return values as JSON has them: numbers that are not finite become `nan`, `inf`, `-inf`."""
    return [
        str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for value in values
    ]
