"""The sweeper that Hydra finds by its place; what it does is in seedbed.sweep."""

from collections.abc import Mapping
from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class SeedbedSweeper(Sweeper):
    """Runs every combination of the axes; jobs that differ in numbers alone side by side."""

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        """`params` are axes by key; the command line goes before them."""
        self.params = dict(params or {})

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what the sweep needs; a launcher is made where jobs are handed to one."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> None:
        """Run the jobs of the command line's words."""
        from seedbed.sweep.sweeper import run_sweep

        run_sweep(
            arguments,
            params=self.params,
            loader=self.hydra_context.config_loader,
            callbacks=self.hydra_context.callbacks,
            master=self.config,
            task_function=self.task_function,
        )
