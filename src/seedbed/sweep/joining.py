"""Joining the workers of a sweep that somebody else runs, by what its folder says."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from hydra._internal.callbacks import Callbacks
from omegaconf import DictConfig

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.data_files import require_unchanged
from seedbed.sweep.configs.saved_jobs import require_trusted_jobs
from seedbed.sweep.configs.sources import SavedSource
from seedbed.sweep.continuing.own_modules import require_same_sources
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.execution.workforce.options import options_of
from seedbed.sweep.execution.workforce.worker_function import WorkerFunction
from seedbed.sweep.job_runner import FAILED, JobRunner
from seedbed.sweep.queue.launch import Launch, launch_file, read_launch
from seedbed.sweep.results.folder import SweepFolder, open_sweep
from seedbed.sweep.results.plan_file import read_plan
from seedbed.terminal.telling import tell
from seedbed.terminal.words import relative

# Who starts a worker by hand, as its file says.
BY_HAND = "by hand"
_asked: ContextVar[bool] = ContextVar("joining", default=False)


@contextmanager
def joining() -> Iterator[None]:
    """Let a sweep that a command goes on with be worked on, as one of its workers."""
    token = _asked.set(True)
    try:
        yield
    finally:
        _asked.reset(token)


def is_joining() -> bool:
    """Return whether a command is to work on a sweep that somebody else runs."""
    return _asked.get()


def join(word: str, master: DictConfig, runner: JobRunner) -> int:
    """Work on the sweep whose folder is named, until nothing is left; return the exit code.

    `master` is the config of the command, which says where data lie here. Its jobs are taken for a
    stranger's: the caller restricts what is made.

    Raises:
        ConfigError: its units are not handed out, or a job is not trusted, or trains on other data
            or code than the others did.
    """
    folder = open_sweep(word, str(master.paths.outputs), "sweep")
    launch = _launch_of(folder)
    function = WorkerFunction(
        folder=str(folder.path.resolve()),
        token=launch.token,
        runner=runner.with_command(list(launch.command)),
        callbacks=Callbacks(),
        controller=0,
        master=master,
    )
    function.require_sweep()
    _require_jobs(folder, launch, function)
    tell(f"worker       {relative(folder.path)}: takes units until none is left", flush=True)
    ended = function(BY_HAND)
    if ended.refused:
        raise ConfigError(ended.why)
    if ended.why:
        print(f"seedbed: {ended.why}", file=sys.stderr)
    units = f"{ended.done:,} unit{'s' * (ended.done != 1)}"
    tell(f"worker       {units} done" + (f", {ended.failed:,} failed" if ended.failed else ""))
    if ended.signal is not None:
        sys.exit(128 + ended.signal)
    return FAILED if ended.full else 0


def _launch_of(folder: SweepFolder) -> Launch:
    """Return what the sweep says of its start; raises ConfigError where nothing is handed out."""
    if launch_file(folder.saved).is_file():
        return read_launch(folder.saved)
    if folder.is_running():
        raise ConfigError(
            f"{relative(folder.path)}: its process runs the jobs itself; they are handed out to "
            "workers with sweep.workers=N, or a hydra/launcher"
        )
    raise ConfigError(f"{relative(folder.path)}: no process runs this sweep, so there is no work")


def _require_jobs(folder: SweepFolder, launch: Launch, function: WorkerFunction) -> None:
    source = SavedSource(folder.path, folder.saved, command=function.master)
    composer, plan = Composer(source), read_plan(folder.plan)
    require_trusted_jobs(composer, folder.path, plan.jobs)
    require_unchanged(composer, plan.to_run(), plan.data_files)
    worker = Worker(
        composer=composer,
        folder=folder,
        plan=plan,
        options=options_of(launch, folder.saved),
        runner=function.runner,
        callbacks=function.callbacks,
        show=lambda progress: None,
    )
    require_same_sources(relative(folder.path), worker)
