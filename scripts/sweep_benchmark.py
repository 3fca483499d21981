"""What a sweep costs: jobs side by side, one after another, and each phase of the command.

python scripts/sweep_benchmark.py                    every part but the largest sweep
python scripts/sweep_benchmark.py --only rate,curve  some of the parts
python scripts/sweep_benchmark.py --large            also 100,000 jobs that keep a record each
python scripts/sweep_benchmark.py --write            also docs/figures/sweep_cost.png
python scripts/sweep_benchmark.py --quick            small sizes, which only try the script

Everything runs on two cores. A command is a process of its own, timed from its start to its exit;
what it wrote is removed afterwards.
"""

# Only Python's own modules up here: the memory of a process that starts a command is counted as the
# command's own.
import argparse
import csv
import functools
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, NoReturn

CORES = 2
FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "sweep_cost.png"
LARGE = 100_000
GIB = 2**30
# None of them diverges: a job that ends early costs less.
RATES = tuple(f"{number}e-6" for number in range(1, 11))
SEEDBED = (sys.executable, "-m", "seedbed")
# This script as a program that is Seedbed with a clock: see `report_phases`.
CLOCKED = "clocked"


@dataclass(frozen=True)
class Sizes:
    """How much is measured; `alone` jobs stand for all of them one after another."""

    jobs: int = 1000
    epochs: int = 500
    alone: int = 5
    rounds: int = 3
    composed_by_hydra: int = 10
    curve: tuple[int, ...] = (10, 100, 1000, 10_000)
    cluster_jobs: int = 300
    cluster_epochs: int = 100
    image_jobs: int = 64
    image_epochs: int = 2
    rate_rounds: int = 5
    large: int = 0


QUICK = Sizes(20, 5, 2, 1, 2, (10, 20), 6, 2, 2, 1, 1)


# ---- The table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A figure beside what was asked of it, if anything was."""

    figure: str
    measured: str
    asked: str = ""
    ok: bool | None = None


def at_most(figure: str, value: float, limit: float, unit: str) -> Row:
    """Return a row whose value is ok up to a limit."""
    return Row(figure, shown(value, unit), f"at most {limit:g} {unit}", value <= limit)


def at_least(figure: str, value: float, limit: float, unit: str) -> Row:
    """Return a row whose value is ok from a limit on."""
    return Row(figure, shown(value, unit), f"at least {limit:g} {unit}", value >= limit)


def shown(value: float, unit: str) -> str:
    """Return a value with three digits that count, or all before the point, and its unit."""
    digits = next((d for d, limit in enumerate((100, 10, 1, 0.1)) if abs(value) >= limit), 4)
    return f"{value:,.{digits}f} {unit}"


def table_text(rows: Sequence[Row]) -> str:
    """Return the rows as aligned columns."""
    verdicts = {None: "", True: "ok", False: "missed"}
    lines = [(row.figure, row.measured, row.asked, verdicts[row.ok]) for row in rows]
    lines.insert(0, ("figure", "measured", "asked", ""))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


# ---- Commands ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """A sweep that has run: the seconds of the whole command, its peak memory, what it left.

    `jobs` are the lines of results.csv, and `fused` of them trained side by side. `files` are the
    bytes of each file in the folder of the first job, by its place there.
    """

    seconds: float
    peak_bytes: int
    output: str
    jobs: list[dict[str, str]]
    fused: int
    files: dict[str, int]


def run_sweep(folder: Path, words: Sequence[str], program: Sequence[str] = SEEDBED) -> Finished:
    """Run `seedbed train -m` with these words in a folder, and remove what it wrote.

    Exits where the command failed, as it does where a job failed: what was not done took no time.
    """
    runs, output = folder / "sweep", folder / "output"
    command = [*program, "train", "-m", *words, f"hydra.sweep.dir={runs}"]
    code, seconds, peak_bytes = run_command(command, output)
    text = output.read_text()
    if code != 0:
        last = "\n".join(text.splitlines()[-10:])
        fail(f"exit code {code} of seedbed train -m {' '.join(words)}\n{last}")
    left = _left(runs) if runs.exists() else ([], 0, {})
    shutil.rmtree(runs, ignore_errors=True)
    return Finished(seconds, peak_bytes, text, *left)


def run_command(command: Sequence[str], output: Path) -> tuple[int, float, int]:
    """Return a command's exit code, seconds, and peak memory in bytes; its text goes to a file."""
    with output.open("w") as file:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _left(runs: Path) -> tuple[list[dict[str, str]], int, dict[str, int]]:
    """Return lines of results.csv, how many jobs trained side by side, and a folder's files."""
    with (runs / "results.csv").open(newline="") as lines:
        jobs = list(csv.DictReader(lines))
    rounds = json.loads((runs / "sweep.json").read_text())["rounds"]
    groups = [group for one in rounds for group in one["groups"]]
    first = runs / jobs[0]["folder"]
    files = [path for path in first.rglob("*") if jobs[0]["folder"] and path.is_file()]
    sizes = {str(path.relative_to(first)): path.stat().st_size for path in files}
    return jobs, sum(map(len, groups)), sizes


def fail(message: str) -> NoReturn:
    """End the benchmark: what follows would compare something else than it says."""
    sys.exit(f"sweep_benchmark: {message}")


@dataclass
class Alone:
    """Jobs one after another, as commands of one job and of a few: seconds of each command."""

    few: int
    one: list[float] = field(default_factory=list)
    several: list[float] = field(default_factory=list)

    @property
    def per_job(self) -> float:
        """What each further job takes: neither the start-up nor what only a first job does."""
        return (median(self.several) - median(self.one)) / (self.few - 1)

    def command(self, jobs: int) -> float:
        """What a command of so many jobs takes, start-up included."""
        return median(self.one) + (jobs - 1) * self.per_job


@dataclass
class Bench:
    """The crop_yield sweeps that several parts need; each is run once."""

    sizes: Sizes
    folder: Path
    fused: dict[int, list[Finished]] = field(default_factory=dict)
    alone: Alone | None = None
    difference: float = 0.0

    def side_by_side(self, jobs: int) -> Finished:
        """Return a run of so many jobs, the one of median time where there are several."""
        if jobs not in self.fused:
            self._run(jobs)
        runs = sorted(self.fused[jobs], key=lambda run: run.seconds)
        return runs[(len(runs) - 1) // 2]

    def one_after_another(self) -> Alone:
        """Return the same jobs one after another, measured in turn with those side by side."""
        if self.alone is None:
            few, epochs = self.sizes.alone, self.sizes.epochs
            self.alone = Alone(few)
            for _ in range(self.sizes.rounds):
                fused = self._run(self.sizes.jobs)
                self.alone.one.append(run_sweep(self.folder, some_jobs(1, epochs)).seconds)
                several = run_sweep(self.folder, some_jobs(few, epochs))
                self.alone.several.append(several.seconds)
                self.difference = max(self.difference, largest_difference(several, fused))
        return self.alone

    def _run(self, jobs: int) -> Finished:
        run = run_sweep(self.folder, grid(jobs, self.sizes.epochs))
        require_fused(run, jobs)
        self.fused.setdefault(jobs, []).append(run)
        return run


def require_fused(run: Finished, jobs: int) -> None:
    """Exit where not all jobs of a sweep trained side by side."""
    if run.fused != jobs:
        fail(f"{run.fused} of {jobs} jobs trained side by side")


def grid(jobs: int, epochs: int) -> list[str]:
    """Return the words of a crop_yield sweep, equally many seeds for each learning rate."""
    seeds = f"seed=range(0,{jobs // len(RATES)})"
    return [f"optimizer.lr={','.join(RATES)}", seeds, f"trainer.max_epochs={epochs}"]


def some_jobs(count: int, epochs: int) -> list[str]:
    """Return the words of a few of the same jobs, one after another."""
    rates = ",".join(RATES[::2][:count])
    return [f"optimizer.lr={rates}", "seed=0", f"trainer.max_epochs={epochs}", "sweep.fuse=never"]


def largest_difference(alone: Finished, fused: Finished) -> float:
    """Return by how much, relatively, the last losses of the same jobs differ at most."""
    rate, loss = "optimizer.lr", "train/loss"
    found = {job[rate]: float(job[loss]) for job in fused.jobs if job["seed"] == "0"}
    return max(abs(found[job[rate]] / float(job[loss]) - 1) for job in alone.jobs)


# ---- The phases of a command ---------------------------------------------------------------------

# What Seedbed's functions do, by module and name. The time of a function goes to the phase of the
# innermost one that is named here. What `run_sweep` does by itself is for the sake of the files.
PHASES = {
    "seedbed.application.running:run_application": "compose",
    "seedbed.sweep.sweeper:run_sweep": "write",
    "hydra._internal.config_loader_impl:ConfigLoaderImpl.load_sweep_config": "compose",
    "seedbed.sweep.search.axes:job_overrides": "compose",
    "seedbed.sweep.planning.validation:wrong_jobs": "compose",
    "seedbed.sweep.planning.groups:make_plan": "plan",
    "seedbed.sweep.planning.groups:numbers_of_jobs": "plan",
    "seedbed.sweep.planning.groups:rehearsed": "build",
    "seedbed.sweep.planning.fusing:make_group": "build",
    "seedbed.engines.fused.engine:Engine.__init__": "train",
    "seedbed.engines.fused.engine:Engine.train": "train",
    "seedbed.sweep.execution.chunk:write_folders": "folders",
}
MEANING = {
    "import": "Python, torch, Seedbed",
    "compose": "Hydra's start, each job's config and its checks",
    "plan": "which jobs train side by side",
    "build": "networks and tables",
    "train": "all epochs of all jobs",
    "write": "a folder a job, results.csv, the closing table",
}
FOLDERS = "    of it the run folders alone"
PLAIN = "    as many files of these sizes, by the operating system alone"


class Clock:
    """Gives all time to some phase: to the one that was entered last and is not over."""

    def __init__(self, phase: str, started: float) -> None:
        """The first phase began at `started`, as time.perf_counter tells it."""
        self.seconds = {phase: 0.0}
        self._phases = [phase]
        self._told = started

    def tell(self) -> None:
        """Give the time since the last call to the phase that was on."""
        now = time.perf_counter()
        phase = self._phases[-1]
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._told
        self._told = now

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Be in a phase for as long as the context lasts."""
        self.tell()
        self._phases.append(name)
        try:
            yield
        finally:
            self.tell()
            self._phases.pop()

    def clocked(self, function: Callable[..., Any], phase: str) -> Callable[..., Any]:
        """Return the function as one that is in a phase while it runs."""

        @functools.wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            with self.phase(phase):
                return function(*arguments, **options)

        return call

    def watch(self, place: str, phase: str) -> None:
        """Clock a function, given as module:name, wherever Seedbed has imported it to."""
        module, _, path = place.partition(":")
        *classes, name = path.split(".")
        owner = functools.reduce(getattr, classes, import_module(module))
        function = getattr(owner, name)
        seedbed = [one for key, one in sys.modules.items() if key.startswith("seedbed")]
        for holder in (owner, *seedbed):
            if getattr(holder, name, None) is function:
                setattr(holder, name, self.clocked(function, phase))


def report_phases(report: Path, started: float, words: list[str]) -> None:
    """Be `seedbed` with these words; leave the seconds of each phase as JSON."""
    clock = Clock("import", started)
    for module in ("torch", "seedbed.cli.main", "seedbed.sweep.sweeper"):
        import_module(module)
    for place, phase in PHASES.items():
        clock.watch(place, phase)
    sys.argv = ["seedbed", *words]
    try:
        import_module("seedbed.cli.main").main()
    finally:
        clock.tell()
        report.write_text(json.dumps(clock.seconds))


def phases(bench: Bench) -> list[Row]:
    """Measure what each phase takes of a command with jobs side by side."""
    jobs, report = bench.sizes.jobs, bench.folder / "phases.json"
    # The clock of time.perf_counter is the same in all processes.
    program = (sys.executable, __file__, CLOCKED, str(report), repr(time.perf_counter()))
    run = run_sweep(bench.folder, grid(jobs, bench.sizes.epochs), program)
    seconds = json.loads(report.read_text())
    folders = seconds.pop("folders")
    seconds["write"] += folders
    rows = [Row(f"phases of a command of {jobs:,} jobs", shown(run.seconds, "s"))]
    for phase, meaning in MEANING.items():
        name = f"  {phase}: {meaning}"
        if phase == "write":
            rows.append(at_most(name, seconds[phase], 4, "s"))
        else:
            rows.append(Row(name, shown(seconds[phase], "s")))
    rest = run.seconds - sum(seconds.values())
    return [
        *rows,
        Row(FOLDERS, shown(folders, "s")),
        Row(PLAIN, shown(seconds_of(lambda: write_plain(bench.folder, run.files, jobs)), "s")),
        Row("  the process's end", shown(rest, "s")),
    ]


def write_plain(folder: Path, files: dict[str, int], jobs: int) -> None:
    """Write what the operating system has to write for so many run folders."""
    folders = {str(Path(name).parent) for name in files}
    for number in range(jobs):
        place = folder / "plain" / str(number)
        for name in folders:
            (place / name).mkdir(parents=True, exist_ok=True)
        for name, size in files.items():
            (place / name).write_bytes(bytes(size))
        place.rename(place.with_suffix(".written"))


# ---- Jobs side by side, and one after another ----------------------------------------------------


def side_by_side(bench: Bench) -> list[Row]:
    """Compare a command of all jobs side by side with the same jobs one after another."""
    jobs, few = bench.sizes.jobs, bench.sizes.alone
    alone = bench.one_after_another()
    fused = bench.side_by_side(jobs)
    one, several = median(alone.one), median(alone.several)
    return [
        at_most(
            f"{jobs:,} crop_yield jobs side by side: command to last file", fused.seconds, 15, "s"
        ),
        Row("  its peak memory", shown(fused.peak_bytes / GIB, "GiB")),
        Row(
            f"one after another: {few} of these jobs / 1 of them", f"{several:.2f} s / {one:.2f} s"
        ),
        Row(f"  each further job: the difference / {few - 1}", shown(alone.per_job, "s")),
        at_least(
            f"{jobs:,} further jobs / side by side with its start-up",
            jobs * alone.per_job / fused.seconds,
            50,
            "times",
        ),
        Row(
            f"  {jobs:,} / {few} times the command of {few} jobs / the same",
            shown(jobs / few * several / fused.seconds, "times"),
        ),
        Row(
            "  last losses of the same jobs differ by",
            f"{bench.difference:.1g}",
            "at most 1e-4",
            bench.difference <= 1e-4,
        ),
    ]


def large(bench: Bench) -> list[Row]:
    """Measure memory and time of a sweep too large for a folder a job."""
    jobs = bench.sizes.large
    words = [*grid(jobs, bench.sizes.epochs), "sweep.keep=record"]
    run = run_sweep(bench.folder, words)
    require_fused(run, jobs)
    each = run.seconds / jobs
    usual = bench.side_by_side(bench.sizes.jobs).seconds / bench.sizes.jobs
    return [
        Row(f"{jobs:,} jobs with sweep.keep=record", shown(run.seconds, "s")),
        at_most("  its peak memory", run.peak_bytes / GIB, 2, "GiB"),
        Row("  time per job", shown(1000 * each, "ms")),
        Row(f"  time per job / that of {bench.sizes.jobs:,} jobs", shown(each / usual, "times")),
    ]


def curve(bench: Bench) -> list[Row]:
    """Measure the time per job by the number of jobs."""
    rows = [
        Row(f"time per job, {jobs:,} side by side", shown(1000 * seconds / jobs, "ms"))
        for jobs, seconds in curve_points(bench)
    ]
    alone = 1000 * bench.one_after_another().per_job
    return [*rows, Row("time per job, one after another, no start-up", shown(alone, "ms"))]


def curve_points(bench: Bench) -> list[tuple[int, float]]:
    """Return numbers of jobs and the seconds of their commands."""
    return [(jobs, bench.side_by_side(jobs).seconds) for jobs in bench.sizes.curve]


def draw_curve(points: Sequence[tuple[int, float]], alone: float, title: str, file: Path) -> None:
    """Draw the time per job over the number of jobs.

    `points` are numbers of jobs with the seconds of their commands, `alone` the seconds of one job
    of those one after another.
    """
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    from seedbed.figures import style

    figure = style.new_figure(6.4, 4.2)
    axes = style.new_axes(figure, "jobs in the sweep", "time per job (ms)", title=title)
    jobs = [count for count, _ in points]
    each = [1000 * seconds / count for count, seconds in points]
    across = axes.axhline(1000 * alone, color=style.MIDDLE, linewidth=2, linestyle="--")
    (line,) = axes.loglog(jobs, each, color=style.DARK, linewidth=2, marker="o", markersize=6)
    for place in zip(jobs, each, strict=True):
        _label(axes, place, (6, 6), "left")
    _label(axes, (max(jobs), 1000 * alone), (0, 5), "center")
    axes.set_xlim(min(jobs) / 1.6, max(jobs) * 2.6)
    axes.set_ylim(min(each) / 2, max(1000 * alone, *each) * 2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator())
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    names = ("side by side, the whole command", "one after another, without start-up")
    style.legend_below(axes, list(zip((line, across), names, strict=True)), 2)
    file.write_bytes(style.png(figure))


def _label(axes: Any, place: tuple[float, float], distance: tuple[int, int], side: str) -> None:
    """Write the milliseconds that a place stands for, so many points away from it."""
    from seedbed.figures import style

    axes.annotate(
        shown(place[1], "ms"),
        place,
        xytext=distance,
        textcoords="offset points",
        ha=side,
        fontsize=style.SMALL_SIZE,
        color=style.INK,
    )


# ---- Other models --------------------------------------------------------------------------------


def clusters(bench: Bench) -> list[Row]:
    """Compare for networks with a hidden layer of 16 that tell two clouds of points apart."""
    jobs, epochs = bench.sizes.cluster_jobs, bench.sizes.cluster_epochs
    words = ["data=clusters", "data.val_size=0.2", "model=mlp", "model.hidden=[16]"]
    words += ["optimizer=adam", f"trainer.max_epochs={epochs}"]
    title = f"{jobs} MLPs 2-16-1 on clusters, {epochs} epochs"
    return compared(bench, title, words, ("1e-3", "3e-3", "1e-2"), jobs, bench.sizes.alone)


def images(bench: Bench) -> list[Row]:
    """Compare for linear models of FashionMNIST, where a step of one job is large already."""
    jobs, epochs = bench.sizes.image_jobs, bench.sizes.image_epochs
    title = f"{jobs} linear models on FashionMNIST, {epochs} epochs"
    if not (Path(os.environ.get("SEEDBED_DATA", "data")) / "fashion_mnist").is_dir():
        return [Row(title, "not measured: data/fashion_mnist is not there")]
    words = ["data=fashion_mnist", "model=linear", "optimizer=adam", f"trainer.max_epochs={epochs}"]
    return compared(bench, title, words, ("1e-3", "3e-3"), jobs, min(3, bench.sizes.alone))


def compared(
    bench: Bench, title: str, words: list[str], rates: Sequence[str], jobs: int, few: int
) -> list[Row]:
    """Compare jobs side by side with a few of them one after another, and tell what auto does."""
    all_jobs = [*words, f"optimizer.lr={','.join(rates)}", f"seed=range(0,{jobs // len(rates)})"]
    count = len(rates) * (jobs // len(rates))
    alone, together = Alone(few), []
    for _ in range(bench.sizes.rounds):
        together.append(run_sweep(bench.folder, [*all_jobs, "sweep.fuse=always"]))
        require_fused(together[-1], count)
        for seeds, seconds in ((1, alone.one), (few, alone.several)):
            some = [*words, f"optimizer.lr={rates[0]}", f"seed=range(0,{seeds})"]
            seconds.append(run_sweep(bench.folder, [*some, "sweep.fuse=never"]).seconds)
    fused, never = median(run.seconds for run in together), alone.command(count)
    peak_bytes = max(run.peak_bytes for run in together)
    return [
        Row(f"{title}: side by side", shown(fused, "s")),
        Row("  its peak memory", shown(peak_bytes / GIB, "GiB")),
        Row(f"  one after another, from commands of 1 and {few}", shown(never, "s")),
        Row("  one after another / side by side", shown(never / fused, "times")),
        decision(bench, all_jobs, fused / never),
    ]


def decision(bench: Bench, words: list[str], slower: float) -> Row:
    """Return what auto does; `slower` is the time side by side over that one after another.

    Where auto lets one job follow another it takes as long as never does: it may miss a gain.
    """
    output = run_sweep(bench.folder, [*words, "sweep.fuse=auto", "sweep.plan=true"]).output
    plan = "; ".join(line.strip().partition(" (numbers")[0] for line in output.splitlines()[1:])
    if "side by side" not in plan:
        return Row("  auto / one after another", f"the same: {plan}", "at most 1.05", True)
    return Row(
        f"  auto ({plan}) / one after another", f"{slower:.3f}", "at most 1.05", slower <= 1.05
    )


# ---- Inside a sweep, in this process -------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """The steps of a sweep by Seedbed's own functions, which nothing below uses but through this.

    `loader` and `master` are what Hydra gives a sweeper.
    """

    words: list[str]
    loader: Any
    master: Any

    @classmethod
    def of(cls, words: list[str]) -> "Inside":
        """Return the steps of `seedbed train -m` with these words."""
        from hydra._internal.config_loader_impl import ConfigLoaderImpl
        from hydra._internal.utils import create_config_search_path
        from hydra.core.utils import JobRuntime, setup_globals
        from hydra.types import RunMode

        from seedbed.config.groups import config_folder
        from seedbed.config.resolvers import register_resolvers
        from seedbed.config.schema import register_schema
        from seedbed.engines.lightning.quiet import quiet_lightning
        from seedbed.experiment.inferred_facts import register_inferred
        from seedbed.process import garbage_collection

        quiet_lightning()
        garbage_collection.resume()
        register_resolvers()
        register_inferred()
        register_schema()
        setup_globals()
        JobRuntime.instance().set("name", "train")
        loader = ConfigLoaderImpl(create_config_search_path(str(config_folder())))
        # What the command line fixes is in the master already; what it sweeps is not.
        fixed = [word for word in words if "," not in word and "range(" not in word]
        master = loader.load_configuration(
            "train", [*fixed, "hydra.mode=MULTIRUN"], RunMode.MULTIRUN
        )
        return cls(words, loader, master)

    def jobs(self) -> tuple[Any, list[Any]]:
        """Return what composes the jobs, new, and the jobs."""
        from seedbed.sweep.configs.composer import Composer
        from seedbed.sweep.configs.sources import HydraSource
        from seedbed.sweep.job import numbered
        from seedbed.sweep.search.axes import job_overrides

        composer = Composer(HydraSource(self.loader, self.master))
        return composer, numbered(job_overrides(self.words))

    def compose_all(self) -> None:
        """Derive the config of each job, and the texts of its `.hydra`."""
        composer, jobs = self.jobs()
        for job in jobs:
            with composer.applied(job):
                pass
            composer.texts(job)

    def compose_by_hydra(self, count: int) -> None:
        """Let Hydra compose the configs of the first jobs."""
        _, jobs = self.jobs()
        for job in jobs[:count]:
            self.loader.load_sweep_config(self.master, list(job.overrides))

    def group(self) -> Any:
        """Return the jobs as a group that has not trained yet."""
        from seedbed.config.spec import run_spec
        from seedbed.sweep.planning.fusing import make_group
        from seedbed.sweep.planning.groups import make_plan

        composer, jobs = self.jobs()
        (planned,) = make_plan(composer, jobs, "always")
        return make_group(run_spec(composer.config(jobs[0])), planned.numbers)

    @staticmethod
    def train(group: Any) -> list[float]:
        """Train a group; return the last loss of each job."""
        from seedbed.engines.fused.engine import Engine

        return [outcome.metrics["train/loss"] for outcome in Engine(group).train()]

    def start(self) -> "Start":
        """Return what the jobs begin with, for loops that know nothing of Seedbed."""
        import torch

        group = self.group()
        table = group.batches.table("train")
        return Start(
            inputs=table.inputs[0],
            targets=table.targets[0],
            weights=torch.stack([net.weight.detach().T for net in group.nets]).contiguous(),
            biases=torch.stack([net.bias.detach() for net in group.nets]).unsqueeze(1),
            rates=torch.tensor(group.numbers["lr"]).view(-1, 1, 1),
            batch_size=group.batches.options.batch_size,
        )


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def configs(bench: Bench) -> list[Row]:
    """Measure how long it takes to derive all configs, and Hydra alone."""
    jobs, count = bench.sizes.jobs, bench.sizes.composed_by_hydra
    inside = Inside.of(grid(jobs, bench.sizes.epochs))
    hydra = jobs / count * seconds_of(lambda: inside.compose_by_hydra(count))
    ours = seconds_of(inside.compose_all)
    return [
        at_most(f"{jobs:,} configs and the texts of their .hydra", ours, 2, "s"),
        Row(f"  Hydra alone, the configs; from {count} of them", shown(hydra, "s")),
        Row("  Hydra alone / ours", shown(hydra / ours, "times")),
    ]


# ---- The engine beside loops written by hand -----------------------------------------------------


@dataclass(frozen=True)
class Start:
    """Rows (rows, inputs) and (rows, targets) that all jobs share, and what each begins with.

    `weights` are (jobs, inputs, targets), `biases` (jobs, 1, targets), `rates` (jobs, 1, 1).
    """

    inputs: Any
    targets: Any
    weights: Any
    biases: Any
    rates: Any
    batch_size: int


@dataclass(frozen=True)
class HandLoop:
    """SGD on many linear models at once, as one writes it who wants nothing else.

    It orders the rows anew for each job and epoch, takes the batches by index, and hands over each
    job's loss of each epoch; with `metrics`, root mean squared error, mean absolute error and R2 as
    well. With `formula` the gradient is written down instead of taken by autograd.

    It leaves out what else the engine does: orders of the rows that a job alone would draw as well,
    the weights of each job's best epoch, curves, an end for jobs that diverge, stopping rules,
    schedules, and any other model, loss or optimizer.
    """

    start: Start
    epochs: int
    metrics: bool = False
    formula: bool = False

    def train(self) -> list[float]:
        """Train; return the last loss of each job."""
        import torch

        weights = self.start.weights.clone().requires_grad_(not self.formula)
        biases = self.start.biases.clone().requires_grad_(not self.formula)
        jobs, rows = len(weights), len(self.start.inputs)
        curve = []
        for _ in range(self.epochs):
            total, seen = torch.zeros(jobs, dtype=torch.float64), []
            for places in torch.rand(jobs, rows).argsort(dim=1).split(self.start.batch_size, dim=1):
                inputs = self._taken(self.start.inputs, places)
                targets = self._taken(self.start.targets, places)
                step = self._formula_step if self.formula else self._autograd_step
                loss, error = step(weights, biases, inputs, targets)
                total += loss.double() * places.shape[1]
                seen.append(error)
            curve.append((total / rows).numpy())
            if self.metrics:
                self._measure(torch.cat(seen, dim=1))
        return list(curve[-1])

    @staticmethod
    def _taken(values: Any, places: Any) -> Any:
        """Return each job's rows; twice as fast as values[places]."""
        return values.index_select(0, places.reshape(-1)).view(*places.shape, -1)

    def _autograd_step(self, weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        import torch

        error = torch.baddbmm(biases, inputs, weights) - targets
        loss = error.square().mean(dim=(1, 2))
        gradients = torch.autograd.grad(loss.sum(), (weights, biases))
        with torch.no_grad():
            for parameter, gradient in zip((weights, biases), gradients, strict=True):
                parameter -= self.start.rates * gradient
        return loss.detach(), error.detach()

    def _formula_step(self, weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        import torch

        error = torch.baddbmm(biases, inputs, weights) - targets
        slope = self.start.rates * error * (2 / error[0].numel())
        weights -= torch.bmm(inputs.mT, slope)
        biases -= slope.sum(dim=1, keepdim=True)
        return error.square().mean(dim=(1, 2)), error

    def _measure(self, error: Any) -> tuple[Any, ...]:
        """Return the metrics of an epoch from its errors (jobs, rows, targets)."""
        error = error.double()
        squares = error.square()
        spread = (self.start.targets - self.start.targets.mean(dim=0)).square().sum(dim=0)
        r2 = (1 - squares.sum(dim=1) / spread).mean(dim=1)
        found = squares.mean(dim=(1, 2)).sqrt(), error.abs().mean(dim=(1, 2)), r2
        return tuple(values.numpy() for values in found)


def rate(bench: Bench) -> list[Row]:
    """Compare the engine with loops written by hand, each measured in turn with it.

    Like is compared with like: the engine as it is with a loop that takes all metrics, the engine
    without metrics with loops that take the loss alone. To the engine its time to record its
    programs is counted, which it spends in the first epoch.
    """
    sizes = bench.sizes
    words, short = grid(sizes.jobs, sizes.epochs), grid(sizes.jobs, 1)
    bare = Inside.of([*words, "task.metrics=[]"])
    start = bare.start()
    engines = {
        "engine with metrics": Inside.of(words),
        "engine": bare,
        "first epoch with metrics": Inside.of(short),
        "first epoch": Inside.of([*short, "task.metrics=[]"]),
    }
    loops = {
        "loop with metrics": HandLoop(start, sizes.epochs, metrics=True),
        "loop": HandLoop(start, sizes.epochs),
        "formula": HandLoop(start, sizes.epochs, formula=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in (*engines, *loops)}
    # A command has nothing of the other parts in memory: the collector shall not walk through it.
    gc.collect()
    gc.freeze()
    for _ in range(sizes.rate_rounds):
        for name, inside in engines.items():
            train = functools.partial(inside.train, inside.group())
            seconds[name].append(seconds_of(train))
        for name, loop in loops.items():
            seconds[name].append(fastest(loop.train))
    batches = len(start.inputs.split(start.batch_size))
    return rate_rows(sizes.jobs * sizes.epochs * batches, seconds)


def fastest(work: Callable[[], object]) -> float:
    """Return the seconds that work takes with as many threads as suit it best."""
    import torch

    before, seconds = torch.get_num_threads(), []
    for threads in {1, before}:
        torch.set_num_threads(threads)
        seconds.append(seconds_of(work))
    torch.set_num_threads(before)
    return min(seconds)


def rate_rows(steps: int, seconds: dict[str, list[float]]) -> list[Row]:
    """Return the engine's rate, and what it is of the loops' rates."""
    rate = steps / median(seconds["engine with metrics"])
    bare, bare_first = seconds["engine"], seconds["first epoch"]
    return [
        Row("engine: steps a second, all jobs together", f"{rate:,.0f}"),
        of_loop(
            "  as it is / loop by autograd that takes the metrics too",
            seconds["engine with metrics"],
            seconds["first epoch with metrics"],
            seconds["loop with metrics"],
            at_least=0.7,
        ),
        of_loop(
            "  without metrics / loop by autograd", bare, bare_first, seconds["loop"], at_least=0.7
        ),
        of_loop("  without metrics / loop by formula", bare, bare_first, seconds["formula"]),
    ]


def of_loop(
    figure: str,
    engine: list[float],
    first: list[float],
    loop: list[float],
    at_least: float | None = None,
) -> Row:
    """Return the engine's rate over a loop's, the median over rounds, with its first epoch and
    without."""
    ratio = median(b / a for a, b in zip(engine, loop, strict=True))
    later = median(c / (a - b) for a, b, c in zip(engine, first, loop, strict=True))
    measured = f"{ratio:.2f} ({later:.2f} after epoch 1)"
    if at_least is None:
        return Row(figure, measured)
    return Row(figure, measured, f"at least {at_least}", ratio >= at_least)


# ---- The command line ----------------------------------------------------------------------------

# What measures inside this process comes last, so that no command is started from a large one.
PARTS = {
    "sweep": side_by_side,
    "phases": phases,
    "curve": curve,
    "clusters": clusters,
    "images": images,
    "large": large,
    "configs": configs,
    "rate": rate,
}


def main() -> None:
    """Measure the parts and print one table."""
    if sys.argv[1:2] == [CLOCKED]:
        report, started, *words = sys.argv[2:]
        report_phases(Path(report), float(started), words)
        return
    options = parse()
    use_two_cores()
    with tempfile.TemporaryDirectory(prefix="sweep_benchmark-") as folder:
        bench = Bench(options.sizes, Path(folder))
        rows = []
        for name in options.parts:
            print(f"measuring {name}", file=sys.stderr, flush=True)
            rows += PARTS[name](bench)
        if options.write is not None:
            title = f"crop_yield, {bench.sizes.epochs} epochs, {CORES} cores"
            alone = bench.one_after_another().per_job
            draw_curve(curve_points(bench), alone, title, options.write)
    if options.quick:
        print("quick: these sizes only try the script, and its verdicts mean nothing")
    print(table_text(rows))


def parse() -> argparse.Namespace:
    """Return `sizes`, the names of `parts`, and the file to `write` or None."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    usual = [name for name in PARTS if name != "large"]
    parser.add_argument("--only", metavar="PART,...", help=f"some of: {', '.join(usual)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the script")
    parser.add_argument("--large", nargs="?", type=int, const=LARGE, default=0, metavar="JOBS")
    parser.add_argument("--curve", metavar="JOBS,...", help="other numbers of jobs for the curve")
    parser.add_argument("--write", nargs="?", type=Path, const=FIGURE, metavar="FILE")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else usual
    if unknown := set(chosen) - set(usual):
        parser.error(f"no part '{unknown.pop()}'; parts: {', '.join(usual)}")
    options.parts = [
        name for name in PARTS if name in chosen or (name == "large" and options.large)
    ]
    options.sizes = replace(QUICK if options.quick else Sizes(), large=options.large)
    if options.curve:
        counts = tuple(int(count) for count in options.curve.split(","))
        options.sizes = replace(options.sizes, curve=counts)
    return options


def use_two_cores() -> None:
    """Leave this process, and those that it starts, two cores and no GPU."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


if __name__ == "__main__":
    main()
