"""What the sweep's own process and the server of its workers tell each other."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Import(NamedTuple):
    """Order to import modules which all workers will need."""

    modules: tuple[str, ...]


class Function(NamedTuple):
    """Order to let workers call a function, which is pickled, from now on."""

    pickled: bytes


class Start(NamedTuple):
    """Order to start a worker.

    Attributes:
        name: its name among those that this sweep starts.
        environment: variables of its environment.
        device: what it has of the GPUs, in words; None: nothing.
        threads: CPU threads of its tensor operations at most.
    """

    name: str
    environment: Mapping[str, str]
    device: str | None
    threads: int


class Stop(NamedTuple):
    """Order to end with the last of the workers, whom the queue of the sweep tells to leave.

    Attributes:
        seconds: after which those that are left are killed; None: as long as they take.
    """

    seconds: float | None


class End(NamedTuple):
    """News that a worker has ended.

    Attributes:
        name: its name.
        code: its exit code; of a process that a signal has ended the signal's number, negative.
        returned: what its function has returned; None where it did not come so far.
        error: what it has raised, in a line; empty where it has raised nothing.
    """

    name: str
    code: int
    returned: Any = None
    error: str = ""
