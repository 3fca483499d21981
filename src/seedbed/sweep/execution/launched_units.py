"""Results and progress of units in other processes, read from the sweep's folder meanwhile.

A launcher says nothing before all that it was given is done. So each unit notes there how far it
is, and at its end the rows of its jobs.
"""

from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import TracebackType

from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.progress import read_progress
from seedbed.sweep.execution.worker import Unit, UnitResult
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.table import read_results

SECONDS_BETWEEN_LOOKS = 1.0


class LaunchedUnits:
    """Context that takes the results of units that have ended, and shows how far the others are.

    `take` enters the result of a unit. `left` are the units whose results were not found.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        folder: SweepFolder,
        display: Display,
        take: Callable[[Unit, UnitResult], object],
    ) -> None:
        self.left = list(units)
        self.folder = folder
        self.display = display
        self.take = take
        self._error: BaseException | None = None
        self._over = Event()
        self._thread = Thread(target=self._watch, name="launched-units", daemon=True)

    def __enter__(self) -> "LaunchedUnits":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look a last time; raises what went wrong meanwhile."""
        self._over.set()
        self._thread.join()
        if self._error is None:
            self.look()
        elif error is None:
            raise self._error

    def _watch(self) -> None:
        try:
            while not self._over.wait(SECONDS_BETWEEN_LOOKS):
                self.look()
        except BaseException as error:  # Another thread waits for it.
            self._error = error

    def look(self) -> None:
        """Take what there is by now."""
        running = []
        for unit in list(self.left):
            first = unit.jobs[0]
            path = self.folder.unit_results(first)
            if path.is_file():
                self.take(unit, UnitResult(read_results(path)))
                self.left.remove(unit)
            elif progress := read_progress(self.folder.unit_progress(first)):
                running.append(progress)
        self.display.show(running)
