"""What a process of any kind calls in order to work on a sweep; it can be sent there."""

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hydra._internal.callbacks import Callbacks
from hydra.core.utils import setup_globals
from omegaconf import DictConfig

from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema.store import register_schema
from seedbed.config.trust.module_path import folders, set_folders
from seedbed.config.trust.restriction import restricted_to, restriction
from seedbed.errors import ConfigError
from seedbed.experiment.inferred_facts import register_inferred
from seedbed.process.parent import end_with_parent
from seedbed.sweep.job_runner import JobRunner
from seedbed.sweep.presence.cancellation import CANCELLED, is_cancelled
from seedbed.sweep.queue.launch import FORMAT, Launch, launch_file, read_launch
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.results.folder import SweepFolder
from seedbed.version import __version__


class Ended(NamedTuple):
    """How a worker has ended.

    Attributes:
        worker: its name; empty where it has claimed nothing.
        done, failed: units that it has ended, and those of them of which all jobs failed.
        why: why it works no more, where it found that there was a reason.
        refused: whether it has claimed nothing, for the reason `why`.
        signal: the signal that stopped it.
        full: why nothing more can be written; empty: it can.
    """

    worker: str = ""
    done: int = 0
    failed: int = 0
    why: str = ""
    refused: bool = False
    signal: int | None = None
    full: str = ""


@dataclass
class WorkerFunction:
    """Work on a sweep, until nothing is left to do.

    `folder` is the sweep's, `token` that of its start. `controller` is the pid of the sweep's own
    process, which processes that it started itself do not outlive. `trust` and `module_folders`
    are what that process may make, and where the user's modules lie. Without `waits` a worker ends
    as soon as nothing waits for one; with it `longest_pause` are the seconds between two looks
    (None: 2). `master` is the config of the command of who works on a sweep of somebody else's,
    which says where data lie.
    """

    folder: str
    token: str
    runner: JobRunner
    callbacks: Callbacks
    controller: int = field(default_factory=os.getpid)
    trust: tuple[str, ...] | None = field(default_factory=restriction)
    module_folders: tuple[str, ...] = field(default_factory=folders)
    waits: bool = True
    longest_pause: float | None = None
    master: DictConfig | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The process that this arrives in knows neither the resolvers nor the schema yet.
        self.__dict__.update(state)
        setup_globals()
        register_resolvers()
        register_inferred()
        register_schema()
        set_folders(self.module_folders)

    def __call__(self, started: str, device: str | None = None, threads: int = 0) -> Ended:
        """Claim units and run them; `started` says who started the worker, such as `local 3`.

        `device` and `threads` are what it trains on, for those who look on.
        """
        try:
            self.require_sweep()
        except ConfigError as error:
            return Ended(why=str(error), refused=True)
        saved = SweepFolder(self.folder).saved
        if is_cancelled(saved):
            return Ended(why=CANCELLED)
        if Queue(saved).stops_at_once():
            return Ended(why="the sweep was stopped")
        from seedbed.sweep.execution.workforce.worker_loop import WorkerLoop  # It imports torch.

        end_with_parent(self.controller)
        with restricted_to(self.trust):
            return WorkerLoop(self, started, device or "", threads).run()

    def require_sweep(self) -> Launch:
        """Return what the sweep says of its start.

        Raises ConfigError where it cannot be seen from here, has been started again since, or by
        another version of Seedbed.
        """
        host, saved = platform.node(), SweepFolder(self.folder).saved
        if not launch_file(saved).is_file():
            raise ConfigError(
                f"a worker on {host} cannot see {self.folder}: the folder of a sweep has to be "
                "shared by all machines that work on it; name another by hydra.sweep.dir"
            )
        launch = read_launch(Path(saved))
        if (launch.version, launch.format) != (__version__, FORMAT):
            raise ConfigError(
                f"a worker on {host} has seedbed {__version__}, the sweep was started by "
                f"{launch.version}; install the same version on all machines"
            )
        if launch.token != self.token:
            raise ConfigError(f"{self.folder}: the sweep was started again since")
        return launch
