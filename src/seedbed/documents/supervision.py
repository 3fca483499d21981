"""Documents of sweeps that are watched and stopped: how far they are, and who works on them."""

from typing import Annotated, Literal

from seedbed.documents.document import Command, Document, Number, Part, Path, Time, Value, says
from seedbed.documents.runs import JobCounts, Labels, Mode

Age = Annotated[Number, says("seconds since its last sign; null: not known")]


class Controller(Part):
    """The process that hands out the jobs of a sweep and keeps its table."""

    state: Annotated[
        Literal["alive", "gone", "ended", "unknown"],
        says("gone: without a word; ended: it has said so; unknown: it has left no sign"),
    ]
    host: str | None
    pid: int | None
    version: Annotated[str | None, says("its version of Seedbed")]
    began: Time | None
    detached: Annotated[bool, says("it goes on in the background")]
    age: Age
    ended: Annotated[Time | None, says("when it said that it ends")]
    exit_code: Annotated[int | None, says("with which it has ended")]


class Unit(Part):
    """Jobs that run together: a group side by side, or a job alone."""

    first: Annotated[int, says("number of its first job")]
    jobs: Annotated[int, says("how many jobs it is")]
    tries: Annotated[int, says("how often it was handed out before")]
    worker: Annotated[str | None, says("who runs it; null: the controller itself")]
    host: str | None
    began: Annotated[Time | None, says("when this try began")]
    epoch: Annotated[str, says("how far it is, in words; empty: not known")]
    share: Annotated[Number, says("of its epochs that is done, 0 to 1; null: not known")]
    already: Annotated[
        Number, says("share that was done when this try began; null: nothing, or not known")
    ]
    best: Annotated[Number, says("best that the metric of the sweep has been in any of its jobs")]


class Units(Part):
    """How many units are where."""

    waiting: int
    running: int
    done: Annotated[int, says("all of their jobs have ended")]
    failed: Annotated[int, says("of those, units of which every job has failed")]
    lost: Annotated[int, says("whoever ran them gives no sign any more")]


class Worker(Part):
    """A process that runs units for the controller."""

    name: str
    host: str
    pid: int
    started: Annotated[str, says("by what it was started: local 3, slurm 1234_5, ray NODE")]
    device: str
    threads: Annotated[int | None, says("threads that it computes with")]
    state: Annotated[
        Literal["starting", "working", "idle", "ended", "stopped", "lost"],
        says("ended: nothing was left to do; stopped: see `why`; lost: it gives no sign"),
    ]
    why: Annotated[str, says("why it has stopped or is lost")]
    done: Annotated[int, says("units that it has ended")]
    failed: Annotated[int, says("of those, units of which every job has failed")]
    age: Age


class BestSoFar(Part):
    """The best configuration of the jobs that have ended: by the rule of `seedbed report`."""

    metric: Annotated[str, says("what is compared")]
    mode: Mode
    value: Annotated[Number, says("mean over its jobs, by the epoch that counts")]
    deviation: Annotated[Number, says("standard deviation over n - 1, of folds over their means")]
    jobs: Annotated[int, says("how many jobs the mean is of")]
    axes: Annotated[dict[str, Value], says("what it has for each key, seed and fold left out")]
    job: Annotated[int, says("number of its median job")]


class Standing(Part):
    """How far a sweep is, and who works on it."""

    folder: Path
    status: Annotated[
        Literal["running", "completed", "interrupted"],
        says("completed: all jobs have ended, however they did; interrupted: nobody works on it"),
    ]
    cancelled: Annotated[bool, says("somebody has asked it to stop, and it has not gone on since")]
    killed: Annotated[bool, says("it is interrupted since its process has gone without a word")]
    labels: Labels
    started: Time | None
    controller: Controller
    jobs: JobCounts
    units: Units
    generation: Annotated[int | None, says("of a search, the newest one, from 1")]
    generations: Annotated[int | None, says("how many there will be, as far as is known")]
    running: Annotated[list[Unit], says("units that run")]
    lost: Annotated[list[Unit], says("units whose worker, or controller, gives no sign any more")]
    saved: Annotated[list[Unit], says("units that were stopped, and go on from where they are")]
    workers: list[Worker]
    best: BestSoFar | None
    rate: Annotated[Number, says("jobs a second since its controller began; null: none is known")]
    seconds_left: Annotated[Number, says("at that rate; null: not known")]
    next: Annotated[
        dict[str, Command], says("what to type: go_on, cancel, report, whichever makes sense")
    ]


class Status(Document, tag="seedbed-status/1"):
    """Sweeps and how far they are: `seedbed status --json`."""

    exit_code: Annotated[
        int, says("exit code of the command: 1 where nobody works on one that is not well ended")
    ]
    sweeps: list[Standing]


class Cancellation(Document, tag="seedbed-cancellation/1"):
    """A sweep that was asked to stop: `seedbed cancel --json`."""

    exit_code: Annotated[int, says("exit code of the command: 1 where somebody works on it still")]
    sweep: Standing
    asked: Annotated[
        bool, says("whether it was asked to stop: somebody worked on it, or may begin to")
    ]
    stopped: Annotated[bool, says("whether nobody works on it any more")]
    seconds: Annotated[Number, says("how long that took, or was waited for")]
