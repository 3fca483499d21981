"""A sweep from the words of the command line to its table of results."""

import hashlib
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from seedbed import build, summary
from seedbed.checks import check, check_value, optimized_metric
from seedbed.errors import ConfigError, SeedbedError
from seedbed.runs.folder import RECORD, RunFolder, remove_with_empty_parents
from seedbed.runs.record import read_record
from seedbed.sweep.axes import KeysOf, job_overrides
from seedbed.sweep.chunk import FusedJob, train_chunk
from seedbed.sweep.composer import Composer
from seedbed.sweep.folders import remove_leftovers
from seedbed.sweep.fusing import JobNumbers, make_group
from seedbed.sweep.jobs import Job, numbered
from seedbed.sweep.plan import PlannedGroup, is_plain, make_plan
from seedbed.sweep.program import CannotFuse
from seedbed.sweep.repeats import repeated
from seedbed.sweep.results import PLAN, RESULTS, Results, Row, closing_table, write_plan
from seedbed.sweep.sources import HydraSource
from seedbed.train import provenance_of_command, provenance_of_job, quiet_lightning

FAILED = 1
# Wrong jobs that are shown; the others are counted.
MOST_SHOWN = 5
# No check compares these with another key.
INDEPENDENT = {
    "seed",
    "data.seed",
    "data.split_seed",
    "data.data_seed",
    "data.noise",
    "optimizer.lr",
    "optimizer.weight_decay",
    "optimizer.eps",
    "trainer.gradient_clip_val",
}


def run_sweep(
    arguments: list[str],
    *,
    params: Mapping[str, Any],
    loader: ConfigLoader,
    master: DictConfig,
    launcher: Launcher,
    task_function: Any,
) -> None:
    """Run all jobs of the words.

    Raises ConfigError, or what Hydra raises, before anything is written where a job is wrong.
    """
    quiet_lightning()
    composer = Composer(HydraSource(loader, master))
    options = _options(composer, arguments)
    jobs = _jobs(composer, arguments, params, loader, options)
    _check(composer, jobs)
    groups = make_plan(composer, jobs, options.fuse)
    axes = _axes(jobs)
    _rehearse(composer, groups)
    if options.plan:
        print(plan_text(axes, jobs, groups))
        return
    Sweep(composer, master, axes, launcher, options.points, task_function).run(jobs, groups)


def _options(composer: Composer, arguments: list[str]) -> Any:
    """Return the keys of `sweep`, which must be the same for all jobs."""
    overrides = OverridesParser.create().parse_overrides(arguments)
    for override in overrides:
        if override.is_sweep_override() and override.get_key_element().startswith("sweep."):
            raise ConfigError(f"{override.input_line}: the keys of sweep cannot be swept")
    fixed = [str(one.input_line) for one in overrides if not one.is_sweep_override()]
    with composer.applied(Job(0, tuple(fixed))) as config:
        return OmegaConf.to_object(config.sweep)


def _jobs(
    composer: Composer,
    arguments: list[str],
    params: Mapping[str, Any],
    loader: ConfigLoader,
    options: Any,
) -> list[Job]:
    known = None
    if options.table is not None:
        with composer.applied(Job(0, ())) as config:
            groups = [name for name in config.hydra.runtime.choices if "/" not in name]
            known = KeysOf(config, groups)
    overrides = job_overrides(
        arguments,
        loader,
        params=params,
        zip_axes=options.zip,
        table=options.table,
        known=known,
    )
    if options.repeats > 1:
        overrides = repeated(composer, overrides, options.repeats)
    return numbered(overrides)


def _check(composer: Composer, jobs: Sequence[Job]) -> None:
    """Raise ConfigError that shows the first jobs that are wrong."""
    wrong: list[str] = []
    count = 0
    seen: dict[tuple[str, ...], bool] = {}
    for job in jobs:
        with composer.applied(job) as config:
            try:
                _check_job(config, job, seen)
            except ConfigError as error:
                count += 1
                if len(wrong) < MOST_SHOWN and str(error) not in wrong:
                    wrong.append(str(error))
    if wrong:
        of = f" ({count} of {len(jobs)} jobs are wrong; nothing was run)" if len(jobs) > 1 else ""
        raise ConfigError("\n".join(wrong) + of)


def _check_job(config: DictConfig, job: Job, seen: dict[tuple[str, ...], bool]) -> None:
    """Check a config; of numbers that no other key depends on, each value once.

    `seen` are words that were checked already, and whether no key of such a job follows another.
    """
    lone = [word for word in job.overrides if word.partition("=")[0] in INDEPENDENT]
    rest = tuple(word for word in job.overrides if word not in lone)
    if not seen.get(rest, False):
        check(config, cut_short=bool(config.hydra.runtime.choices.get("debug")))
        seen[rest] = is_plain(config)
        return
    for word in lone:
        if (word,) not in seen:
            check_value(config, word.partition("=")[0])
            seen[word,] = True


def _rehearse(composer: Composer, groups: Sequence[PlannedGroup]) -> None:
    """Build every network and table that differs once: some mistakes show only then.

    Raises ConfigError before anything is written.
    """
    for group in groups:
        if group.reason:
            continue
        kinds: dict[str, JobNumbers] = {}
        for numbers in group.numbers:
            data = {name: value for name, value in numbers.data.items() if name != "seed"}
            kinds.setdefault(repr((numbers.initial_weights, data)), numbers)
        make_group(composer.config(group.jobs[0]), list(kinds.values()), RunFolder("."))


def _axes(jobs: Sequence[Job]) -> dict[str, list[str]]:
    """Return the values of each key that differs among the jobs, as they were written."""
    values: dict[str, list[str]] = {}
    for job in jobs:
        for word in job.overrides:
            key, _, value = word.partition("=")
            if value not in (found := values.setdefault(key.lstrip("+"), [])):
                found.append(value)
    return {key: found for key, found in values.items() if len(found) > 1}


def plan_text(
    axes: Mapping[str, Sequence[str]], jobs: Sequence[Job], groups: Sequence[PlannedGroup]
) -> str:
    """Return what `sweep.plan=true` prints."""
    crossed = " x ".join(f"{key} ({len(values)})" for key, values in axes.items())
    lines = [f"sweep  {_jobs_text(len(jobs))}" + (f": {crossed}" if crossed else "")]
    fused = [group for group in groups if not group.reason]
    lines += [f"  {_jobs_text(len(group.jobs))} side by side{_first(group)}" for group in fused]
    reasons: dict[str, int] = {}
    for group in groups:
        if group.reason:
            reasons[group.reason] = reasons.get(group.reason, 0) + len(group.jobs)
    lines += [f"  {_jobs_text(n)} one after another: {reason}" for reason, n in reasons.items()]
    return "\n".join(lines)


def _jobs_text(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"


def _first(group: PlannedGroup) -> str:
    first, last = group.jobs[0].number, group.jobs[-1].number
    return f" (numbers {first} to {last})" if last - first + 1 == len(group.jobs) else ""


class Sweep:
    """Runs planned jobs in the folder of a sweep."""

    def __init__(
        self,
        composer: Composer,
        master: DictConfig,
        axes: dict[str, list[str]],
        launcher: Launcher,
        points: int,
        task_function: Any,
    ) -> None:
        self.composer = composer
        self.master = master
        self.axes = axes
        self.launcher = launcher
        self.points = points
        # What runs the jobs that train alone also knows the command and keeps all exit codes.
        self.application: Any = task_function.__self__
        self.flags = _flags(self.application.command, master)
        self.folder = Path(str(master.hydra.sweep.dir))
        self.started = time.monotonic()

    def run(self, jobs: Sequence[Job], groups: Sequence[PlannedGroup]) -> None:
        """Train everything, write results.csv and print the closing table."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.application.started = True
        print(plan_text(self.axes, jobs, groups), flush=True)
        remove_leftovers(self.folder)
        OmegaConf.save(self.master, self.folder / "multirun.yaml")
        self._write_plan(jobs, groups)
        self.results = Results(self.folder / RESULTS, list(self.axes))
        alone: list[Job] = []
        for group in groups:
            alone += group.jobs if group.reason else self._side_by_side(group)
        self._one_after_another(sorted(alone))
        self.results.finish()
        self._close(jobs)

    def _write_plan(self, jobs: Sequence[Job], groups: Sequence[PlannedGroup]) -> None:
        plan = [{"number": job.number, "overrides": list(job.overrides)} for job in jobs]
        fused = [[job.number for job in group.jobs] for group in groups if not group.reason]
        digest = hashlib.sha256(self.composer.texts(jobs[0])["config.yaml"].encode()).hexdigest()
        write_plan(self.folder / PLAN, self.axes, plan, fused, digest)

    # Side by side

    def _side_by_side(self, group: PlannedGroup) -> list[Job]:
        """Train a group in its chunks; return the jobs that have to train alone after all.

        What goes wrong with a chunk does not stop the others. Some mistakes show only with the
        data and the network at hand; where nothing has run yet, nothing is left behind either.
        """
        alone: list[Job] = []
        for jobs, numbers in group.chunks():
            try:
                self._train(jobs, numbers)
            except CannotFuse as refusal:
                print(f"{_jobs_text(len(jobs))} one after another: {refusal}", file=sys.stderr)
                alone += jobs
            except SeedbedError as error:
                if not self.results.rows:
                    remove_with_empty_parents(self.folder)
                    self.application.started = False
                    raise
                print(f"seedbed: {error}", file=sys.stderr)
                self.results.add([self._row(job) for job in jobs])
                self.application.codes += [FAILED] * len(jobs)
        return alone

    def _train(self, jobs: list[Job], numbers: list[JobNumbers]) -> None:
        prepared, config = self._prepared(jobs), self.composer.config(jobs[0])
        rows = train_chunk(config, prepared, numbers, self.points, self._progress(len(jobs)))
        self.results.add(rows)
        _tell_errors(rows)
        self.application.codes += [0 if row.status == "completed" else FAILED for row in rows]

    def _prepared(self, jobs: Sequence[Job]) -> list[FusedJob]:
        with self.composer.applied(jobs[0]) as config:
            device = build.device(config.trainer.accelerator)
        shared = provenance_of_command(self.application.command, device)
        prepared = []
        for job in jobs:
            with self.composer.applied(job) as config:
                choices = {k: v for k, v in config.hydra.runtime.choices.items() if v}
                overrides = list(config.hydra.overrides.task)
                provenance = {**provenance_of_job(config, choices, overrides), **shared}
                folder = self.folder / str(config.hydra.sweep.subdir)
                axes = self._values(config)
            texts = self.composer.texts(job)
            name = str(folder.relative_to(self.folder))
            prepared.append(FusedJob(job.number, name, folder, texts, axes, provenance))
        return prepared

    def _progress(self, jobs: int) -> Any:
        began = time.monotonic()
        shown = [began]

        def report(epoch: int, ended: int) -> None:
            if time.monotonic() - shown[0] >= 5.0:
                shown[0] = time.monotonic()
                seconds = shown[0] - began
                print(
                    f"epoch {epoch}  {ended:,} of {jobs:,} jobs  {seconds:.0f} s", file=sys.stderr
                )

        return report

    # One after another

    def _one_after_another(self, jobs: Sequence[Job]) -> None:
        """Let the launcher run jobs, those with consecutive numbers in one call."""
        start = 0
        for place in range(1, len(jobs) + 1):
            if place < len(jobs) and jobs[place].number == jobs[place - 1].number + 1:
                continue
            part = jobs[start:place]
            self.launcher.launch([list(job.overrides) for job in part], part[0].number)
            self.results.add([self._row(job) for job in part])
            start = place

    def _row(self, job: Job) -> Row:
        with self.composer.applied(job) as config:
            folder = self.folder / str(config.hydra.sweep.subdir)
            axes = self._values(config)
        name = str(folder.relative_to(self.folder))
        if not (folder / RECORD).is_file():
            return Row(job.number, axes, "failed", name)
        record = read_record(folder / RECORD)
        metrics = {k: v for k, v in record["metrics"].items() if v is not None}
        status, seconds = record["status"], record["seconds"]
        return Row(job.number, axes, status, name, metrics, seconds)

    def _values(self, config: DictConfig) -> dict[str, Any]:
        """Return what a job has for each axis: of a group the option that it chose."""
        choices = config.hydra.runtime.choices
        return {
            key: choices[key] if key in choices else OmegaConf.select(config, key)
            for key in self.axes
        }

    # At the end

    def _close(self, jobs: Sequence[Job]) -> None:
        rows = self.results.rows
        with self.composer.applied(jobs[0]) as config:
            metric, mode = optimized_metric(config)
        summary.print_table(closing_table(rows, metric, mode))
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.status] = counts.get(row.status, 0) + 1
        ended = ", ".join(f"{count:,} {status}" for status, count in counts.items())
        print(f"jobs         {ended}; {time.monotonic() - self.started:.1f} s")
        best = _best(rows, metric, mode)
        if best is not None:
            words = [word for word in jobs[best].overrides if not word.startswith("sweep.")]
            print(f"best alone   {shlex.join(['seedbed', 'train', *self.flags, *words])}")
        print(f"results      {summary.relative(self.folder / RESULTS)}")
        print(f"TensorBoard  seedbed dashboard {summary.relative(self.folder)}")


def _flags(command: Sequence[str], master: DictConfig) -> list[str]:
    """Return the words of a command that are neither overrides nor what makes it a sweep."""
    overrides = {*master.hydra.overrides.task, *master.hydra.overrides.hydra}
    words = [word for word in command[2:] if word not in ("-m", "--multirun")]
    return [word for word in words if word not in overrides]


def _tell_errors(rows: Sequence[Row]) -> None:
    """Say why jobs of a group did not complete; of many, the first few."""
    wrong = [row for row in rows if row.error is not None]
    for row in wrong[:MOST_SHOWN]:
        print(f"seedbed: job {row.number} {row.status}: {row.error}", file=sys.stderr)
    if len(wrong) > MOST_SHOWN:
        more = len(wrong) - MOST_SHOWN
        print(f"seedbed: and {more:,} more; each run.json says why", file=sys.stderr)


def _best(rows: Sequence[Row], metric: str, mode: str) -> int | None:
    """Return the number of the job that completed with the best metric."""
    sign = 1.0 if mode == "min" else -1.0
    found = [
        row for row in rows if row.status == "completed" and isfinite(row.metrics.get(metric, nan))
    ]
    return min(found, key=lambda row: sign * row.metrics[metric]).number if found else None
