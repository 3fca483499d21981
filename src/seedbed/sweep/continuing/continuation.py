"""Continuation of a sweep: its jobs get other words, and their rows are to be reached anew."""

from collections.abc import Sequence
from dataclasses import replace

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig

from seedbed.errors import ConfigError
from seedbed.runs.record import now
from seedbed.sweep.continuing.configs import derive_configs
from seedbed.sweep.continuing.selection import GoingOn, chosen_jobs
from seedbed.sweep.execution.continued_jobs import changes_of
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.job import Words
from seedbed.sweep.planning.job_folders import JobFolders
from seedbed.sweep.planning.validation import wrong_jobs
from seedbed.sweep.results.continuations import Continuation, continued
from seedbed.sweep.results.folder import digest_of_table
from seedbed.sweep.results.plan_file import write_plan
from seedbed.sweep.results.table import Results, Row
from seedbed.terminal.words import jobs_text


def plan_continuation(
    worker: Worker,
    done: Sequence[Row],
    words: Words,
    top: int | None,
    loader: ConfigLoader,
    master: DictConfig,
) -> Continuation:
    """Return how the jobs of a sweep go on with other words; nothing is written.

    Args:
        worker: Worker of the sweep.
        done: Rows of the jobs that have ended.
        words: The other words.
        top: How many of the best go on; None: all.
        loader: Loader of the command's configs.
        master: Config of the command.

    Raises:
        ConfigError: They cannot, or have nothing to train.
    """
    plan, composer = worker.plan, worker.composer
    if not words:
        raise ConfigError(
            f"sweep.top={top}: what shall be other for the best? Give trainer.max_epochs=..., say"
        )
    numbers = chosen_jobs(worker, done, top)
    before = [plan.jobs[number] for number in numbers]
    derive_configs(composer, before, words, loader, master)
    jobs = [continued(job, words) for job in before]
    wrong = wrong_jobs(composer, jobs, JobFolders(worker.folder))
    for error in wrong.values():
        raise ConfigError(str(error))
    going_on = GoingOn(worker, jobs, done)
    if not going_on.trains:
        raise ConfigError(
            f"{' '.join(words)}: {jobs_text(len(jobs))} have come to their end and would not train "
            "on; trainer.max_epochs=... lets them"
        )
    continuation = Continuation(
        at=now(),
        words=words,
        changed={},
        jobs=numbers,
        groups=going_on.groups,
        table="",
    )
    first = [(before[0], jobs[0])]
    [changed] = changes_of(composer, first, continuation)
    return replace(continuation, changed=changed)


def begin_continuation(worker: Worker, done: Sequence[Row], continuation: Continuation) -> None:
    """Write down that jobs go on; a kill between two of the files is made up for later."""
    folder, plan, composer = worker.folder, worker.plan, worker.composer
    composer.save(folder.path, folder.saved)
    Results(folder.results, list(plan.axes), done).finish()
    folder.forget_units()
    plan.go_on(replace(continuation, table=digest_of_table(folder)))
    write_plan(folder.plan, plan)
    left = [
        replace(row, axes=worker.axes(plan.jobs[row.number]))
        for row in done
        if row.number not in continuation.numbers
    ]
    Results(folder.results, list(plan.axes), left)
