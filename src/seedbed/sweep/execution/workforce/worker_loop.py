"""The loop of a worker: it claims a unit, runs it, leaves its results, and claims the next one."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import DiskFull, Interrupted, SeedbedError, disk_full
from seedbed.process import garbage_collection
from seedbed.process.signals import StopSweep
from seedbed.runs.record import now
from seedbed.sweep.configs.composer import HYDRA_CONFIG, Composer
from seedbed.sweep.configs.saved_jobs import require_trusted_jobs
from seedbed.sweep.configs.sources import SavedSource
from seedbed.sweep.execution.failures.first_units import FIRST_UNITS
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.unit import Unit, UnitResult, unit_of
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.execution.workforce.earlier import as_earlier_trials
from seedbed.sweep.execution.workforce.options import options_of
from seedbed.sweep.execution.workforce.signs import Signs
from seedbed.sweep.execution.workforce.worker_function import Ended, WorkerFunction
from seedbed.sweep.presence.cancellation import CANCELLED, is_cancelled
from seedbed.sweep.queue.launch import Launch, launch_file, read_launch
from seedbed.sweep.queue.queue import Claim, Queue
from seedbed.sweep.queue.units import Outcome
from seedbed.sweep.queue.workers import Heart, UnitProgress, new_note
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import read_plan
from seedbed.sweep.results.table import Results

# Seconds between two looks for a unit, from the first to all later ones.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
# What says that the time of a process is up.
TIME_IS_UP = (signal.SIGUSR1, signal.SIGUSR2)


class WorkerLoop:
    """Loop of a worker in this process, in the main thread or another one."""

    def __init__(self, function: WorkerFunction, started: str, device: str, threads: int) -> None:
        self.function = function
        self.folder = SweepFolder(function.folder)
        self.queue = Queue(self.folder.saved)
        self.stop = StopSweep()
        note = new_note(function.token, started, device, threads)
        self.heart = Heart(self.folder.saved, note)
        self.signs = Signs(self.folder.saved, function, note.name, self.stop)
        self.signal: int | None = None
        self.why = self.full = ""
        self._read: tuple[object, ...] = ()
        self._worker: Worker | None = None
        # Whether it has ended a unit: what fails then is not its own fault.
        self._is_proven = False

    def run(self) -> Ended:
        """Work until nothing is left to do, or somebody asks to leave."""
        quiet_lightning()
        garbage_collection.resume()
        with self.heart, self.stop, self.signs:
            try:
                # A signal comes between two units, or in the middle of a job alone.
                with self.stop.held():
                    self._work()
            except Interrupted as interruption:
                self.signal = interruption.signal_number
            if self.signal is not None and self.function.controller == os.getpid():
                self.queue.stop(at_once=True)  # The sweep's own process was asked to stop.
            left = self.signal is not None or self.why or self.full
            why = self.signs.reason or self.why or self.full
            self.heart.change(state="stopped" if left else "ended", why=why, progress=None)
        note = self.heart.note
        return Ended(note.name, note.done, note.failed, why, False, self.signal, self.full)

    def _work(self) -> None:
        pause = FIRST_PAUSE
        while not self._is_to_leave():
            if is_cancelled(self.folder.saved):
                self.why = CANCELLED
                return
            claim = self.queue.claim(self.heart.note.name)
            if claim is None:
                if self._has_no_more():
                    return
                if self.heart.note.state != "idle":
                    self.heart.change(state="idle", progress=None)
                with self.stop.released():
                    time.sleep(pause)
                pause = min(2 * pause, self.function.longest_pause or LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            self._take(claim)

    def _is_to_leave(self) -> bool:
        """Tell whether a signal came, to this handler or to that of a job, or there is a reason."""
        has_signal = self.stop.received is not None or self.signal is not None
        return has_signal or bool(self.why or self.full)

    def _has_no_more(self) -> bool:
        """Tell whether nothing waits, and nothing more will come."""
        if not self.folder.plan.is_file():
            self.why = f"{self.folder.path}: the folder of the sweep has gone"
        if not self.function.waits or self.queue.is_closed() or self.queue.is_stopped():
            return True
        return self.signs.controller_has_gone()

    def _take(self, claim: Claim) -> None:
        """Run a unit that was claimed, and give it back where that is interrupted."""
        with self.signs.of(claim):
            try:
                launch = self.function.require_sweep()
                queued = claim.read()
                with HYDRA_CONFIG:
                    self._worker_of(launch)
            except SeedbedError as error:  # Started again, or the unit was taken away.
                self.why = str(error) if claim.give_back() else ""
                return
            unit = unit_of(queued)
            progress = UnitProgress(queued.name, len(unit.jobs), claim.entry.tries, now())
            self.heart.change(state="working", progress=progress)
            try:
                try:
                    # Nor may the controller's thread change it, where this is its process.
                    with HYDRA_CONFIG:
                        result = self._result(unit)
                except (Interrupted, SystemExit, KeyboardInterrupt) as interruption:
                    self.signal = _signal_of(interruption)
                    self._leave(claim)
                else:
                    self._finish(claim, result)
            except DiskFull as error:
                self._say_disk_is_full(claim, str(error))
            except OSError as error:
                if (full := disk_full(error)) is None:
                    raise
                self._say_disk_is_full(claim, str(full))

    def _say_disk_is_full(self, claim: Claim, why: str) -> None:
        """End a unit without results: a unit that has left nothing at all says so as well."""
        self.full = why
        try:
            claim.finish(None, Outcome(full=why))
        except OSError:
            claim.finish(None)

    def _leave(self, claim: Claim) -> None:
        """Give back a unit; one that had the whole life of this worker was too much for it."""
        is_too_long = self.signal in TIME_IS_UP and not self.heart.note.done
        if is_too_long:
            claim.finish(None, Outcome(lack="time", why="ran out of time"))
        else:
            claim.give_back()

    def _result(self, unit: Unit) -> UnitResult:
        worker = self._worker
        assert worker is not None
        try:
            with ExitStack() as stack:
                if not unit.fused:
                    stack.enter_context(self.stop.released())
                result = worker.run(unit, lambda: self.stop.received)
            self.stop.stop_if_taken_for_failure(unit.fused, result.has_failed)
            return result
        except (DiskFull, Interrupted):
            raise
        except SeedbedError as error:
            self.stop.stop_if_taken_for_failure(unit.fused)
            text = str(error)
        except Exception as error:
            self.stop.stop_if_taken_for_failure(unit.fused)
            self.function.runner.show_traceback(error)
            text = f"{type(error).__name__}: {error}"
        jobs = [worker.plan.jobs[number] for number in unit.missing]
        return UnitResult([worker.failed_row(job, text) for job in jobs])

    def _finish(self, claim: Claim, result: UnitResult) -> None:
        """Leave the results of a unit where the controller finds them."""
        worker = self._worker
        assert worker is not None
        if result.has_failed and worker.options.on_failure == "stop":
            self.queue.stop()
        if result.rows:
            Results(self.queue.table(claim.entry), list(worker.plan.axes), result.rows)
        outcome = Outcome(result.refusal, result.wrong, result.lack, result.why)
        if not claim.finish(None, outcome):
            return
        note = self.heart.note
        failed = note.failed + result.all_failed
        self.heart.change(done=note.done + 1, failed=failed, progress=None)
        self._is_proven = self._is_proven or result.wrong or not result.all_failed
        may_be_wrong = failed >= FIRST_UNITS and not self._is_proven
        if may_be_wrong and not self.queue.blames_jobs():
            self.why = f"its first {failed} units failed: {result.rows[0].error}"

    def _worker_of(self, launch: Launch) -> Worker:
        """Return what runs units, anew where the plan or the start of the sweep is another."""
        files = (self.folder.plan, launch_file(self.folder.saved))
        read = tuple(map(_state_of, files))
        if self._worker is None or read != self._read:
            self._read = read
            self._worker = self._new_worker(read_launch(self.folder.saved))
        return self._worker

    def _new_worker(self, launch: Launch) -> Worker:
        master = self.function.master
        composer = Composer(SavedSource(self.folder.path, self.folder.saved, command=master))
        plan = read_plan(self.folder.plan)
        if master is not None:
            require_trusted_jobs(composer, self.folder.path, plan.jobs)
        return Worker(
            composer=composer,
            folder=self.folder,
            plan=plan,
            options=options_of(launch, self.folder.saved),
            runner=self.function.runner,
            callbacks=self.function.callbacks,
            show=self._show,
            goes_on=True,  # Another worker may have had the unit before.
            earlier=as_earlier_trials(launch.earlier),
        )

    def _show(self, progress: Progress) -> None:
        def set_progress(noted: UnitProgress) -> None:
            noted.share, noted.epoch = progress.share, progress.epoch
            if noted.already is None:
                noted.already = progress.share
            noted.best, noted.stopped = progress.best, progress.stopped

        self.heart.progress(set_progress)


def _signal_of(interruption: BaseException) -> int:
    if isinstance(interruption, Interrupted):
        return interruption.signal_number
    if isinstance(interruption, SystemExit) and isinstance(interruption.code, int):
        return interruption.code - 128
    return signal.SIGINT


def _state_of(path: Path) -> tuple[int, int, int]:
    """Return what is another when a file was written anew; opening it asks the file's server."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
