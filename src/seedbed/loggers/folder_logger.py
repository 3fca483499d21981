"""Base classes of the loggers that write into the run folder."""

from argparse import Namespace
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from seedbed.config.trust.restriction import is_restricted
from seedbed.errors import ConfigError, RunFolderError
from seedbed.loggers.labels import Labels


class FolderLogger(Logger):
    """Logger that is closed with the run, not with its training, and can take back what it wrote.

    Args:
        folder: The run folder.
    """

    # The run folder is the log folder.
    name = version = ""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def log_labels(self, labels: Labels) -> None:
        """Note what the run is called, before anything else is logged."""

    def go_on(self, epoch: int, step: int) -> None:
        """Go on with what the run has logged until an epoch and an optimizer step.

        What it has logged after that, and at its end, it will log again.
        """

    def close(self, status: str = "completed") -> None:
        """Write what is left; `status` is that of the run."""

    def discard(self) -> None:
        """Remove what was written into the run folder."""


class HandingOn(FolderLogger):
    """Logger that hands everything on to one of Lightning's, made when there is something to log.

    Args:
        folder: The run folder.
        package: Package that it needs.
        option: Option of `logger=`, as which the package is an extra of Seedbed's.

    Raises:
        ConfigError: The package is not installed.
    """

    def __init__(self, folder: Path, package: str, option: str) -> None:
        super().__init__(folder)
        if find_spec(package) is None:
            raise ConfigError(
                f"logger.{option}: the package {package} is not installed: "
                f"pip install 'seedbed[{option}]'"
            )
        self.option = option
        self.labels = Labels()
        # What the other package calls the run; of one that goes on, before it is made.
        self.identity: str | None = None
        self._made: Any = None

    def log_labels(self, labels: Labels) -> None:
        """Keep what the run is called until it begins elsewhere, too."""
        self.labels = labels

    def make(self) -> Logger:
        """Return the logger of Lightning's."""
        raise NotImplementedError

    @property
    def made(self) -> Any:
        """The logger of Lightning's."""
        if self._made is None:
            self._made = self.make()
        return self._made

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The object of the other package that logs."""
        return self.made.experiment

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Log numbers at a step."""
        self.made.log_metrics(metrics, step)

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Log hyperparameters."""
        if params:
            self.made.log_hyperparams(params)


def only_without_restriction(key: str, value: object) -> None:
    """Raise RunFolderError where what may be a stranger's config logs outside of its folder."""
    if is_restricted(key, value):
        raise RunFolderError(
            f"{key}={value}: it would log outside of the folder; type it, or leave it out"
        )


def run_name(folder: Path) -> str:
    """Return what a run is called elsewhere: the last two parts of its path."""
    return "/".join(folder.parts[-2:])


def as_numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as plain floats."""
    return {name: float(value) for name, value in metrics.items()}
