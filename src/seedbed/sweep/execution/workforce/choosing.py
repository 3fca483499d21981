"""Which workforce runs the units of a sweep, as its config says."""

from omegaconf import DictConfig

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.experiment.build import accelerator
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.local.shares import Shares, shares_of
from seedbed.sweep.execution.workforce.local.workers import LocalWorkers
from seedbed.sweep.execution.workforce.ray_cluster.workforce import Ray
from seedbed.sweep.execution.workforce.submitted.executor import CLUSTERS
from seedbed.sweep.execution.workforce.workforce import Workforce

# Hydra's own launcher, whose part we take.
ONE_AFTER_ANOTHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
# The class that hydra/launcher=ray names.
RAY = f"{Ray.__module__}.{Ray.__qualname__}"


def workforce_of(
    master: DictConfig, options: SweepOptions, trainer: DictConfig | None = None
) -> Workforce | HydraLauncher | None:
    """Return what starts workers; None: the units run in this process, one after another.

    `master` is the config of the command, whose launcher is used. `trainer` is what jobs have; by
    default what the command says.
    """
    launcher = str(master.hydra.launcher._target_)
    if launcher == RAY:
        return Ray(master, options)
    if launcher in CLUSTERS:
        from seedbed.sweep.execution.workforce.submitted.workforce import SubmittedWorkforce

        return SubmittedWorkforce(master, options)
    if launcher != ONE_AFTER_ANOTHER:
        return HydraLauncher(master, options)
    if options.workers is not None:
        return LocalWorkers(
            _shares(options.workers, master.trainer if trainer is None else trainer)
        )
    return None


def _shares(workers: int | str, trainer: DictConfig) -> Shares:
    uses_gpu = accelerator(str(trainer.accelerator)) == "gpu"
    return shares_of(workers, uses_gpu, trainer.devices, trainer.threads)
