"""Units of a sweep handed out to workers: put into the queue, and their results taken from it."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from threading import Event, Thread
from typing import Protocol

from seedbed.errors import ConfigError, DiskFull, Interrupted, ProcessLost, SeedbedError
from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.failures.first_units import Failed, FirstUnits
from seedbed.sweep.execution.failures.tries import Tries
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.unit import Unit, UnitResult, counts_text
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.execution.workforce.earlier import to_be_told
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.worker_function import Ended, WorkerFunction
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce
from seedbed.sweep.presence.cancellation import is_cancelled
from seedbed.sweep.queue.launch import Launch, launch_file, new_token, write_launch
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import Entry
from seedbed.sweep.queue.workers import Seen, UnitProgress, Workers
from seedbed.sweep.results.table import read_results
from seedbed.terminal.telling import tell_progress

# Seconds between two looks: from the first after a change to all later ones.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
SECONDS_BETWEEN_LOOKS = 1.0
# Seconds between two checks that no unit has got lost from the queue.
SECONDS_BETWEEN_CHECKS = 10.0
# Seconds for workers to save that nobody looks after.
SECONDS_TO_SAVE = 20.0


class Taking(Protocol):
    """What the controller does with units."""

    def allowed(self, units: Sequence[Unit]) -> list[Unit]:
        """Return what of some units may run, which may be other ones; enter what may not."""

    def take(self, unit: Unit, result: UnitResult) -> list[Unit]:
        """Enter the results of a unit; return what is to run in its place after all."""

    def lost(self, unit: Unit, why: str, kind: str = "died") -> list[Unit]:
        """Count that a unit has come to no end; return what is to run in its place."""

    def stops_now(self) -> bool:
        """Return whether a failure ends the sweep."""


class HandingOut:
    """Handing out of units to workers.

    `taking` is the controller; `tries` are told of workers that were lost.
    """

    def __init__(
        self,
        worker: Worker,
        workforce: Workforce | HydraLauncher,
        display: Display,
        tries: Tries,
        taking: Taking,
    ) -> None:
        self.worker = worker
        self.workforce = workforce
        self.display = display
        self.tries = tries
        self.taking = taking
        self.saved = worker.folder.saved
        self.queue, self.workers = Queue(self.saved), Workers(self.saved, watches=True)
        self.token = new_token()
        # Units whose results were not taken yet, by their names.
        self.left: dict[str, Unit] = {}
        self._held_back: list[Unit] = []
        self._said_lost: dict[str, Lost] = {}
        # Since when units run whose workers nobody knows.
        self._unknown: dict[Entry, float] = {}
        # Units that were in no folder at the last check, and when that was.
        self._nowhere: set[str] = set()
        self._checked = time.monotonic()
        self._has_lost = False
        self._function: WorkerFunction | None = None
        self._changed = False
        self._told = ""
        self._taken = 0
        may_be_workers = worker.options.on_failure != "stop"
        self._first = FirstUnits(worker.options.retries if may_be_workers else 0)

    def run(
        self,
        units: Sequence[Unit],
        held: Callable[[], object],
        requested: Callable[[], bool] = lambda: False,
    ) -> None:
        """Let workers run units, and what is to run in their place, until nothing is left.

        A signal raises Interrupted, but not in a block of `held`, where `requested` tells of it.
        """
        self._tell_workers()
        self._put_all(self._without_suspects(units))
        while self.left or self._held_back or self._enter_all(self._first.all()):
            if not self.left and not self._held_back:
                return
            if not self.left:
                self._put_all([self._held_back.pop(0)])
            if isinstance(self.workforce, HydraLauncher) and self._has_work():
                self._launch(self.workforce, held, requested)
            elif isinstance(self.workforce, HydraLauncher):
                self._look_for_a_while(held)
            else:
                self._supervise(self.workforce, held)

    def _has_work(self) -> bool:
        """Return whether workers are to be started: units wait, and nobody has cancelled them."""
        return bool(self.queue.waiting()) and not is_cancelled(self.saved)

    def begin(self) -> WorkerFunction:
        """Make the queue, and return what each worker calls."""
        self.workers.forget()
        self.queue.begin()
        function = WorkerFunction(
            folder=str(self.worker.folder.path.resolve()),
            token=self.token,
            runner=self.worker.runner,
            callbacks=self.worker.callbacks,
        )
        return function

    def _tell_workers(self) -> None:
        """Write down what workers have to know, and make the queue where there is none yet."""
        launch = Launch(
            token=self.token,
            options=asdict(self.worker.options),
            command=list(self.worker.runner.command),
            goes_on=self.worker.goes_on,
            earlier=to_be_told(self.worker.earlier),
        )
        write_launch(self.saved, launch)
        if self._function is None:
            self._function = self.begin()
            if not isinstance(self.workforce, HydraLauncher):
                self.workforce.open(self._function)

    def _put_all(self, units: Sequence[Unit]) -> None:
        for unit in units:
            self._put(unit)
        if units:
            told = self.workforce.label_for(len(units))
            text = f"{told} runs {counts_text(units)}"
            if text != self._told:  # The generations of a search are alike.
                tell_progress(text)
            self._told = text

    def _put(self, unit: Unit) -> None:
        self.left[unit.name] = unit
        self.queue.put(unit.queued(), self.tries.count(unit))
        self._changed = True

    # Workers that are started and looked after

    def _supervise(self, workforce: Workforce, held: Callable[[], object]) -> None:
        pause, longest = FIRST_PAUSE, min(LONGEST_PAUSE, workforce.longest_pause)
        while self.left:
            if not is_cancelled(self.saved):  # Else the signal comes that stops this process.
                workforce.ensure(self.queue.count_waiting())
            self._changed = False
            with held():  # type: ignore[attr-defined]
                self.look(workforce.look())
            pause = FIRST_PAUSE if self._changed else min(2 * pause, longest)
            if self.left:
                time.sleep(pause)

    def look(self, lost: Sequence[Lost] = (), finds_lost: bool = True) -> None:
        """Take the results that there are, show how far the others are, give back lost ones."""
        for entry in self.queue.done():
            self._take(entry)
        self._settle_first_units()
        workers = self.workers.look()
        self._said_lost |= {each.worker: each for each in lost}
        running = self.queue.running()
        self._unknown = {entry: self._unknown[entry] for entry in running if entry in self._unknown}
        for entry in running if finds_lost else ():
            if (gone := self._gone(workers.get(entry.worker), entry)) is not None:
                self._lose(entry, gone)
        self._show(running, workers)
        if time.monotonic() - self._checked > SECONDS_BETWEEN_CHECKS:
            self._put_what_is_nowhere()

    def _put_what_is_nowhere(self) -> None:
        """Put units again that are in no folder of the queue, however that came about.

        A file system may say that a rename has failed which it has done, and files can be removed.
        """
        self._checked = time.monotonic()
        if not launch_file(self.saved).is_file():
            raise ProcessLost(f"{self.worker.folder.path}: the folder of the sweep has gone")
        # In the order in which units move, so that none is missed that moves meanwhile.
        states = (self.queue.waiting, self.queue.running, self.queue.done)
        names = {entry.unit for state in states for entry in state()}
        nowhere = self.left.keys() - names
        # One that was given back may have been missed once.
        lost, self._nowhere = sorted(nowhere & self._nowhere), nowhere - self._nowhere
        for name in lost:
            numbers = self.left[name].jobs[0]
            print(f"seedbed: job {numbers} is no more in the queue; put again", file=sys.stderr)
            self._put(self.left[name])

    def _take(self, entry: Entry) -> None:
        unit = self.left.pop(entry.unit, None)
        if unit is None:  # Nobody waits for it.
            self.queue.forget(entry)
            return
        self._changed = True
        self._taken += 1
        outcome, table = self.queue.outcome(entry), self.queue.table(entry)
        rows = read_results(table) if table.is_file() else []
        result = UnitResult(rows, outcome.refusal, outcome.wrong, outcome.lack, outcome.why)
        if outcome.full or result.is_nothing:
            where = f"no space left where {entry.worker} works"
            raise DiskFull(outcome.full or where)
        if self._first.keep(entry.worker, unit, result):
            self.queue.forget(entry)
            return
        more = self.taking.take(unit, result)
        self.queue.forget(entry)
        self._put_instead(more)

    def _put_instead(self, units: Sequence[Unit]) -> None:
        """Put what is to run in the place of a unit, unless its failure ends the sweep."""
        if self.taking.stops_now():
            self._take_none_that_waits()
        elif units:
            self.queue.go_on()
            self._put_all(units)

    def _enter_all(self, failed: Sequence[Failed]) -> bool:
        """Enter failures that are the jobs' own; return whether there are any."""
        for unit, result in failed:
            self._put_instead(self.taking.take(unit, result))
        return bool(failed)

    def _settle_first_units(self) -> None:
        """Enter what failed at a worker that is right, and hand out the rest once more."""
        again = [unit for unit, _ in self._first.of_stopped()]
        self._put_all(self.taking.allowed(again))
        self._enter_all(self._first.of_proven())
        if self._first.blames_jobs:
            self.queue.blame_jobs()
            self._enter_all(self._first.all())

    def _take_none_that_waits(self) -> None:
        """Forget what waits: a failure ends the sweep. What runs by now comes to its end."""
        self.queue.stop()
        self._held_back.clear()
        for entry in self.queue.waiting():
            if self.queue.retract(entry):
                self.left.pop(entry.unit, None)

    def _show(self, running: Sequence[Entry], workers: dict[str, Seen]) -> None:
        shown = []
        for entry in running:
            seen = workers.get(entry.worker)
            noted = seen.note.progress if seen is not None else None
            if noted is not None and noted.unit == entry.unit and entry.unit in self.left:
                shown.append(_progress(noted))
        self.display.show(shown)

    # Workers that are lost

    def _gone(self, seen: Seen | None, entry: Entry) -> Lost | None:
        """Return how the worker of a unit has gone; None: it has not."""
        names = (entry.worker, seen.note.started) if seen is not None else (entry.worker,)
        for name in names:
            if name in self._said_lost:
                return self._said_lost[name]
        lost_after = self.worker.options.lost_after
        if seen is not None:
            why = seen.gone(lost_after)
        else:  # Its file was removed, or cannot be read.
            silence = time.monotonic() - self._unknown.setdefault(entry, time.monotonic())
            why = f"left no sign for {silence:.0f} s" if silence > lost_after else ""
        if seen is not None and seen.age <= lost_after and self._is_told(seen):
            return None
        return Lost(entry.worker, why) if why else None

    def _is_told(self, seen: Seen) -> bool:
        """Return whether those who started a worker will say how it has gone."""
        if isinstance(self.workforce, HydraLauncher):
            return False
        return self.workforce.tells_of(seen.note.started)

    def _lose(self, entry: Entry, lost: Lost) -> None:
        """Give back a unit whose worker is gone, or what is to run in its place."""
        if entry.unit not in self.left or not self.queue.retract(entry):
            return
        unit = self.left.pop(entry.unit)
        self._changed = self._has_lost = True
        print(
            f"seedbed: the worker of job {unit.jobs[0]} {lost.why}: {lost.worker}", file=sys.stderr
        )
        self._put_all(self.taking.lost(unit, lost.why, lost.kind))

    # Launchers that come back when all has ended

    def _launch(
        self,
        launcher: HydraLauncher,
        held: Callable[[], object],
        requested: Callable[[], bool],
    ) -> None:
        """Let a launcher start workers as long as units wait; see who has died when it is back.

        A signal does not reach the launcher, which would kill its workers: they save and leave.
        """
        assert self._function is not None
        error: Exception | None = None
        ended: list[Ended] = []
        before = self._taken

        def look() -> None:
            if requested():
                self.queue.stop(at_once=True)
            self.look(finds_lost=False)

        with held(), _looking(look):  # type: ignore[attr-defined]
            try:
                ended = launcher.launch(self._function, len(self.queue.waiting()))
            except (SeedbedError, DiskFull):
                raise
            except Exception as problem:
                error = problem
        for each in ended:
            if each.full:
                raise DiskFull(each.full)
        signals = [each.signal for each in ended if each.signal is not None]
        if signals and (self.queue.stops_at_once() or self._taken == before):
            raise Interrupted(signals[0])
        if died := self._left_by(launcher):
            self._after_deaths(died, error)
        elif error is not None:
            raise error
        elif ended and all(each.refused for each in ended):
            raise ConfigError(ended[0].why)
        elif self._taken == before and not is_cancelled(self.saved):
            raise ProcessLost(f"{launcher.label} came back and had run nothing")

    def _left_by(self, launcher: HydraLauncher) -> list[Entry]:
        """Return the units that run still though the launcher's workers have all gone.

        Workers that others have started may be at work.
        """
        workers, left = self.workers.look(), []
        for entry in self.queue.running():
            seen = workers.get(entry.worker)
            is_its_own = seen is None or seen.note.started.startswith(f"{launcher.name} ")
            if entry.unit in self.left and is_its_own:
                left.append(entry)
        return left

    def _look_for_a_while(self, held: Callable[[], object]) -> None:
        """Take what workers end that others have started, while nothing waits."""
        with held():  # type: ignore[attr-defined]
            self.look()
        if self.left:
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _after_deaths(self, died: Sequence[Entry], error: Exception | None) -> None:
        """Count the unit whose process has died; of several each is run by itself later."""
        units = [self.left.pop(entry.unit) for entry in died if self.queue.retract(entry)]
        self._has_lost = True
        self.tries.die(units, "died")
        numbers = ", ".join(str(unit.jobs[0]) for unit in units)
        how = f": {_line(error)}" if error is not None else ""
        print(f"seedbed: a process died that ran job {numbers}{how}", file=sys.stderr)
        self._put_all(self._without_suspects(self.taking.allowed(units)))

    def _without_suspects(self, units: Sequence[Unit]) -> list[Unit]:
        """Return units without those whose process may have died, which run by themselves later.

        So no other one is blamed for them. Processes that die one by one say which it was.
        """
        if not isinstance(self.workforce, HydraLauncher):
            return list(units)
        suspects = [unit for unit in units if self.tries.is_suspect(unit)]
        self._held_back += suspects
        return [unit for unit in units if unit not in suspects]

    # At the end

    def close(self, error: BaseException | None = None) -> None:
        """Let all workers end, and remove the queue; after an error they save and leave at once.

        What has its results by then is taken.
        """
        if self._function is None:
            return
        if error is not None:
            self.queue.stop(at_once=True)
        self.queue.close()
        try:
            if not isinstance(self.workforce, HydraLauncher):
                self.workforce.stop()
            self._wait_for_the_others()
            if error is not None:
                with suppress(SeedbedError):
                    for entry in self.queue.done():
                        self._take(entry)
        finally:
            self.queue.remove()
            if error is None:
                self.workers.remove()
                launch_file(self.saved).unlink(missing_ok=True)
                if self._has_lost:
                    self.worker.folder.remove_leftovers()

    def _wait_for_the_others(self) -> None:
        """Wait a while for workers that others have started, until they have saved and left."""
        end = time.monotonic() + SECONDS_TO_SAVE
        while time.monotonic() < end:
            workers = self.workers.look()
            seen = [workers.get(entry.worker) for entry in self.queue.running()]
            if all(each is None or self._is_gone(each) for each in seen):
                return
            time.sleep(FIRST_PAUSE)

    def _is_gone(self, seen: Seen) -> bool:
        return bool(seen.gone(self.worker.options.lost_after))


@contextmanager
def _looking(look: Callable[[], None]) -> Iterator[None]:
    """Look again and again in a thread while the block waits, and once at its end.

    Raises what went wrong meanwhile.
    """
    over, errors = Event(), list[BaseException]()

    def watch() -> None:
        try:
            while not over.wait(SECONDS_BETWEEN_LOOKS):
                look()
        except BaseException as error:  # Another thread waits for it.
            errors.append(error)

    thread = Thread(target=watch, name="handing-out", daemon=True)
    thread.start()
    raised = True
    try:
        yield
        raised = False
    finally:
        over.set()
        thread.join()
        if not errors:
            look()
    if errors and not raised:
        raise errors[0]


def _progress(noted: UnitProgress) -> Progress:
    return Progress(noted.jobs, noted.share, noted.epoch, noted.best, noted.stopped)


def _line(error: Exception) -> str:
    """Return an error in a line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
