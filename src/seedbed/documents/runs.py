"""Documents of runs: what a run was and what became of it, and lists of runs and sweeps."""

from typing import Annotated, Any, Literal

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

Status = Annotated[
    Literal[
        "running", "completed", "stopped_early", "diverged", "interrupted", "failed", "damaged"
    ],
    says("what became of it; damaged: its record cannot be read"),
]
Mode = Literal["min", "max"]


class Labels(Part):
    """How a run is called."""

    name: Annotated[str | None, says("name=")]
    tags: Annotated[list[str], says("tags=")]
    notes: Annotated[str | None, says("notes=")]


class JobCounts(Part):
    """How many jobs of a sweep have ended how."""

    planned: int
    ended: Annotated[dict[str, int], says("how many have ended with which status")]
    missing: Annotated[int, says("how many have not ended")]


class Listed(Part):
    """A run, a sweep or a job of a sweep as a list has it."""

    folder: Path
    kind: Literal["run", "sweep", "job"]
    status: Status
    killed: Annotated[bool, says("it is interrupted since its process has gone without a word")]
    began: Time
    finished: Time | None
    seconds: Annotated[Number, says("time that it took")]
    error: Annotated[str | None, says("why it failed, diverged, was interrupted or is damaged")]
    labels: Labels
    options: Annotated[dict[str, str], says("chosen option by group; of an axis all, with commas")]
    values: Annotated[
        dict[str, Value], says("keys that were set; of a sweep the values of an axis, with commas")
    ]
    metric: Annotated[str | None, says("metric that picks the best epoch, or job")]
    mode: Annotated[Mode | None, says("which direction of it is better; null: not recorded")]
    best: Annotated[Number, says("that metric in the best epoch; of a sweep, of its best job")]
    best_epoch: int | None
    epoch: Annotated[int | None, says("the last epoch; of one that runs, the last whole one")]
    epochs: Annotated[int | None, says("the last epoch that one that runs will have")]
    metrics: Annotated[Metrics, says("metrics of the best epoch, else of the last")]
    axes: Annotated[
        dict[str, int], says("of a sweep, how many values each key has that its jobs differ in")
    ]
    jobs: Annotated[JobCounts | None, says("of a sweep, its jobs; else null")]


class Runs(Document, tag="seedbed-runs/1"):
    """Runs and sweeps, the newest first: `seedbed list runs --json`."""

    folders: Annotated[list[Path], says("where they were looked for")]
    total: Annotated[int, says("how many there are")]
    matching: Annotated[int, says("how many pass the filters")]
    runs: Annotated[list[Listed], says("the first `limit`; none where `output` has them")]
    output: Annotated[Path | None, says("CSV file that was written, with all of these")]


class Sweeps(Document, tag="seedbed-sweeps/1"):
    """Sweeps, the newest first: `seedbed list sweeps --json`."""

    folders: Annotated[list[Path], says("where they were looked for")]
    total: Annotated[int, says("how many there are")]
    matching: Annotated[int, says("how many pass the filters")]
    sweeps: Annotated[list[Listed], says("the first `limit`; none where `output` has them")]
    output: Annotated[Path | None, says("CSV file that was written, with all of these")]


class Epoch(Part):
    """An epoch whose weights are kept."""

    epoch: Annotated[int | None, says("its number, from 1; 0: nothing was trained")]
    metrics: Metrics
    weights: Annotated[Path | None, says("checkpoint file, where it is there")]


class Data(Part):
    """The data of a run."""

    choice: Annotated[str | None, says("option of the group data")]
    fingerprint: Annotated[str | None, says("SHA-256 of the rows")]
    rows: Annotated[dict[str, int], says("rows by split")]


class Run(Part):
    """A run: what it was and what became of it."""

    folder: Path
    status: Status
    killed: Annotated[bool, says("it is interrupted since its process has gone without a word")]
    error: Annotated[str | None, says("why it failed, diverged or was interrupted")]
    stopped: Annotated[str | None, says("why training ended before its last epoch")]
    labels: Labels
    command: Annotated[Command | None, says("the command that began it")]
    started: Time | None
    finished: Time | None
    seconds: Annotated[Number, says("time that it took")]
    metric: Annotated[str | None, says("metric that picks the best epoch")]
    mode: Annotated[Mode | None, says("which direction of it is better; null: not known")]
    best: Annotated[Epoch | None, says("best epoch, null where none is kept")]
    last: Annotated[Epoch | None, says("last epoch")]
    options: Annotated[dict[str, str], says("chosen option by group")]
    values: Annotated[dict[str, Value], says("keys that were set")]
    seed: int | None
    data: Data
    parameters: Annotated[
        dict[str, Any] | None,
        says("numbers of a small model: trained, in original units, and references"),
    ]
    trained_parameters: Annotated[int | None, says("how many numbers it trains")]
    figures: Annotated[list[Path], says("PNG files")]
    page: Annotated[Path | None, says("report.html in its folder")]
    versions: dict[str, str]
    git: Annotated[dict[str, Any] | None, says("commit and whether the working tree was dirty")]
    go_on: Annotated[Command | None, says("the command that goes on with it")]


class RunOutcome(Document, tag="seedbed-run/1"):
    """A run that has ended: `seedbed train --json`."""

    exit_code: Annotated[int, says("exit code of the command")]
    run: Run
