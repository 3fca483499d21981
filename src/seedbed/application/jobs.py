"""Jobs of a command: the task function of Hydra's that runs them, one or those of a sweep."""

import sys
import traceback
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from seedbed.application.before_run import CheckBeforeRun
from seedbed.config.trust.restriction import restricted_to, restriction
from seedbed.config.validation import check
from seedbed.documents import answer
from seedbed.errors import (
    ConfigError,
    DiskFull,
    Interrupted,
    SeedbedError,
    disk_full,
    of_a_path,
    out_of_memory,
)
from seedbed.process.environment import environment_variable
from seedbed.process.signals import UntilItBegins
from seedbed.runs.hydra_job import written_by_run
from seedbed.sweep.job_runner import FAILED, WRONG_CONFIG, JobResult

FULL_ERROR = "HYDRA_FULL_ERROR"

# Called with the config of a job and the words of the command; returns its exit code.
Function = Callable[[DictConfig, list[str]], int]


class Jobs:
    """Task function of Hydra's: runs the jobs that it composes, one or those of a sweep.

    A JobRunner: what a job did is returned. `code` is the exit code of the command, for Hydra
    drops what a task function returns.
    """

    # Acts on signals until a job or a sweep begins.
    until_it_begins: ClassVar[UntilItBegins | None] = None

    def __init__(
        self, verb: str, command: list[str], function: Function, full_error: str | None
    ) -> None:
        """`full_error` is what the user has set HYDRA_FULL_ERROR to."""
        self.verb = verb
        self.command = command
        self.function = function
        self.users_full_error = full_error
        self.full_error = full_error == "1"
        self.started = False
        self.code = 0
        # Of a run alone: what went wrong with it, and its folder.
        self.error: Exception | None = None
        self.folder: Path | None = None
        # The words that were typed, without those of the project, and whether Python calls.
        self.typed: list[str] = []
        self.in_script = False
        # The modules that the command trusts: never those that a config says.
        self.trust: tuple[str, ...] = ()
        # The errors whose tracebacks were shown.
        self._shown: set[tuple[str, str]] = set()

    def __call__(self, config: DictConfig) -> JobResult:
        """Run one job; what goes wrong with one of a sweep does not stop the others.

        What goes wrong with a run alone is kept in `error`.
        """
        self._begin()
        result = self._run(config)
        self.code = result.code
        return result

    def with_command(self, command: list[str]) -> "Jobs":
        """Return a runner whose jobs say that this was their command."""
        other = copy(self)
        other.command = command
        return other

    def _begin(self) -> None:
        """Take note that what fails from now on is no mistake in the command."""
        self.started = True
        if self.until_it_begins is not None:
            self.until_it_begins.begun = True

    def sweep_begins(
        self, folder: Path, modules: Callable[[], Sequence[str]], requeue: bool
    ) -> None:
        """Take note of what a sweep that begins is."""
        self._begin()
        self.folder = folder
        if answer.asked():
            from seedbed.catalogue.documents.of_sweep import sweep_outcome  # For few commands.

            answer.give_at_end(partial(sweep_outcome, folder))
        if CheckBeforeRun.requeueing is not None:
            CheckBeforeRun.requeueing.sweep_begins(folder, modules, requeue)

    def run_detached(self) -> int:
        """Run the command as a process of its own until its sweep goes on in the background."""
        from seedbed.application.detaching import run_detached  # For few commands.

        ended = run_detached(self.typed, self.users_full_error, self.in_script)
        if isinstance(ended, int):
            return ended
        self.sweep_begins(ended.folder, lambda: ended.modules, requeue=False)
        return 0

    def sweep_ended(self, code: int) -> None:
        """Let the command end with the exit code of a sweep."""
        self.code = code

    def _run(self, config: DictConfig) -> JobResult:
        if HydraConfig.get().mode != RunMode.MULTIRUN:
            self.folder = Path(HydraConfig.get().runtime.output_dir)
        try:
            return JobResult(self._checked(config))
        except Interrupted as interruption:
            sys.exit(128 + interruption.signal_number)
        except KeyboardInterrupt:
            self._clean_up(config)
            raise
        except Exception as error:
            if self.full_error:
                raise
            return self._failed(config, error)

    def _checked(self, config: DictConfig) -> int:
        # Hydra calls back before a single run, but not before the jobs of a sweep.
        composed = HydraConfig.get()
        if composed.mode == RunMode.MULTIRUN:
            check(config, cut_short=bool(composed.runtime.choices.get("debug")))
        # A verb that reads a run makes what somebody else may have named.
        trust = self.trust if "run" in config else restriction()
        with environment_variable(FULL_ERROR, self.users_full_error), restricted_to(trust):
            return self.function(config, self.command)

    def _failed(self, config: DictConfig, error: Exception) -> JobResult:
        refused: SeedbedError | None = of_a_path(error) or out_of_memory(error)
        if refused is not None and self.verb == "train":  # The run had begun.
            refused = SeedbedError(str(refused))
        error = disk_full(error) or refused or error
        if isinstance(error, DiskFull) and HydraConfig.get().mode == RunMode.MULTIRUN:
            raise error  # The other jobs could not write either.
        code = WRONG_CONFIG if isinstance(error, ConfigError) else FAILED
        if code == WRONG_CONFIG:
            self._clean_up(config)
        if HydraConfig.get().mode != RunMode.MULTIRUN:
            self.error = error
        elif not isinstance(error, SeedbedError):  # Else the sweep says which job it was.
            self.show_traceback(error)
        return JobResult(code, str(error))

    def show_traceback(self, error: Exception) -> None:
        """Print where an error comes from; jobs that fail alike show it once."""
        *_, origin = traceback.extract_tb(error.__traceback__) or [None]
        shown = (repr(error), str(origin))
        if shown not in self._shown:
            self._shown.add(shown)
            traceback.print_exception(error)

    def _clean_up(self, config: DictConfig) -> None:
        """Take back what this process has written; for the jobs of a sweep the sweep does."""
        if (claimed := CheckBeforeRun.claimed) is not None:
            claimed.withdraw(written_by_run(claimed.path, config, HydraConfig.get().job.name))
