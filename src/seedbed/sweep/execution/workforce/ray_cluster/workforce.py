"""Workforce whose workers are tasks of Ray, as `hydra/launcher=ray` has it."""

import os
import pickle
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.schema.launcher import RayLauncher
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.validation import check
from seedbed.errors import ConfigError, ProcessLost
from seedbed.sweep.execution.workforce.ray_cluster.driver import Driver
from seedbed.sweep.execution.workforce.ray_cluster.messages import (
    Connected,
    Ensure,
    Work,
)
from seedbed.sweep.execution.workforce.worker_function import WorkerFunction
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce
from seedbed.sweep.planning.sharing.workers import Sharing
from seedbed.sweep.queue.workers import Workers
from seedbed.sweep.results.folder import SweepFolder
from seedbed.version import __version__

SECONDS_TO_SAVE = 20.0
SECONDS_BETWEEN_LOOKS = 0.05
# Tasks in a row that end before a worker has begun there; then it is no accident.
MOST_STILLBORN = 5


class Ray(Workforce):
    """Workers that are tasks of Ray.

    `master` is the config of the command, `options` are the keys of `sweep`.
    """

    def __init__(self, master: DictConfig, options: SweepOptions) -> None:
        self.node: DictConfig = master.hydra.launcher
        self.most = options.workers if type(options.workers) is int else None
        self.driver: Driver | None = None
        self.found: Connected | None = None
        self.function: WorkerFunction | None = None
        # Tasks whose workers take no more, as others might in their place.
        self.stopped: list[int] = []
        self.ended: set[int] = set()
        self.stillborn = 0

    @property
    def label(self) -> str:
        """What is at work: `Ray at 10.0.0.5:6379, 3 nodes`."""
        if self.found is None:
            return "Ray"
        nodes = f"{self.found.nodes} node" + "s" * (self.found.nodes != 1)
        where = "of this machine" if self.found.own else f"at {self.found.address}"
        return f"Ray {where}, {nodes}"

    def sharing(self) -> Sharing:
        """Return what a plan must know of the workers, for which Ray must be known."""
        self.check()
        assert self.found is not None
        workers = self.most or self.found.room
        return Sharing(workers, on_memory=min(workers, self.found.room_on_a_node))

    def told(self, units: int) -> list[str]:
        """Return what a plan says of the workers."""
        workers = self.most or (self.found.room if self.found is not None else 0)
        return [f"workers {workers:,} on {self.label}"] if workers else []

    def prepare(self, alone: bool) -> None:
        """Begin to connect to Ray, or to start one, while the sweep is planned."""
        if self.driver is not None:
            return
        if find_spec("ray") is None:
            raise ConfigError(
                "hydra/launcher=ray: ray is not installed. Install it with: "
                "pip install 'seedbed[launchers]'"
            )
        options = checked_options(self.node)
        init, remote = _given(options["init"]), _given(options["remote"])
        address = init.pop("address", None) or address_of_this_process()
        self.driver = Driver(address, init, remote)

    def check(self) -> None:
        """Wait until Ray is there; raises ConfigError where no worker can be started there."""
        self.prepare(alone=False)
        if self.found is None:
            self.found = self._driver.connected()

    def withdraw(self) -> None:
        """End the connection to Ray, where nothing came of the sweep."""
        if self.driver is not None and self.function is None:
            self.driver.end(at_once=True)
            self.driver = self.found = None

    def open(self, function: WorkerFunction) -> None:
        """Take what each worker is to call; workers may be started from now on."""
        self.check()
        # The number of this process may be that of another one on another machine.
        self.function = function = replace(function, controller=0)
        self._driver.send(
            Work(pickle.dumps(function), __version__, function.folder, os.path.abspath(os.curdir))
        )

    def ensure(self, waiting: int) -> None:
        """Start workers, so that `waiting` units are worked on."""
        if waiting > 0:
            # One at least goes on, where it is the jobs that are wrong.
            less = min(len(self.stopped), self._room - 1)
            self._driver.send(Ensure(waiting, self.most, less))

    def look(self) -> list[Lost]:
        """Return the workers that have gone without a word since the last look.

        Raises ConfigError where all refuse to work, and ProcessLost where Ray has gone.
        """
        lost = []
        for task in self._driver.ended():
            self.ended.add(task.number)
            if task.ended is not None:
                self._take(task.number, task.ended)
            else:
                self.stillborn += 0 if self._has_begun(task.number) else 1
                lost.append(
                    Lost(_started(task.number), task.why, "memory" if task.memory else "died")
                )
            if self.stillborn >= MOST_STILLBORN:
                raise ProcessLost(f"{self.label}: no worker comes to work: {task.why}")
        return lost

    def tells_of(self, started: str) -> bool:
        """Return whether Ray is still to tell how a worker has gone."""
        kind, _, number = started.partition(" ")
        return kind == "ray" and number.isdecimal() and int(number) not in self.ended

    def stop(self) -> None:
        """Wait until all workers have gone, for a while, and end those that are left."""
        if self.driver is None:
            return
        deadline = time.monotonic() + SECONDS_TO_SAVE
        try:
            while self._at_work() and time.monotonic() < deadline:
                time.sleep(SECONDS_BETWEEN_LOOKS)
                self.ended |= {task.number for task in self._driver.ended()}
        except ProcessLost:
            pass  # Ray has gone, and its workers with it.
        finally:
            self.driver.end()
            self.driver = self.found = None

    @property
    def _driver(self) -> Driver:
        assert self.driver is not None
        return self.driver

    @property
    def _room(self) -> int:
        return max(1, min(self.most or self._driver.room, self._driver.room))

    def _take(self, number: int, ended: Mapping[str, Any]) -> None:
        """Take note of what a worker says that has ended by itself.

        Raises ConfigError where all nodes have refused.
        """
        self.stillborn = 0
        if ended["refused"]:
            if self._driver.room <= 0:
                raise ConfigError(ended["why"])
            print(f"seedbed: {ended['why']}; other nodes work on", file=sys.stderr)
        elif ended["failed"] and ended["why"] and ended["signal"] is None and not ended["full"]:
            self.stopped.append(number)

    def _notes(self) -> dict[str, bool]:
        """Return by who started them which workers have begun, and whether they are there still."""
        assert self.function is not None
        seen = Workers(SweepFolder(self.function.folder).saved).look().values()
        own = [each for each in seen if each.note.token == self.function.token]
        return {each.note.started: not each.has_left for each in own}

    def _has_begun(self, number: int) -> bool:
        return _started(number) in self._notes()

    def _at_work(self) -> bool:
        """Return whether a worker is there that has not ended."""
        if self.function is None:
            return False
        ended = {_started(number) for number in self.ended}
        return any(is_there and name not in ended for name, is_there in self._notes().items())


def checked_options(node: DictConfig) -> dict[str, Any]:
    """Return what is to be said to Ray; raises ConfigError where a value is out of its limits."""
    typed = OmegaConf.merge(OmegaConf.structured(RayLauncher), node)
    try:
        check(typed)  # type: ignore[arg-type]
    except ConfigError as error:
        lines = [f"hydra.launcher.{line}" for line in str(error).splitlines()]
        raise ConfigError("\n".join(lines)) from None
    options: Any = OmegaConf.to_container(typed.ray, resolve=True)
    return dict(options)


def _started(number: int) -> str:
    return f"ray {number}"


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are neither null nor empty."""
    return {name: value for name, value in arguments.items() if value is not None and value != {}}


def address_of_this_process() -> str | None:
    """Return the address of the Ray that this process is connected to, or works for, if any."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return None
    return str(ray.get_runtime_context().gcs_address)
