"""What the controller of a sweep asks of whatever starts workers, and is told by it."""

from typing import Literal, NamedTuple, Protocol

from seedbed.sweep.execution.workforce.worker_function import WorkerFunction
from seedbed.sweep.planning.sharing.workers import NO_WORKERS, Sharing


class Lost(NamedTuple):
    """Worker that is known to be gone.

    Attributes:
        worker: its name, or the word of `started` with which it was called.
        why: how it went, in words that follow "its worker": `died (signal 9)`.
        kind: `died`, or what it had too little of: then its unit is run in halves.
    """

    worker: str
    why: str
    kind: Literal["died", "memory", "time"] = "died"


class Workforce(Protocol):
    """What starts workers, as a base class. Nothing of it waits for a worker but `stop`.

    Attributes:
        longest_pause: Seconds between two looks of the controller at most.
    """

    longest_pause: float = 1.0

    @property
    def label(self) -> str:
        """What is at work, for messages: `4 local processes`."""

    def sharing(self) -> Sharing:
        """Return among how many workers the jobs are shared, which a plan must know."""
        return NO_WORKERS

    def label_for(self, units: int) -> str:
        """Return what is at work where there are so many units."""
        return self.label

    def told(self, units: int) -> list[str]:
        """Return what a plan of so many units says of the workers, in lines."""
        return []

    def prepare(self, alone: bool) -> None:
        """Take note that workers will be needed; `alone`: some jobs will train alone.

        It is called before any data are read, and again when it is known how the jobs train.
        """
        return

    def withdraw(self) -> None:
        """Take back what was prepared, where nothing comes of the sweep."""
        return

    def check(self) -> None:
        """Raise ConfigError where no worker can be started; nothing of the sweep is written yet."""
        return

    def open(self, function: WorkerFunction) -> None:
        """Take what each worker is to call; workers may be started from now on."""

    def ensure(self, waiting: int) -> None:
        """Start workers, so that `waiting` units are worked on.

        It is called again and again: after units were put, and as they end.
        """

    def look(self) -> list[Lost]:
        """Return the workers that have gone without a word since the last look.

        Raises a SeedbedError of a line where none can be started, or all refuse to work.
        """

    def tells_of(self, started: str) -> bool:
        """Return whether `look` is still to tell how a worker has gone that was `started` so.

        Then it is not taken for dead for its process alone, but where it gives no sign for long.
        """
        return False

    def stop(self) -> None:
        """Wait until all workers have gone, for a while, and end those that are left.

        The queue tells them by then that no more comes, or to save and leave.
        """
