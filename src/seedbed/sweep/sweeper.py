"""Sweep of a command line: its jobs are asked for, planned and run, round by round."""

import hashlib
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from hydra._internal.callbacks import Callbacks
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from seedbed.config.groups import GROUPS
from seedbed.config.overrides import trusted_modules, words_of
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.trust.restriction import restricted_to, restriction
from seedbed.documents import answer
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.loggers.labels import Labels
from seedbed.process import background, garbage_collection
from seedbed.process.slurm import slurm_job
from seedbed.runs.hydra_job import raw_value
from seedbed.sweep.asking import (
    make_sampler,
    options_of_command,
    raise_budget,
    saved_sampler,
    sweep_options,
)
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.data_files import data_files, require_unchanged
from seedbed.sweep.configs.saved_jobs import modules_to_trust, require_trusted_jobs
from seedbed.sweep.configs.sources import MASTER, HydraSource, SavedSource
from seedbed.sweep.continuing.configs import derive_configs, loader_as_begun
from seedbed.sweep.continuing.continuation import begin_continuation, plan_continuation
from seedbed.sweep.continuing.own_modules import require_same_sources
from seedbed.sweep.continuing.words import (
    changing_words,
    overrides_of_command,
    require_known,
)
from seedbed.sweep.execution.controller import Controller
from seedbed.sweep.execution.cross_validation.refit import require_refit
from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.judging import require_generations
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.execution.workforce.choosing import RAY, workforce_of
from seedbed.sweep.execution.workforce.earlier_workers import wait_for_earlier_workers
from seedbed.sweep.execution.workforce.preparing import (
    Workers,
    lines_of,
    preparing,
    sharing_of,
    withdrawn_at_end,
)
from seedbed.sweep.job import Job, numbered
from seedbed.sweep.job_runner import JobRunner
from seedbed.sweep.joining import is_joining, join
from seedbed.sweep.plan_text import plan_text
from seedbed.sweep.planning.job_folders import JobFolders
from seedbed.sweep.planning.populations import require_no_population
from seedbed.sweep.planning.rounds import PlannedRound, plan_round
from seedbed.sweep.planning.sharing.workers import Sharing
from seedbed.sweep.presence.controller import ControllerPresence
from seedbed.sweep.results.continuations import Continuation
from seedbed.sweep.results.folder import SAVED, SweepFolder, open_sweep, resume_word
from seedbed.sweep.results.objectives import objectives_of
from seedbed.sweep.results.plan_file import SweepPlan, read_plan, write_plan
from seedbed.sweep.search.sampler import Sampler
from seedbed.sweep.search.searches import searched
from seedbed.terminal.telling import tell, tell_table
from seedbed.terminal.words import jobs_text, relative

# What a sweep in the background prints, below the folder of what it needs in order to go on.
LOG = "controller.log"
# Keys of `sweep` that say how its jobs are run: those of the command that goes on hold.
_OF_COMMAND = ("on_failure", "workers", "retries", "lost_after")
# What a sweep without a search has.
_NOT_SAID = (("search", "grid"), ("stop", "none"))


class Command(NamedTuple):
    """Command that sweeps, as Hydra knows it.

    Attributes:
        loader: composes configs.
        callbacks: Hydra's callbacks.
        master: config of the whole sweep.
        runner: runs a job alone.
    """

    loader: ConfigLoader
    callbacks: Callbacks
    master: DictConfig
    runner: JobRunner


def run_sweep(arguments: list[str], *, params: Mapping[str, Any], command: Command) -> int:
    """Run all jobs of a sweep, or go on with the one that `sweep.resume` names.

    Args:
        arguments: overrides of the command line.
        params: the sweeps that a config file holds, by key.
        command: how to compose and run jobs.

    Returns:
        The exit code.

    Raises:
        ConfigError: a job is wrong, as is what Hydra raises; nothing is written then.
    """
    quiet_lightning()
    garbage_collection.resume()
    composer = Composer(HydraSource(command.loader, command.master))
    options = options_of_command(composer, arguments)
    if options.detach and not options.plan and not background.is_asked():
        return command.runner.run_detached()
    if options.resume is not None:
        return _resume(arguments, options, command)
    sampler = make_sampler(composer, arguments, params, command.loader, options)
    workforce = workforce_of(command.master, options)
    with withdrawn_at_end(workforce):
        return _begin(composer, sampler, options, command, workforce)


def _begin(
    composer: Composer,
    sampler: Sampler,
    options: SweepOptions,
    command: Command,
    workforce: Workers,
) -> int:
    """Run a new sweep; nothing is written before its first round is checked and planned."""
    folder = SweepFolder(str(command.master.hydra.sweep.dir))
    folders = JobFolders(folder)
    jobs = numbered(sampler.ask())
    before_data = preparing(workforce, options)
    first = plan_round(composer, jobs, options, folders, sharing_of(workforce), before_data)
    before_data(bool(first.round.alone))
    right = _right(first, jobs)
    if options.refit:
        require_refit(composer, right[0])
    _require_detachable(composer, right[0])
    plan = _empty_plan(composer, right[0], _flags(command.runner.command, command.master))
    plan.config_hash = _config_hash(composer, jobs[0])
    plan.data_files |= data_files(composer, right)
    search = searched(sampler)
    plan.search = search.plan if search is not None else None
    plan.add(first.round)
    require_generations(composer, plan)
    if first.description is not None:
        tell_table(first.description)
    if options.plan:
        text = plan_text(plan, composer, lines_of(workforce, first.round))
        tell(text)
        tell_refused(first.refused)
        if answer.asked():
            from seedbed.sweep.plan_document import plan_document  # For few commands.

            answer.give(plan_document(plan, first.refused, text))
        return 0
    if workforce is not None:
        workforce.check()
    claimed = folder.claim()
    with folder.locked():
        try:
            composer.save(folder.path, folder.saved)
            write_plan(folder.plan, plan)
        except BaseException:  # Nobody could go on with it.
            claimed.withdraw([folder.path / MASTER, folder.plan, *folder.saved.glob("*")])
            raise
        _tell_it_begins(composer, folder, plan, command.runner)
        tell(plan_text(plan, composer, lines_of(workforce, first.round)), flush=True)
        _go_to_background(composer, folder, plan)
        sweep = _sweep(composer, folder, plan, options, command, workforce)
        return _run(
            sweep, _rounds(sampler, [first], sweep.worker, folders, sharing_of(workforce)), sampler
        )


def _resume(arguments: list[str], options: SweepOptions, command: Command) -> int:
    """Run what a sweep has not run yet, or not to its end, as if it were a stranger's."""
    trust = trusted_modules(arguments)
    if restriction() is None:  # The launcher is that of the command, whose configs are the user's.
        launcher = str(command.master.hydra.launcher._target_)
        # Ours is not made by Hydra, and nobody need trust its module.
        trust = trust if launcher == RAY else (*trust, launcher.rpartition(".")[0])
    with restricted_to(trust):
        if is_joining():
            return join(str(options.resume), command.master, command.runner)
        return _go_on(options, command)


def _go_on(options: SweepOptions, command: Command) -> int:
    master = command.master
    folder = open_sweep(str(options.resume), str(master.paths.outputs))
    with ExitStack() as stack:
        stack.enter_context(folder.locked())
        plan = read_plan(folder.plan)
        composer = Composer(SavedSource(folder.path, folder.saved, command=master))
        require_trusted_jobs(composer, folder.path, plan.jobs)
        require_unchanged(composer, plan.to_run(), plan.data_files)
        typed = overrides_of_command(command.runner.command)
        with composer.applied(plan.jobs[0]) as config:
            begun = sweep_options(config)
            require_known(typed, config)
        _require_detachable(composer, plan.jobs[0])
        words = changing_words(typed, plan.begun)
        more = _raise_budget(composer, plan, typed)
        for name in _OF_COMMAND:
            setattr(begun, name, getattr(options, name))
        if plan.config_hash != _config_hash(composer, plan.begun[0]):
            raise ConfigError(
                f"{folder.plan}: the plan of another sweep than that of {folder.saved}, or of one "
                "that another version of seedbed began"
            )
        loader = loader_as_begun(composer, command.loader, master)
        derive_configs(composer, plan.jobs[:1], words, loader, master)
        folders = JobFolders(folder)
        for job in plan.jobs:
            with composer.applied(job) as config:
                folders.add(job.number, config)
        # Where launchers put what they write.
        master.hydra.sweep.dir = str(folder.path)
        with composer.applied(plan.jobs[0]) as config:
            workforce = workforce_of(master, begun, config.trainer)
        stack.enter_context(withdrawn_at_end(workforce))
        preparing(workforce, options)(any(planned.alone for planned in plan.rounds))
        if not options.plan:
            if workforce is not None:
                workforce.check()
            wait_for_earlier_workers(folder, begun.lost_after)
        sweep = _sweep(composer, folder, plan, begun, command, workforce, goes_on=True)
        ended = {row.number for row in sweep.done}
        if words or more or any(job.number not in ended for job in plan.to_run()):
            require_same_sources(resume_word(folder), sweep.worker)
        if words or options.top is not None:
            require_no_population(plan.search, words)
            found = sweep.worker, sweep.done
            continuation = plan_continuation(*found, words, options.top, loader, master)
            text = continuation_text(continuation, relative(folder.path))
            tell(text, flush=True)
            if options.plan:
                if answer.asked():
                    from seedbed.sweep.plan_document import plan_of_continuation

                    where = relative(folder.path)
                    answer.give(plan_of_continuation(plan, continuation, where, text))
                return 0
            begin_continuation(*found, continuation)
            sweep = _sweep(composer, folder, plan, begun, command, workforce, goes_on=True)
        if not options.plan:
            _tell_it_begins(composer, folder, plan, command.runner)
        tell(sweep.progress_text(), flush=True)
        if options.plan:
            if answer.asked():
                from seedbed.sweep.plan_document import plan_of_the_rest

                left = {job.number for job in plan.jobs} - {row.number for row in sweep.done}
                where = relative(folder.path)
                answer.give(plan_of_the_rest(plan, left, where, sweep.progress_text()))
            return 0
        if more:
            write_plan(folder.plan, plan)
        _go_to_background(composer, folder, plan)
        sampler = saved_sampler(plan, composer)
        replayed = _replayed(sampler, plan, composer, command.loader)
        return _run(
            sweep, _rounds(sampler, replayed, sweep.worker, folders, sharing_of(workforce)), sampler
        )


def _require_detachable(composer: Composer, job: Job) -> None:
    """Raise ConfigError where a sweep that is to go on in the background cannot."""
    if not background.is_asked():
        return
    with composer.applied(job) as config:
        requeue = bool(config.trainer.requeue)
    if requeue or slurm_job() is not None:
        word = "trainer.requeue=true" if requeue else "SLURM_JOB_ID is set"
        raise ConfigError(
            f"sweep.detach=true: {word}, and a job of a cluster ends with its command, which would "
            "end at once; leave it out"
        )


def _go_to_background(composer: Composer, folder: SweepFolder, plan: SweepPlan) -> None:
    """Let the sweep go on in the background, and its command end, where that is asked for."""
    if background.is_asked():
        told = {
            "folder": str(folder.absolute),
            "word": shlex.quote(relative(folder.path)),
            "log": f"{SAVED}/{LOG}",
            "modules": modules_to_trust(composer, plan.jobs),
        }
        background.go(folder.saved / LOG, told)


def _run(sweep: Controller, rounds: Iterable[PlannedRound], sampler: Sampler) -> int:
    """Run the rounds of a sweep, whose folder says meanwhile who does; return the exit code."""
    presence = ControllerPresence(
        sweep.folder.saved,
        before=len(sweep.done),
        detached=background.has_gone(),
        running=sweep.display.running_here,
    )
    with sweep.folder.noted_as_running(), presence:
        return presence.ended(sweep.run(rounds, sampler))


def _raise_budget(composer: Composer, plan: SweepPlan, typed: Sequence[str]) -> bool:
    """Give a search the trials that the command names; return whether there are more of them."""
    with composer.applied(plan.begun[0]) as config:
        jobs_of_trial = config.sweep.repeats * (config.sweep.folds or 1)
    more = raise_budget(plan.search, len(plan.begun) // jobs_of_trial, typed)
    if more and plan.continuations:
        raise ConfigError(
            f"search.trials={plan.search.trials if plan.search else 0}: the trials of this search "
            "have gone on with other words since, and cannot be compared with new ones"
        )
    return more


def _tell_it_begins(
    composer: Composer, folder: SweepFolder, plan: SweepPlan, runner: JobRunner
) -> None:
    with composer.applied(plan.jobs[0]) as config:
        requeue = bool(config.trainer.requeue)
    runner.sweep_begins(folder.path, partial(modules_to_trust, composer, plan.jobs), requeue)


def _sweep(
    composer: Composer,
    folder: SweepFolder,
    plan: SweepPlan,
    options: SweepOptions,
    command: Command,
    workforce: Workers,
    goes_on: bool = False,
) -> Controller:
    display = Display(plan.metric, plan.mode, plan.jobs_of_trial if plan.search else 1)
    worker = Worker(
        composer=composer,
        folder=folder,
        plan=plan,
        options=options,
        runner=command.runner,
        callbacks=command.callbacks,
        show=lambda progress: display.show([progress]),
        goes_on=goes_on,
    )
    with composer.applied(plan.jobs[0]) as config:
        is_search = config.search.get("_target_") is not None
        retries = int(config.search.retries) if is_search else None
    return Controller(worker, display, workforce, retries)


# Rounds


def _rounds(
    sampler: Sampler,
    begun: Iterable[PlannedRound],
    worker: Worker,
    folders: JobFolders,
    sharing: Sharing,
) -> Iterator[PlannedRound]:
    """Yield the rounds that have begun, then others until the sampler asks for nothing more.

    Each is planned when the sampler has been told of the one before, and written down.
    """
    composer, folder, plan = worker.composer, worker.folder, worker.plan
    yield from begun
    while words := sampler.ask():
        jobs = numbered(words, len(plan.jobs))
        if worker.goes_on:
            require_trusted_jobs(composer, folder.path, jobs, new=True)
        # What is wrong with a trial that follows from others is no reason to stop the search.
        options = replace(worker.options, on_failure=worker.options.on_failure or "continue")
        planned = plan_round(composer, jobs, options, folders, sharing)
        composer.save(folder.path, folder.saved)
        plan.data_files |= data_files(composer, _right(planned, jobs))
        plan.add(planned.round)
        write_plan(folder.plan, plan)
        yield planned


def _right(planned: PlannedRound, jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs of a round that are not refused."""
    return [job for job in jobs if job.number not in planned.refused]


def _replayed(
    sampler: Sampler, plan: SweepPlan, composer: Composer, loader: ConfigLoader
) -> Iterator[PlannedRound]:
    """Yield the rounds of a plan, for which the sampler is asked again.

    Raises ConfigError where it gives other jobs than it gave then.
    """
    for number, known in enumerate(list(plan.rounds)):
        if sampler.ask(len(known.jobs)) != [job.overrides for job in known.jobs]:
            raise ConfigError(f"round {number} of the sweep would have other jobs than it had")
        yield PlannedRound(known, {})
    composer.compose_new(loader)


# Beginning


def _empty_plan(composer: Composer, first: Job, flags: Sequence[str]) -> SweepPlan:
    with composer.applied(first) as config:
        judged_by = objectives_of(config)
        folds, repeats = config.sweep.folds, config.sweep.repeats
        chosen = {g: str(o) for g, o in config.hydra.runtime.choices.items() if g in GROUPS and o}
        chosen = {g: o for g, o in chosen.items() if (g, o) not in _NOT_SAID}
        tags: Any = OmegaConf.to_container(config.tags, resolve=False)
        name, notes = (raw_value(config, (key,)) for key in ("name", "notes"))
    labels = Labels(name, tuple(tags), notes)
    return SweepPlan(
        replace(judged_by, whole="search" in chosen),
        flags,
        folds=folds,
        jobs_of_trial=repeats * (folds or 1),
        labels=labels,
        choices=chosen,
    )


def _config_hash(composer: Composer, job: Job) -> str:
    """Return the SHA-256 of a job's config."""
    return hashlib.sha256(composer.texts(job)["config.yaml"].encode()).hexdigest()


def continuation_text(continuation: Continuation, folder: str) -> str:
    """Return what is said of jobs that go on with other words."""
    words, jobs = " ".join(continuation.words), len(continuation.jobs)
    return f"sweep  {folder}: {jobs_text(jobs)} {'goes' if jobs == 1 else 'go'} on with {words}"


def tell_refused(refused: Mapping[int, str]) -> None:
    """Say on stderr which jobs of a plan would not run, and why."""
    for error in dict.fromkeys(refused.values()):
        numbers = ", ".join(str(number) for number, text in refused.items() if text == error)
        print(f"seedbed: refused, number {numbers}: {error}", file=sys.stderr)


def _flags(command: Sequence[str], master: DictConfig) -> list[str]:
    """Return the words of a command that are neither overrides nor what makes it a sweep."""
    overrides = {*words_of(master.hydra.overrides.task), *words_of(master.hydra.overrides.hydra)}
    words = [word for word in command[2:] if word not in ("-m", "--multirun")]
    return [word for word in words if word not in overrides]
