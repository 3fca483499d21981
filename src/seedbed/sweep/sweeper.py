"""A sweep from the words of the command line: what it runs, in which groups, and its running."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from seedbed.config.validation import optimized_metric
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.process import garbage_collection
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.sources import HydraSource, SavedSource
from seedbed.sweep.execution.controller import Sweep
from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.job import Job, numbered
from seedbed.sweep.planning.chunk_sizes import LARGEST_CHUNK
from seedbed.sweep.planning.fusing import JobNumbers
from seedbed.sweep.planning.groups import PlannedGroup, make_plan, rehearsed
from seedbed.sweep.planning.validation import check_jobs
from seedbed.sweep.results.folder import SweepFolder, open_sweep
from seedbed.sweep.results.plan_file import SavedPlan, read_plan, write_plan
from seedbed.sweep.search.axes import KeysOf, job_overrides
from seedbed.sweep.search.repeats import repeated
from seedbed.terminal.words import jobs_text

# Words that may stand beside sweep.resume; all others belong to the sweep as it was begun.
WITH_RESUME = (
    *("sweep.resume", "sweep.plan", "sweep.on_failure", "hydra/launcher", "hydra.launcher"),
    "paths.outputs",
)


def run_sweep(
    arguments: list[str],
    *,
    params: Mapping[str, Any],
    loader: ConfigLoader,
    callbacks: Callbacks,
    master: DictConfig,
    task_function: Any,
) -> None:
    """Run all jobs of the words, or go on with the sweep that they name.

    Raises ConfigError, or what Hydra raises, before anything is written where a job is wrong.
    """
    quiet_lightning()
    garbage_collection.resume()
    # What runs the jobs that train alone also knows the command and keeps the exit codes.
    application = task_function.__self__
    composer = Composer(HydraSource(loader, master))
    options = _options(composer, arguments)
    if options.resume is not None:
        _resume(arguments, options, callbacks, master, application)
        return
    jobs = _jobs(composer, arguments, params, loader, options)
    check_jobs(composer, jobs, options.table)
    most = options.chunk_size or LARGEST_CHUNK
    groups = [
        rehearsed(composer, one, options.fuse, most)
        for one in make_plan(composer, jobs, options.fuse)
    ]
    plan = _plan(composer, jobs, groups, _flags(application.command, master))
    if options.plan:
        print(plan_text(plan))
        return
    folder = SweepFolder(str(master.hydra.sweep.dir))
    folder.saved.mkdir(parents=True, exist_ok=True)
    application.started = True
    print(plan_text(plan), flush=True)
    with folder.locked():
        composer.save(folder.path, folder.saved)
        write_plan(folder.plan, plan, composer.texts(jobs[0])["config.yaml"])
        numbers = {
            job.number: one
            for group in groups
            for job, one in zip(group.jobs, group.numbers, strict=False)
        }
        sweep = _sweep(composer, folder, plan, options, application, callbacks, master, numbers)
        sweep.run()


def _sweep(
    composer: Composer,
    folder: SweepFolder,
    plan: SavedPlan,
    options: Any,
    application: Any,
    callbacks: Callbacks,
    master: DictConfig,
    numbers: Mapping[int, JobNumbers] | None = None,
) -> Sweep:
    display = Display(len(plan.jobs), plan.metric, plan.mode)
    worker = Worker(composer, folder, plan, options, application, callbacks, display, numbers or {})
    return Sweep(worker, display, master)


# Going on


def _resume(
    arguments: list[str],
    options: Any,
    callbacks: Callbacks,
    master: DictConfig,
    application: Any,
) -> None:
    """Run what a sweep has not run yet, or not to its end."""
    elsewhere = [word for word in master.hydra.overrides.hydra if "hydra.sweep" in word]
    for override in OverridesParser.create().parse_overrides([*arguments, *elsewhere]):
        _refuse_beside_resume(override)
    folder = open_sweep(options.resume, str(master.paths.outputs))
    with folder.locked():
        plan = read_plan(folder.plan)
        composer = Composer(SavedSource(folder.path, folder.saved))
        with composer.applied(plan.jobs[0]) as config:
            begun: Any = OmegaConf.to_object(config.sweep)
        begun.on_failure = options.on_failure
        # Where launchers put what they write.
        master.hydra.sweep.dir = str(folder.path)
        application.started = not options.plan
        sweep = _sweep(composer, folder, plan, begun, application, callbacks, master)
        print(sweep.progress_text(), flush=True)
        if not options.plan:
            sweep.run()


def _refuse_beside_resume(override: Override) -> None:
    key = override.key_or_group
    if not any(key == one or key.startswith(f"{one}.") for one in WITH_RESUME):
        raise ConfigError(
            f"{override.input_line}: sweep.resume goes on with a sweep as it was begun; beside it "
            f"may stand sweep.plan, sweep.on_failure and hydra/launcher"
        )


# Beginning


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


def _plan(
    composer: Composer, jobs: Sequence[Job], groups: Sequence[PlannedGroup], flags: Sequence[str]
) -> SavedPlan:
    """Return what is going to run, in numbers of jobs."""
    alone: dict[str, list[int]] = {}
    for group in groups:
        if group.reason:
            alone.setdefault(group.reason, []).extend(job.number for job in group.jobs)
    with composer.applied(jobs[0]) as config:
        metric, mode = optimized_metric(config)
    return SavedPlan(
        axes=_axes(jobs),
        jobs=jobs,
        chunks=[
            [job.number for job in chunk]
            for group in groups
            if not group.reason
            for chunk, _ in group.chunks()
        ],
        alone=alone,
        metric=metric,
        mode=mode,
        flags=flags,
    )


def _axes(jobs: Sequence[Job]) -> dict[str, list[str]]:
    """Return the values of each key that differs among the jobs, as they were written."""
    values: dict[str, list[str]] = {}
    for job in jobs:
        for word in job.overrides:
            key, _, value = word.partition("=")
            if value not in (found := values.setdefault(key.lstrip("+"), [])):
                found.append(value)
    return {key: found for key, found in values.items() if len(found) > 1}


def plan_text(plan: SavedPlan) -> str:
    """Return what `sweep.plan=true` prints."""
    crossed = " x ".join(f"{key} ({len(values)})" for key, values in plan.axes.items())
    lines = [f"sweep  {jobs_text(len(plan.jobs))}" + (f": {crossed}" if crossed else "")]
    lines += [f"  {jobs_text(len(chunk))} side by side{_first(chunk)}" for chunk in plan.chunks]
    lines += [
        f"  {jobs_text(len(numbers))} one after another: {reason}"
        for reason, numbers in plan.alone.items()
    ]
    return "\n".join(lines)


def _first(numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    return f" (numbers {first} to {last})" if last - first + 1 == len(numbers) else ""


def _flags(command: Sequence[str], master: DictConfig) -> list[str]:
    """Return the words of a command that are neither overrides nor what makes it a sweep."""
    overrides = {*master.hydra.overrides.task, *master.hydra.overrides.hydra}
    words = [word for word in command[2:] if word not in ("-m", "--multirun")]
    return [word for word in words if word not in overrides]
