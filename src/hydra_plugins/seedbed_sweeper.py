"""Sweeper plugin of Hydra, which finds it by its place; what it does is in seedbed.sweep."""

from collections.abc import Mapping
from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from seedbed.errors import ConfigError
from seedbed.sweep.job_runner import JobRunner


class SeedbedSweeper(Sweeper):
    """Sweeper of every combination of the axes; jobs that differ in numbers alone fuse."""

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        """`params` are axes by key; the command line goes before them."""
        self.params = dict(params or {})

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what the sweep needs; a launcher is made where jobs are handed to one.

        Raises ConfigError where the task function is no JobRunner, as that of another application.
        """
        if not isinstance(task_function, JobRunner):
            name = getattr(task_function, "__qualname__", type(task_function).__qualname__)
            raise ConfigError(f"hydra/sweeper=seedbed: sweeps jobs of seedbed train, not of {name}")
        self.hydra_context = hydra_context
        self.runner = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> None:
        """Run the jobs of the command line's words."""
        from seedbed.sweep.sweeper import Command, run_sweep

        context = self.hydra_context
        command = Command(context.config_loader, context.callbacks, self.config, self.runner)
        self.runner.sweep_ended(run_sweep(arguments, params=self.params, command=command))
