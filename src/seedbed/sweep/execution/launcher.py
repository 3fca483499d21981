"""Hand the units of a sweep to a launcher of Hydra's: processes, a queue, a cluster.

A launcher composes a config for each list of overrides that it is given and calls a function with
it, somewhere. Here a unit of the sweep, a whole chunk or a job, is such a list of one word, and the
function runs the unit from what the sweep has saved in its folder.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.schema.store import register_schema
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import DiskFull, Interrupted
from seedbed.process import garbage_collection
from seedbed.process.signals import StopSweep
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.sources import SavedSource
from seedbed.sweep.execution.progress import ProgressFile
from seedbed.sweep.execution.worker import Unit, UnitResult, Worker
from seedbed.sweep.job_runner import JobRunner
from seedbed.sweep.results.folder import SAVED, SweepFolder
from seedbed.sweep.results.plan_file import read_plan
from seedbed.sweep.results.table import Results

UNIT = "hydra.sweeper.unit"


@dataclass(frozen=True)
class Order:
    """A unit to run elsewhere: the numbers of its jobs, and which of them are wanted."""

    numbers: tuple[int, ...]
    fused: bool
    wanted: tuple[int, ...]


class OrderConfigs:
    """Stands in for Hydra's config loader: gives a launcher a config that names one order."""

    def load_sweep_config(self, master: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Return the sweep's own config, whose `hydra.sweeper` names the order."""
        config = deepcopy(master)
        OmegaConf.set_readonly(config.hydra, False)
        with open_dict(config):
            # The jobs of the unit make their own folders.
            config.hydra.sweep.subdir = SAVED
            config.hydra.output_subdir = None
            config.hydra.sweeper = {"unit": int(sweep_overrides[0].partition("=")[2])}
        return config


class UnitFunction:
    """What a launcher calls for each order; it can be sent to another process."""

    def __init__(
        self,
        folder: str,
        orders: Sequence[Order],
        options: SweepOptions,
        runner: JobRunner,
        callbacks: Callbacks,
    ) -> None:
        self.folder = folder
        self.orders = list(orders)
        self.options = options
        self.runner = runner
        self.callbacks = callbacks

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The process that this arrives in knows neither the resolvers nor the schema yet.
        self.__dict__.update(state)
        register_resolvers()
        register_schema()

    def __call__(self, config: DictConfig) -> UnitResult:
        """Run the order that `hydra.sweeper` names."""
        order = self.orders[HydraConfig.get().sweeper.unit]
        quiet_lightning()
        garbage_collection.resume()
        worker = self._worker(order)
        unit = Unit(tuple(worker.plan.jobs[number] for number in order.numbers), order.fused)
        result, stop = UnitResult(), StopSweep()
        try:
            with worker.folder.unit_locked(order.numbers[0]), stop:
                if worker.folder.stop.exists():
                    return result
                if order.fused:
                    with stop.held():
                        result = worker.run(unit, order.wanted, lambda: stop.received)
                else:
                    result = worker.run(unit, order.wanted)
                self._tell(worker, order, result)
        except Interrupted as interruption:
            return replace(result, interrupted=interruption.signal_number)
        except SystemExit as ended:
            return replace(result, interrupted=int(ended.code or 0) - 128)
        return result

    def _tell(self, worker: Worker, order: Order, result: UnitResult) -> None:
        """Leave the results where `LaunchedUnits` finds them before the launcher is done."""
        failed = any(row.status == "failed" for row in result.rows)
        if failed and self.options.on_failure == "stop":
            worker.folder.stop.touch()
        if result.rows:
            path = worker.folder.unit_results(order.numbers[0])
            Results(path, list(worker.plan.axes), result.rows)

    def _worker(self, order: Order) -> Worker:
        folder = SweepFolder(self.folder)
        plan = read_plan(folder.plan)
        return Worker(
            composer=Composer(SavedSource(folder.path, folder.saved)),
            folder=folder,
            plan=plan,
            options=self.options,
            runner=self.runner,
            callbacks=self.callbacks,
            watcher=ProgressFile(folder.unit_progress(order.numbers[0]), len(order.numbers)),
        )


def launch(master: DictConfig, function: UnitFunction, orders: Sequence[Order]) -> list[UnitResult]:
    """Run the orders by the launcher that the config of the sweep names, and wait for all.

    Raises DiskFull where one of them did, and what the launcher raises.
    """
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=HydraContext(config_loader=OrderConfigs(), callbacks=Callbacks()),  # type: ignore[arg-type]
        task_function=function,
        config=master,
    )
    done = launcher.launch([[f"{UNIT}={place}"] for place in range(len(orders))], 0)
    for one in done:
        if isinstance(one._return_value, DiskFull):
            raise one._return_value
    return [one.return_value for one in done]
