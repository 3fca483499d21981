"""Units of a sweep handed to a launcher of Hydra's: processes, a queue, a cluster.

A launcher composes a config for each list of overrides that it is given and calls a function with
it, somewhere. Here a unit of the sweep, a whole chunk or a job, is such a list of one word, and the
function runs the unit from what the sweep has saved in its folder.
"""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.schema.store import register_schema
from seedbed.config.trust.module_path import folders, set_folders
from seedbed.config.trust.restriction import restricted_to, restriction
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import DiskFull, Interrupted
from seedbed.experiment.inferred_facts import register_inferred
from seedbed.process import garbage_collection
from seedbed.process.parent import end_with_parent
from seedbed.process.signals import StopSweep
from seedbed.sweep.configs.composer import HYDRA_CONFIG, Composer
from seedbed.sweep.configs.sources import SavedSource
from seedbed.sweep.execution.progress import ProgressFile
from seedbed.sweep.execution.worker import Unit, UnitResult, Worker
from seedbed.sweep.job_runner import JobRunner
from seedbed.sweep.results.folder import SAVED, SweepFolder
from seedbed.sweep.results.plan_file import read_plan
from seedbed.sweep.results.table import Results
from seedbed.training.trial_stopping.judge import EarlierTrial

UNIT = "unit"


class UnitConfigs:
    """Stands in for Hydra's config loader: gives a launcher a config that names a unit."""

    def load_sweep_config(self, master: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Return the sweep's own config, whose `unit` names the unit."""
        config = deepcopy(master)
        OmegaConf.set_readonly(config.hydra, False)
        with open_dict(config):
            # The jobs of the unit make their own folders.
            config.hydra.sweep.subdir = SAVED
            config.hydra.output_subdir = None
            config.unit = int(sweep_overrides[0].partition("=")[2])
        return config


@dataclass
class UnitFunction:
    """What a launcher calls for each unit; it can be sent to another process.

    `folder` is the sweep's, `options` are the keys of `sweep`. `controller` is the pid of the
    sweep's own process, which processes that it started itself do not outlive. `trust` and
    `module_folders` are what that process may make, and where the user's modules lie. `goes_on`
    says that the sweep was begun before. `launch` is the number of the launch; a process of one
    that was given up runs nothing. `earlier` are the trials that the rule of a search sees.
    """

    folder: str
    units: Sequence[Unit]
    options: SweepOptions
    runner: JobRunner
    callbacks: Callbacks
    controller: int = field(default_factory=os.getpid)
    trust: tuple[str, ...] | None = field(default_factory=restriction)
    module_folders: tuple[str, ...] = field(default_factory=folders)
    goes_on: bool = False
    launch: int = 0
    earlier: Sequence[EarlierTrial] = ()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The process that this arrives in knows neither the resolvers nor the schema yet.
        self.__dict__.update(state)
        register_resolvers()
        register_inferred()
        register_schema()
        set_folders(self.module_folders)

    def __call__(self, config: DictConfig) -> UnitResult:
        """Run the unit that `unit` names; HydraConfig is the process's, and may say another."""
        # Nor may the controller's thread change it meanwhile, where this runs in its process.
        with restricted_to(self.trust), HYDRA_CONFIG:
            return self._run(self.units[config.unit])

    def _run(self, unit: Unit) -> UnitResult:
        end_with_parent(self.controller)
        quiet_lightning()
        garbage_collection.resume()
        worker = self._worker(unit)
        result, stop = UnitResult(), StopSweep()
        try:
            with worker.folder.unit_locked(unit.jobs[0]), stop:
                if worker.folder.stop.exists() or worker.folder.newest_launch() > self.launch:
                    return result
                with stop.held() if unit.fused else nullcontext():
                    result = worker.run(unit, lambda: stop.received)
                self._tell(worker, unit, result)
        except Interrupted as interruption:
            return replace(result, interrupted=interruption.signal_number)
        except SystemExit as ended:
            return replace(result, interrupted=int(ended.code or 0) - 128)
        return result

    def _tell(self, worker: Worker, unit: Unit, result: UnitResult) -> None:
        """Leave the results where `LaunchedUnits` finds them before the launcher is done."""
        failed = any(row.status == "failed" for row in result.rows)
        if failed and self.options.on_failure == "stop":
            worker.folder.stop.touch()
        if result.rows:
            path = worker.folder.unit_results(unit.jobs[0])
            Results(path, list(worker.plan.axes), result.rows)

    def _worker(self, unit: Unit) -> Worker:
        folder = SweepFolder(self.folder)
        return Worker(
            composer=Composer(SavedSource(folder.path, folder.saved)),
            folder=folder,
            plan=read_plan(folder.plan),
            options=self.options,
            runner=self.runner,
            callbacks=self.callbacks,
            show=ProgressFile(folder.unit_progress(unit.jobs[0])).note,
            goes_on=self.goes_on,
            earlier=list(self.earlier),
        )


def launch(master: DictConfig, function: UnitFunction) -> list[UnitResult]:
    """Run the units by the launcher that the config of the sweep names, and wait for all.

    Raises DiskFull where one of them did, and what the launcher raises.
    """
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=HydraContext(config_loader=UnitConfigs(), callbacks=Callbacks()),  # type: ignore[arg-type]
        task_function=function,
        config=master,
    )
    done = launcher.launch([[f"{UNIT}={place}"] for place in range(len(function.units))], 0)
    for job in done:
        if isinstance(job._return_value, DiskFull):
            raise job._return_value
    return [job.return_value for job in done]
