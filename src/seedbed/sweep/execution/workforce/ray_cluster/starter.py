"""Starter: the process that is Ray's driver for a sweep.

    python -m seedbed.sweep.execution.workforce.ray_cluster.starter DESCRIPTOR PID

It talks with the controller, the process PID, over the pipe of that descriptor, and ends with it.
What Ray prints goes where the controller has put this process's output.
"""

import logging
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Collection
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from seedbed.sweep.execution.workforce.ray_cluster.messages import (
    Connect,
    Connected,
    Ensure,
    Refused,
    Room,
    Stop,
    TaskEnded,
    Work,
)

# Of an address that does not answer; Ray would try for more than nine minutes.
SECONDS_TO_ANSWER = 5.0
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_COUNTS = 5.0
ADDRESS = "hydra.launcher.ray.init.address"
# Resources by which Ray counts, and the options that ask for them.
_COUNTED = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}


class CannotStart(Exception):
    """Reason in one line why no task can be started."""


class Starter:
    """Driver of Ray that starts tasks when it is told to, and says how they end."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self.connection = connection
        self.tasks: dict[Any, int] = {}
        self.started = 0
        self.work: Work | None = None
        self.temporary = ""
        # Nodes whose workers refuse to work.
        self.refusing: set[str] = set()
        self._counted = 0.0
        self._room = 0

    def run(self) -> None:
        """Do as the controller says until it says to stop, or has gone."""
        try:
            while True:
                if self.connection.poll(SECONDS_BETWEEN_LOOKS):
                    message = self.connection.recv()
                    if isinstance(message, Stop):
                        return
                    self._obey(message)
                if self.tasks:
                    self._look()
        except CannotStart as error:
            self.connection.send(Refused(str(error)))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # The controller has gone.

    def _obey(self, message: object) -> None:
        if isinstance(message, Connect):
            self.remote, self.temporary = message.remote, message.temporary
            address, own = connect(message)
            rooms = rooms_of_nodes(message.remote)
            self._room = sum(rooms)
            if not self._room:
                raise CannotStart(no_room(message.remote))
            found = Connected(address, own, len(rooms), self._room, max(rooms))
            self.connection.send(found)
        elif isinstance(message, Work):
            self.work = message
        elif isinstance(message, Ensure):
            self._ensure(message)

    def _ensure(self, message: Ensure) -> None:
        if message.most is None and time.monotonic() - self._counted > SECONDS_BETWEEN_COUNTS:
            self._count()
        most = self._room if message.most is None else message.most
        for _ in range(min(message.new, most - message.less - len(self.tasks))):
            self._start()

    def _count(self) -> None:
        """Count again how many workers have room."""
        self._counted = time.monotonic()
        room = sum(rooms_of_nodes(self.remote, self.refusing))
        if room != self._room:
            self._room = room
            self.connection.send(Room(room))

    def _start(self) -> None:
        import ray

        from seedbed.sweep.execution.workforce.ray_cluster import task

        assert self.work is not None
        if not self.started:
            ray.cloudpickle.register_pickle_by_value(task)
        self.started += 1
        threads = max(1, int(self.remote.get("num_cpus") or 1))
        options = self.remote
        if self.refusing:
            others = {"ray.io/node-id": f"!in({','.join(sorted(self.refusing))})"}
            options = {**options, "label_selector": {**options.get("label_selector", {}), **others}}
        function = ray.remote(**options)(task.work)
        self.tasks[function.remote(self.started, *self.work, threads)] = self.started

    def _look(self) -> None:
        """Say which tasks have ended."""
        import ray

        ended, _ = ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=0)
        for reference in ended:
            number = self.tasks.pop(reference)
            try:
                result = TaskEnded(number, ray.get(reference))
            except ray.exceptions.RayError as error:
                result = _died(number, error)
            if result.ended is not None and result.ended["refused"]:
                self.refusing.add(result.ended["node"])
                self._count()
            self.connection.send(result)


def _died(number: int, error: Exception) -> TaskEnded:
    """Return what to say of a task that did not return; raises CannotStart where none would."""
    import ray.exceptions as known

    text = str(error)
    node = re.search(r"Node IP: ([\w.:-]+)", text, re.IGNORECASE)
    if isinstance(error, known.NodeDiedError):
        return TaskEnded(number, None, f"died with its node{f' {node[1]}' if node else ''}")
    if isinstance(error, known.OutOfMemoryError):
        return TaskEnded(number, None, f"ran out of memory: {_line(text)}", memory=True)
    if isinstance(error, known.RuntimeEnvSetupError | known.TaskUnschedulableError):
        raise CannotStart(f"ray cannot start a worker: {_lines(text)}")
    if isinstance(error, known.WorkerCrashedError):
        return TaskEnded(number, None, "was killed, or crashed")
    if isinstance(error, known.RayTaskError):
        cause = getattr(error, "cause", None)
        text = f"{type(cause).__name__}: {cause}" if cause is not None else _last_line(text)
        return TaskEnded(number, None, f"ended with {_line(text)}")
    return TaskEnded(number, None, f"ended with {type(error).__name__}: {_line(text)}")


# ---- Connecting ----------------------------------------------------------------------------------


def connect(message: Connect) -> tuple[str, bool]:
    """Connect to Ray; return its address, and whether it was started for this sweep.

    Raises CannotStart.
    """
    import ray

    address = found_address(message.address)
    own = address is None
    if not own and (typed := [key for key in _OF_A_NEW_ONE if key in message.init]):
        raise CannotStart(
            f"hydra.launcher.ray.init.{typed[0]}={message.init[typed[0]]}: ray runs already at "
            f"{address}; leave it out, or add {ADDRESS}=local to start another one"
        )
    arguments = dict(message.init)
    if own:
        arguments = {**_NEW, "_temp_dir": message.temporary, **arguments}
    try:
        context = ray.init(
            address="local" if own else address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **arguments,
        )
    except Exception as error:
        where = f"{ADDRESS}={address}" if address else "ray cannot be started"
        raise CannotStart(f"{where}: {explained(error)}") from None
    return str(getattr(context, "address_info", {}).get("gcs_address", address)), own


# Of a Ray that is started: arguments that a running one refuses, and those that it gets.
_OF_A_NEW_ONE = ("num_cpus", "num_gpus", "resources", "object_store_memory")
_NEW: dict[str, Any] = {"include_dashboard": False, "object_store_memory": 100_000_000}


def found_address(address: str | None) -> str | None:
    """Return the address of the Ray that runs already; None: one must be started.

    `address` is the argument of `ray.init`. Raises CannotStart where what it names is silent.
    """
    from ray._private.services import canonicalize_bootstrap_address

    named = address or os.environ.get("RAY_ADDRESS")
    if named and "://" in named:
        require_answer(named.partition("://")[2], named)
        return named
    if named and named not in ("auto", "local"):
        require_answer(named, named)
    try:
        found = canonicalize_bootstrap_address(address)
    except ConnectionError:
        raise CannotStart(f"{ADDRESS}={named}: no Ray runs on this machine") from None
    except Exception as error:
        raise CannotStart(f"{ADDRESS}={named}: {_line(str(error))}") from None
    if found is None:
        return None
    try:
        require_answer(found, named or found)
    except CannotStart:
        if named:
            raise
        return None  # What a `ray start` has left that was killed.
    return str(found)


def require_answer(address: str, named: str) -> None:
    """Raise CannotStart where nothing listens at HOST:PORT, which stands for what was `named`."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotStart(f"{ADDRESS}={named}: not HOST:PORT, auto or local")
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
    except OSError as error:
        reason = (
            "no such host" if isinstance(error, socket.gaierror) else str(error.strerror or error)
        )
        # Ray takes another address of this machine for that of its loopback.
        tried = "" if address in named else f"{address}, which Ray takes in its place, "
        raise CannotStart(f"{ADDRESS}={named}: {tried}does not answer: {reason.lower()}") from None


def explained(error: Exception) -> str:
    """Return in a line why Ray could not be connected to."""
    versions = re.search(
        r"cluster was started with:\s*Ray: (\S+)\s*Python: (\S+)\s*This process.*?"
        r"Ray: (\S+)\s*Python: (\S+)",
        str(error),
        re.DOTALL,
    )
    if versions is None:
        return _line(str(error))
    theirs, own = versions.groups()[:2], versions.groups()[2:]
    return (
        f"runs Ray {theirs[0]} on Python {theirs[1]}, and this is Ray {own[0]} on Python {own[1]}; "
        "they must be equal"
    )


# ---- Room ----------------------------------------------------------------------------------------


def rooms_of_nodes(remote: dict[str, Any], without: Collection[str] = ()) -> list[int]:
    """Return how many tasks of these options have room at once on each node.

    Nodes whose ids are among those of `without` (default: none) have none.
    """
    import ray

    nodes = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] not in without]
    return [room_of(node["Resources"], asked_for(remote)) for node in nodes]


def asked_for(remote: dict[str, Any]) -> dict[str, float]:
    """Return the resources that a task takes, by the names that nodes have them under."""
    asked = {name: float(remote.get(option) or 0) for option, name in _COUNTED.items()}
    asked |= {name: float(number) for name, number in remote.get("resources", {}).items()}
    if kind := remote.get("accelerator_type"):
        asked[f"accelerator_type:{kind}"] = 0.001
    return {name: number for name, number in asked.items() if number > 0}


def room_of(node: dict[str, float], asked: dict[str, float]) -> int:
    """Return how many tasks a node has room for; those that take nothing count as one a core."""
    counts = [int(node.get(name, 0) / number + 1e-9) for name, number in asked.items()]
    return min(counts) if counts else max(1, int(node.get("CPU", 1)))


def no_room(remote: dict[str, Any]) -> str:
    """Return what to say where no node can ever run a task."""
    import ray

    asked = asked_for(remote)
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    largest = {name: max((node.get(name, 0) for node in nodes), default=0) for name in asked}
    lacking = [name for name, number in asked.items() if largest[name] < number] or list(asked)
    names = {name: option for option, name in _COUNTED.items()}
    keys = [names.get(name, "resources") for name in lacking]
    keys = [
        "accelerator_type" if name.startswith("accelerator") else key
        for name, key in zip(lacking, keys, strict=True)
    ]
    found = ", ".join(f"{largest[name]:g} {name}" for name in lacking)
    return (
        f"hydra.launcher.ray.remote.{keys[0]}={remote[keys[0]]}: no node of this Ray has that; "
        f"the largest has {found}"
    )


def _line(text: str) -> str:
    """Return the first line of a text, without what Ray colours it with."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    return next((line for line in lines if line), "it says nothing")[:300]


def _lines(text: str) -> str:
    """Return the first two lines of a text, of which the second says why."""
    lines = text.strip().splitlines()
    return " ".join(_line(line) for line in [*lines[:1], *filter(str.strip, lines[1:3])][:2])


def _last_line(text: str) -> str:
    return _line("\n".join(reversed(text.strip().splitlines())))


def _end_with(parent: int) -> None:
    """End this process once its parent has gone, whatever Ray is waiting for."""
    while os.getppid() == parent:
        time.sleep(1.0)
    time.sleep(SECONDS_TO_ANSWER)
    os._exit(1)


def main() -> None:
    """Run the starter; at the end of it all tasks have ended."""
    Thread(target=_end_with, args=(int(sys.argv[2]),), daemon=True).start()
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    starter = Starter(connection)
    starter.run()
    if "ray" in sys.modules:
        import ray

        ray.shutdown()
    if starter.temporary:  # The controller may have been killed.
        shutil.rmtree(starter.temporary, ignore_errors=True)


if __name__ == "__main__":
    main()
