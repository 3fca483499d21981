"""Documents of sweeps: their plan, and what became of their jobs."""

from typing import Annotated, Literal

from seedbed.documents.document import (
    Command,
    Document,
    Metrics,
    Number,
    Part,
    Path,
    Time,
    Value,
    says,
)
from seedbed.documents.runs import JobCounts, Labels, Listed, Mode, Run

Rank = Annotated[
    Literal["best", "last"], says("the epoch of a job that counts: its best, or its last")
]
Axes = Annotated[dict[str, Value], says("what it has for each key that jobs differ in")]


class Objective(Part):
    """A metric by which jobs are judged."""

    metric: str
    mode: Mode


class Job(Part):
    """A job that has ended; its metrics are named as in results.csv.

    Those of its best epoch begin with `best/`, all others are of its last epoch.
    """

    sweep: Annotated[int, says("place of its sweep among `sweeps`")]
    number: int
    axes: Axes
    status: str
    killed: bool
    error: str | None
    metrics: Metrics
    seconds: Number
    epochs: Annotated[int | None, says("epochs that it trained, of a search with a rule")]
    stopped: Annotated[str | None, says("which rule of a search stopped it, and why")]
    folder: Annotated[Path | None, says("its run folder; null where none is kept")]


class Statistics(Part):
    """A column of results.csv over the jobs of a configuration that came to an end."""

    mean: Number
    deviation: Annotated[
        Number, says("standard deviation over n - 1; with folds over the means of the folds")
    ]
    jobs: Annotated[int, says("how many jobs have a finite value")]


class Configuration(Part):
    """Jobs that differ in seed and fold alone."""

    place: Annotated[int, says("place in the order, from 1")]
    axes: Axes
    jobs: Annotated[list[tuple[int, int]], says("sweep and number of each")]
    completed: Annotated[int, says("how many of them have what they are ranked by")]
    metrics: Annotated[
        dict[str, Statistics], says("statistics of each metric, of the epoch that counts")
    ]
    front: Annotated[int | None, says("rank of its Pareto front, of several objectives")]
    misses: Annotated[list[str], says("constraints that it misses")]
    lacks_folds: Annotated[bool, says("its mean is over fewer folds than those of others")]


class Best(Part):
    """The best configuration, and how it is trained again."""

    configuration: Annotated[
        int | None,
        says("its place in `configurations`, or that of its median job in `jobs`"),
    ]
    axes: Axes
    sweep: Annotated[int, says("place of its sweep among `sweeps`")]
    job: Annotated[int, says("number of its median job")]
    folder: Annotated[Path | None, says("run folder of that job")]
    metrics: Annotated[Metrics, says("that job's metrics")]
    front: Annotated[int, says("how many configurations are on the Pareto front")]
    commands: Annotated[
        dict[str, Command], says("best_alone, all_seeds, all_folds: what trains it again")
    ]


class Sweep(Part):
    """A sweep: what it was and how far it is."""

    folder: Path
    status: Annotated[
        Literal["running", "completed", "interrupted"],
        says("completed: all jobs have ended, however they did"),
    ]
    killed: Annotated[bool, says("it is interrupted since its process has gone without a word")]
    labels: Labels
    started: Time | None
    axes: Annotated[dict[str, list[str]], says("values of each key that its jobs differ in")]
    search: Annotated[str | None, says("sampler of a search")]
    folds: int | None
    jobs: JobCounts
    results: Annotated[Path | None, says("results.csv")]
    files: Annotated[
        dict[str, Path], says("what else it has left: configurations, out_of_fold, refit, page")
    ]
    go_on: Annotated[Command | None, says("the command that runs what is missing")]


class Improvement(Part):
    """A trial that was better than all before it."""

    trial: int
    value: Number


class Found(Part):
    """What a search has found."""

    trials: Annotated[int, says("trials that have ended")]
    stopped_early: Annotated[int, says("of these, how many the rule stopped")]
    epochs: Annotated[int | None, says("epochs that were trained")]
    planned_epochs: Annotated[int | None, says("epochs of the same trials without a rule")]
    best_so_far: Annotated[
        list[Improvement], says("of one objective, the trials that were better than all before")
    ]
    importances: Annotated[
        dict[str, Number] | None,
        says("share of each key in what trials reach; null: too few trials, or a population"),
    ]


class Results(Part):
    """Jobs of one sweep, or of several, ranked."""

    objectives: list[Objective]
    rank: Rank
    constraints: list[str]
    sort: Annotated[str | None, says("another column that the order is by")]
    averaged: Annotated[list[str], says("keys that a configuration is the mean over")]
    ended: Annotated[dict[str, int], says("how many jobs ended with which status")]
    total: Annotated[int, says("how many configurations there are; of them the first are below")]
    configurations: Annotated[list[Configuration], says("in their order; with group=true")]
    jobs: Annotated[list[Job], says("in their order; with group=false")]
    best: Best | None
    found: Annotated[Found | None, says("of a search; null: no search, or several sweeps")]
    told: Annotated[list[str], says("what else is told, as it is printed")]


class Report(Document, tag="seedbed-report/1"):
    """Runs and sweeps: `seedbed report --json`."""

    sweeps: list[Sweep]
    results: Annotated[Results | None, says("of the sweeps; null where no job has ended")]
    items: Annotated[
        list[Listed], says("the first `top` of the runs that were named, in their order")
    ]
    total: Annotated[int, says("how many were named")]
    runs: Annotated[list[Run], says("all that is known of those of `items` that are runs or jobs")]
    page: Annotated[Path | None, says("HTML file that was written")]


class SweepOutcome(Document, tag="seedbed-sweep/1"):
    """A sweep that has ended: `seedbed train -m --json`."""

    exit_code: Annotated[int, says("exit code of the command")]
    sweep: Sweep
    results: Annotated[Results | None, says("of its jobs; null where none has ended")]


class Unpacked(Document, tag="seedbed-unpacked/1"):
    """Jobs that were unpacked: `seedbed unpack --json`."""

    folders: Annotated[list[Path], says("folders that were written")]
    kept: Annotated[list[Path], says("folders that were there already")]


class Together(Part):
    """Jobs that train as one program, side by side."""

    jobs: Annotated[list[int], says("their numbers")]
    note: Annotated[str | None, says("why they are apart from others")]


class Alone(Part):
    """Jobs that train by themselves, one after another."""

    jobs: Annotated[list[int], says("their numbers")]
    reason: str


class Dimension(Part):
    """A key that a search varies."""

    key: str
    values: Annotated[str, says("what it may be, in the words of the command line")]


class SearchPlan(Part):
    """What a search will do."""

    sampler: str
    trials: int
    jobs_of_trial: Annotated[int, says("jobs that a trial is the mean of: its seeds and folds")]
    space: list[Dimension]


class Planned(Part):
    """A job of the plan."""

    number: int
    overrides: Annotated[list[str], says("its words, as they are typed")]
    refused: Annotated[str | None, says("why it would not run")]


class Plan(Document, tag="seedbed-plan/1"):
    """What a sweep would run: `seedbed train -m sweep.plan=true --json`.

    Of a search the jobs are those of the first generation, of a sweep that goes on what is left.
    """

    folder: Annotated[Path | None, says("of a sweep that goes on; null: a new one")]

    objectives: list[Objective]
    rank: Rank
    constraints: list[str]
    axes: Annotated[dict[str, list[str]], says("values of each key that jobs differ in")]
    search: SearchPlan | None
    folds: int | None
    together: list[Together]
    alone: list[Alone]
    jobs: list[Planned]
    told: Annotated[list[str], says("the plan as it is printed")]
