"""What Hydra gives a sweeper, and the same jobs composed and run by Hydra alone."""

from dataclasses import dataclass

from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.utils import create_config_search_path
from hydra.core.utils import JobReturn, JobRuntime, setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from seedbed.config.groups import config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.sources import HydraSource
from seedbed.sweep.job import Job


@dataclass
class Sweep:
    """What Hydra gives a sweeper, and a launcher of Hydra's to compare with."""

    loader: ConfigLoaderImpl
    master: DictConfig

    def composer(self) -> Composer:
        return Composer(HydraSource(self.loader, self.master))

    def launched(self, job: Job) -> JobReturn:
        """Let Hydra compose and run a job that does nothing."""
        launcher = BasicLauncher()
        launcher.setup(
            hydra_context=HydraContext(self.loader, Callbacks()),
            task_function=lambda config: None,
            config=self.master,
        )
        [done] = launcher.launch([job.overrides], initial_job_idx=job.number)
        return done


def sweep(*overrides: str) -> Sweep:
    """Return a sweep as Hydra sets it up for `seedbed train -m OVERRIDES`."""
    register_resolvers()
    register_schema()
    setup_globals()
    JobRuntime.instance().set("name", "train")
    loader = ConfigLoaderImpl(create_config_search_path(str(config_folder())))
    words = [*overrides, "hydra.mode=MULTIRUN"]
    return Sweep(loader, loader.load_configuration("train", words, RunMode.MULTIRUN))
