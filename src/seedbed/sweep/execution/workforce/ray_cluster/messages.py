"""Messages between the controller of a sweep and the starter, which is Ray's driver.

Both are processes of one machine and one version; they have a pipe for themselves.
"""

from typing import Any, NamedTuple

# ---- To the starter ------------------------------------------------------------------------------


class Connect(NamedTuple):
    """Connect to Ray, or start one.

    Attributes:
        address: as `ray.init` takes it; None: that of RAY_ADDRESS, else of a `ray start` on this
            machine, else a Ray of its own is started.
        init: other arguments of `ray.init`.
        remote: options of the task that each worker is.
        temporary: folder for what a Ray of its own writes.
    """

    address: str | None
    init: dict[str, Any]
    remote: dict[str, Any]
    temporary: str


class Work(NamedTuple):
    """What each task does.

    Attributes:
        function: pickled function, which is called with `started` and `threads`.
        version: of Seedbed.
        folder: of the sweep.
        working_folder: of the controller, which paths in a config are relative to.
    """

    function: bytes
    version: str
    folder: str
    working_folder: str


class Ensure(NamedTuple):
    """Start tasks while there are fewer of them than are wanted.

    Attributes:
        new: how many more are of use.
        most: how many there may be; None: as many as the cluster has room for.
        less: how many of those would not work.
    """

    new: int
    most: int | None
    less: int = 0


class Stop(NamedTuple):
    """End all tasks, and the connection."""


# ---- From the starter ----------------------------------------------------------------------------


class Connected(NamedTuple):
    """What Ray was found.

    Attributes:
        address: of the head node.
        own: whether it was started for the sweep.
        nodes: how many there are.
        room: how many workers have room at once.
        room_on_a_node: how many of them share the memory of a node at most.
    """

    address: str
    own: bool
    nodes: int
    room: int
    room_on_a_node: int


class Refused(NamedTuple):
    """Why no task can be started: a line for the user, beginning with the key or the address."""

    why: str


class Room(NamedTuple):
    """How many workers have room by now."""

    workers: int


class TaskEnded(NamedTuple):
    """A task has ended.

    Attributes:
        number: of the task.
        ended: what the function returned, by the names of its fields; None: it did not return.
        why: why it did not.
        memory: whether for want of memory.
    """

    number: int
    ended: dict[str, Any] | None
    why: str = ""
    memory: bool = False
