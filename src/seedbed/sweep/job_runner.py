"""Runner of single jobs, which the application that Hydra runs is to a sweep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from omegaconf import DictConfig

FAILED, WRONG_CONFIG = 1, 2


@dataclass(frozen=True)
class JobResult:
    """Result of a job: its exit code, and what went wrong if anything did."""

    code: int
    error: str | None = None


@runtime_checkable
class JobRunner(Protocol):
    """Task function of Hydra's that can also run a sweep; it can be sent to another process."""

    @property
    def command(self) -> list[str]:
        """The words of the command line, program and verb included."""

    def __call__(self, config: DictConfig) -> JobResult:
        """Run one job in the folder that Hydra made for it.

        Raises DiskFull in a sweep, since the other jobs could not write either, and SystemExit
        where a signal stopped the job.
        """

    def with_command(self, command: list[str]) -> "JobRunner":
        """Return a runner whose jobs say that this was their command, as their words alone."""

    def show_traceback(self, error: Exception) -> None:
        """Print where an error comes from that is no SeedbedError."""

    def sweep_begins(
        self, folder: Path, modules: Callable[[], Sequence[str]], requeue: bool
    ) -> None:
        """Take note that the command and its configs are right.

        `folder` is the sweep's; `modules` returns those that its configs name classes of; `requeue`
        is `trainer.requeue` of its jobs.
        """

    def run_detached(self) -> int:
        """Run the command as another process, and return when its sweep goes on by itself.

        The exit code is that of what ended before it did; in Python it raises what is wrong.
        """

    def sweep_ended(self, code: int) -> None:
        """Take the exit code of a sweep, for which Hydra has no way back."""
