"""Workers that a launcher of Hydra's starts, any that has no workforce of its own: joblib, rq.

Such a launcher composes a config for each list of overrides that it is given, calls a function with
it, somewhere, and comes back when all calls have. Here each list names a worker, and the function
works on the sweep as long as units wait.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

from hydra._internal.callbacks import Callbacks
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.errors import DiskFull
from seedbed.sweep.execution.workforce.worker_function import Ended, WorkerFunction
from seedbed.sweep.planning.sharing.workers import Sharing
from seedbed.sweep.results.folder import SAVED

# The key of a config that says which worker it is for.
WORKER = "worker"


class WorkerConfigs:
    """Stands in for Hydra's config loader: gives a launcher a config that names a worker."""

    def load_sweep_config(self, master: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Return the sweep's own config, whose `worker` is the number of the worker."""
        config = deepcopy(master)
        OmegaConf.set_readonly(config.hydra, False)
        with open_dict(config):
            # The jobs make their own folders.
            config.hydra.sweep.subdir = SAVED
            config.hydra.output_subdir = None
            config[WORKER] = int(sweep_overrides[0].partition("=")[2])
        return config


@dataclass
class CalledByLauncher:
    """What a launcher calls: works on the sweep; it can be sent to another process."""

    function: WorkerFunction
    name: str

    def __call__(self, config: DictConfig) -> Ended:
        """Work, as the worker that the config names."""
        return self.function(f"{self.name} {config[WORKER]}")


class HydraLauncher:
    """Launcher that the config of a sweep names.

    Attributes:
        label: its class, for messages.
        name: its name in `hydra/launcher`, with which the words of who started a worker begin.
    """

    def __init__(self, master: DictConfig, options: SweepOptions) -> None:
        self.master = master
        self.most = options.workers if type(options.workers) is int else None
        self.label = str(master.hydra.launcher._target_).rpartition(".")[2]
        self.name = self.label.removesuffix("Launcher").lower()

    def label_for(self, units: int) -> str:
        """Return its class, whatever the units."""
        return self.label

    def check(self) -> None:
        """Whether it can start anything is seen when it does."""

    def sharing(self) -> Sharing:
        """Return among how many workers the jobs are shared, which a plan must know."""
        return Sharing(self.most or 1, self.most or 1)

    def told(self, units: int) -> list[str]:
        """Return what a plan of so many units says of the workers."""
        count = self._count(units)
        limit = f" of at most {self.most:,}" if self.most is not None and count < self.most else ""
        return [f"workers {count:,}{limit}, started by {self.name}"]

    def _count(self, waiting: int) -> int:
        return min(self.most or waiting, waiting)

    def launch(self, function: WorkerFunction, waiting: int) -> list[Ended]:
        """Let workers work as long as anything waits, and wait for them.

        `waiting` is how many units do. Raises DiskFull where one of them did, and what the launcher
        raises, as where a process has died.
        """
        called = CalledByLauncher(replace(function, waits=False), self.name)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(config_loader=WorkerConfigs(), callbacks=Callbacks()),  # type: ignore[arg-type]
            task_function=called,
            config=self.master,
        )
        workers = range(self._count(waiting))
        done = launcher.launch([[f"{WORKER}={number}"] for number in workers], 0)
        for job in done:
            if isinstance(job._return_value, DiskFull):
                raise job._return_value
        return [job.return_value for job in done]
