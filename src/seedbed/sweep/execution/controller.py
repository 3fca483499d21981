"""Controller of a sweep: it runs what is still to run, and keeps the table."""

import os
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.errors import DiskFull, Interrupted, ProcessLost, SeedbedError, stopped_by
from seedbed.process.signals import StopSweep
from seedbed.runs.folder import RECORD, RunFolder
from seedbed.runs.record import DONE, MEASURED
from seedbed.runs.whole.files import remove_leftovers
from seedbed.sweep.execution.closing.report import how_to_go_on, tell_the_end
from seedbed.sweep.execution.continued_jobs import states_to_keep
from seedbed.sweep.execution.cross_validation.follow_up import follow_up
from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.failures.halves import can_be_split, split
from seedbed.sweep.execution.failures.tries import Tries
from seedbed.sweep.execution.handing_out import HandingOut
from seedbed.sweep.execution.jobs_done import jobs_done
from seedbed.sweep.execution.judging import earlier_trials
from seedbed.sweep.execution.unit import Unit, UnitResult, alone
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.workforce import Workforce
from seedbed.sweep.job import Job
from seedbed.sweep.planning.rounds import PlannedRound
from seedbed.sweep.presence.cancellation import (
    forget_cancellation,
    is_cancelled,
    stopping_when_cancelled,
)
from seedbed.sweep.results.folder import WRITTEN_INTO, SweepFolder
from seedbed.sweep.results.generations import generation_of
from seedbed.sweep.results.judged import pareto_ranks
from seedbed.sweep.results.plan_file import Round, SweepPlan
from seedbed.sweep.results.table import Results, Row
from seedbed.sweep.results.together import Together, groups_of
from seedbed.sweep.search.sampler import Sampler
from seedbed.sweep.search.searches import searched
from seedbed.terminal.words import jobs_text, relative

if TYPE_CHECKING:
    from seedbed.sweep.execution.search_journal import SearchJournal

FAILED = 1
# Jobs whose errors are shown; the others are counted.
MOST_SHOWN = 5
# Jobs of a search that may fail before any has ended; with more of them it stops.
ENOUGH_FAILURES = 10


class Controller:
    """Controller of the jobs of a sweep; those that are done are known by the table and folders.

    `workforce` starts workers that the units are handed out to; None (default): they run here. Of a
    sweep that was begun before ConfigError is raised where a job's folder or row is not of the job.
    `retries` is how often a trial of a search is run again that failed; None: it is no search.
    """

    def __init__(
        self,
        worker: Worker,
        display: Display,
        workforce: Workforce | HydraLauncher | None = None,
        retries: int | None = None,
    ) -> None:
        self.worker = worker
        self.display = display
        self.folder: SweepFolder = worker.folder
        self.plan: SweepPlan = worker.plan
        self.options: SweepOptions = worker.options
        self.stop = StopSweep()
        self.started = time.monotonic()
        self.goes_on = worker.goes_on
        self.is_search = retries is not None
        self.tries = Tries(self.folder, self.options.retries, retries or 0)
        if self.goes_on:
            self.tries.read()
        self.handing_out = (
            None if workforce is None else HandingOut(worker, workforce, display, self.tries, self)
        )
        self.journal: SearchJournal | None = None
        self.done = jobs_done(worker, self._has_failed_for_good) if self.goes_on else []

    def progress_text(self) -> str:
        """Return what of a sweep that goes on is still to run."""
        of, where = jobs_text(len(self.plan.jobs)), relative(self.folder.path)
        left = len(self.plan.jobs) - len(self.done)
        return f"sweep  {where}: {len(self.done):,} of {of} done, {left:,} to run"

    def run(self, rounds: Iterable[PlannedRound], sampler: Sampler) -> int:
        """Run what is missing of the rounds and print the closing table; return the exit code.

        The sampler is told how the jobs of a round ended before the next round is asked for. Raises
        DiskFull; a signal ends the process with its code. Both say how to go on.
        """
        self._open()
        if searched(sampler) is not None:
            from seedbed.sweep.execution.search_journal import SearchJournal  # It imports Optuna.

            self.journal = SearchJournal(self.folder, self.plan, sampler)
            self.journal.add(self.done)
        with self._stopped_when_asked():
            self._run_rounds(rounds, sampler)
        self._finish_results()
        self._forget_states({row.number for row in self.results.rows if row.status in DONE})
        code = self._close()
        completed = all(row.status in MEASURED for row in self.results.rows)
        return code if completed else FAILED

    @contextmanager
    def _stopped_when_asked(self) -> Iterator[None]:
        """Let a signal or a cancellation stop the block, after saving."""
        cancelled = stopping_when_cancelled(self.folder.saved, self.stop)
        with self._going_on_later(), self.stop, cancelled:
            yield

    @contextmanager
    def _going_on_later(self) -> Iterator[None]:
        """Enter what has ended and say how to go on, where the block is stopped.

        That is by a signal, which ends the process with its code, a full disk, or lost workers.
        """
        try:
            yield
        except (Interrupted, SystemExit, KeyboardInterrupt) as interruption:
            self._interrupted(interruption)
        except (DiskFull, ProcessLost) as error:
            self._finish_results()
            raise type(error)(f"{error}; {how_to_go_on(self.worker)}") from None
        except SeedbedError:
            if self.folder.plan.is_file():  # Else its folder has gone.
                self._finish_results()
            raise

    def _open(self) -> None:
        """Begin the table, and remove what a sweep that was killed has left of jobs to run."""
        for name in WRITTEN_INTO:
            if not (self.folder.path / name).is_symlink():
                remove_leftovers(self.folder.path / name)
        axes, jobs_of_trial = list(self.plan.axes), self.plan.jobs_of_trial
        self.results = Results(self.folder.results, axes, self.done, jobs_of_trial)
        self.folder.forget_units()
        forget_cancellation(self.folder.saved)
        self.tries.begin()
        done = {row.number for row in self.done}
        kept = self._forget_states(done)
        for job in self.plan.jobs if self.goes_on else ():
            if job.number not in done:
                self._clear_up(job, kept)
        self._prune()  # A kill may have come in the middle of it.

    def _forget_states(self, done: set[int]) -> set[int]:
        """Remove the states that no job goes on from; return the jobs that have one."""
        kept = states_to_keep(self.plan, self.folder, done)
        for path in self.folder.states():
            if path not in kept:
                path.unlink(missing_ok=True)
        groups = groups_of(self.plan)
        return {number for group in groups for number in group.jobs if _has_state(self, group)}

    def _clear_up(self, job: Job, with_state: Collection[int]) -> None:
        """Remove what a job that runs has left, unless it goes on from there."""
        path = self.worker.folders.path(job)
        if path.parent != self.folder.path:
            remove_leftovers(path.parent)
        if job.number in with_state or self.worker.goes_on_alone(job):
            RunFolder(path).remove_leftovers()
        else:
            self.worker.folders.remove(job)

    def _run_rounds(self, rounds: Iterable[PlannedRound], sampler: Sampler) -> None:
        self.display.open(self.done)
        try:
            with self._workers_ending():
                for planned in rounds:
                    self._run_round(planned)
                    if self.stops_now():
                        if self.is_search:
                            self.tries.stop()
                        return
                    if self._all_have_failed():
                        return
                    sampler.tell(self._results_of(planned.round))
        finally:
            self.display.close()

    @contextmanager
    def _workers_ending(self) -> Iterator[None]:
        """Let the workers end at the end of the block, after an error at once."""
        try:
            yield
        except BaseException as error:
            if self.handing_out is not None:
                self.handing_out.close(error)
            raise
        if self.handing_out is not None:
            self.handing_out.close()

    def _results_of(self, planned: Round) -> list[Row]:
        """Return the rows of a round in the order of its jobs, with their finite metrics."""
        rows = {row.number: row for row in self.results.rows}
        return [
            replace(row, metrics={k: v for k, v in row.metrics.items() if isfinite(v)})
            for row in (rows[job.number] for job in planned.jobs)
        ]

    def _has_failed_for_good(self, row: Row) -> bool:
        """Return whether a trial of a search is not run again: the next ones depend on it."""
        if not self.is_search or row.status != "failed":
            return False
        is_in_last_round = row.number >= self.plan.rounds[-1].jobs[0].number
        return not (self.tries.stopped and is_in_last_round)

    # Running

    def _run_round(self, planned: PlannedRound) -> None:
        """Run what is missing of a round; what a chunk refuses is run job by job."""
        self._enter_axes()
        is_newest = planned.round.jobs[-1].number == self.plan.jobs[-1].number
        if self.journal and self.goes_on and is_newest:
            self.journal.write()  # Whole, whatever a kill, or somebody, has left of it.
        self._look_back(planned)
        self.display.expect(len(self.plan.jobs))
        self._expect_generation(planned.round)
        self._refuse(planned)
        units = []
        for unit in self._units(planned):
            lacked = self.tries.lacked_memory(unit) and can_be_split(self.plan, unit)
            units += self._halves(unit) if lacked else [unit]
        units = self.allowed(units)
        if self.handing_out is not None:
            self.handing_out.run(units, self.stop.held, self.stop.requested)
            return
        while units:
            units = self.allowed(self._run_here(units))

    def _look_back(self, planned: PlannedRound) -> None:
        """Let the rule of a search see the trials of the generations before."""
        if self.worker.rule is not None:
            first = planned.round.jobs[0].number
            self.worker.earlier[:] = earlier_trials(self.plan, self.results.rows, first)

    def allowed(self, units: Sequence[Unit]) -> list[Unit]:
        """Return what of some units may run, after the processes of some of them have died.

        Jobs side by side train alone then, and a job alone has failed.
        """
        allowed, failed = [], []
        for unit in units:
            if self.tries.may_run(unit):
                allowed.append(unit)
            elif unit.fused:
                count, how = jobs_text(len(unit.jobs)), self.tries.death(unit)
                print(f"{count} one after another: {how}", file=sys.stderr)
                allowed += [each for each in alone(unit) if self.tries.may_run(each)]
                failed += [each for each in alone(unit) if not self.tries.may_run(each)]
            else:
                failed.append(unit)
        rows = [
            self.worker.failed_row(self.plan.jobs[unit.jobs[0]], self.tries.death(unit))
            for unit in failed
        ]
        if rows:
            self._enter(rows)
        return [] if self.stops_now() else allowed

    def lost(self, unit: Unit, why: str, kind: str = "died") -> list[Unit]:
        """Count that a unit has come to no end; return what is to run in its place.

        That is the unit again, but its halves where it had too little memory or time.
        """
        self.tries.die([unit], why)
        if kind == "died" or not can_be_split(self.plan, unit) or not self.tries.may_run(unit):
            return self.allowed([unit])
        return self.allowed(self._halves(unit))

    def _halves(self, unit: Unit) -> list[Unit]:
        halves = split(self.folder, self.plan, unit)
        self.tries.inherit(unit, halves)
        count = jobs_text(len(unit.jobs))
        print(f"{count} in two halves: {self.tries.death(unit)}", file=sys.stderr)
        return halves

    def _expect_generation(self, planned: Round) -> None:
        """Let the display count the trials of a search, and its generations."""
        search, generation = self.plan.search, generation_of(self.plan, planned)
        if search is not None and generation is not None:
            lanes = self.plan.jobs_of_trial
            self.display.expect_generation(*generation, search.trials, lanes)

    def _refuse(self, planned: PlannedRound) -> None:
        """Enter the jobs of a round that do not run, with what is wrong with them."""
        done = {row.number for row in self.results.rows}
        rows = [
            Row(number, self.worker.axes(self.plan.jobs[number]), "failed", "", error=error)
            for number, error in planned.refused.items()
            if number not in done
        ]
        if rows:
            self._enter(rows)

    def _enter(self, rows: Sequence[Row]) -> None:
        self.results.add(rows)
        self.display.add(rows)
        if self.journal:
            self.journal.add(rows)
            self.journal.write()
        _tell_errors(rows)

    def _units(self, planned: PlannedRound) -> list[Unit]:
        """Return what is to run: chunks, as they were planned, before single jobs."""
        done, known = {row.number for row in self.results.rows}, planned.numbers
        numbers_of_round = {job.number for job in planned.round.jobs}
        units = []
        for group in groups_of(self.plan):
            missing = tuple(number for number in group.newest if number not in done)
            if missing and group.jobs[0] in numbers_of_round:
                numbers = [known[number] for number in group.jobs if number in known]
                jobs, numbers_of_jobs = tuple(group.jobs), tuple(numbers)
                what = group.time, group.epoch, group.part
                units.append(Unit(jobs, True, missing, numbers_of_jobs, *what))
        alone = sorted(number for jobs in planned.round.alone.values() for number in jobs)
        return units + [Unit((n,), False, (n,)) for n in alone if n not in done]

    def _enter_axes(self) -> None:
        """Give the table the axes that the newest round has added, with the values of all jobs."""
        if self.results.axes != list(self.plan.axes):
            jobs = self.plan.jobs
            self.results.change_axes(
                {row.number: self.worker.axes(jobs[row.number]) for row in self.results.rows}
            )

    def _run_here(self, units: Sequence[Unit]) -> list[Unit]:
        """Run units one after another; return the jobs that have to train alone after all."""
        refused: list[Unit] = []
        for unit in units:
            self.display.start(len(unit.jobs), unit.jobs[0])
            held = self.stop.held() if unit.fused else nullcontext()
            with self.tries.running(unit), held:
                result = self.worker.run(unit, lambda: self.stop.received)
                self.stop.stop_if_taken_for_failure(unit.fused, result.has_failed)
                refused += self.take(unit, result)
            self.stop.stop_if_requested()
            if self.stops_now():
                return []
        return refused

    def take(self, unit: Unit, result: UnitResult) -> list[Unit]:
        """Enter the results of a unit; return the jobs that have to train alone after all."""
        if result.refusal is not None:
            count = jobs_text(len(unit.jobs))
            print(f"{count} one after another: {result.refusal}", file=sys.stderr)
            return alone(unit)
        if result.lack:
            return self.lost(unit, result.why, result.lack)
        if self._is_run_again(unit, result):
            return [unit]
        first = unit.jobs[0] if unit.fused else None
        self._enter(self.worker.with_reports(result.rows, first))
        self._prune()
        return []

    def _is_run_again(self, unit: Unit, result: UnitResult) -> bool:
        """Return whether a unit that has failed is run again, and make way for it.

        A job whose config is wrong, which leaves no record, is not.
        """
        failed = bool(result.rows) and all(row.status == "failed" for row in result.rows)
        if not self.is_search or not failed or result.wrong:
            return False
        job = self.plan.jobs[unit.jobs[0]]
        if not unit.fused and not (self.worker.folders.path(job) / RECORD).is_file():
            return False
        if not self.tries.fail(unit):
            return False
        error = result.rows[0].error
        print(f"seedbed: job {job.number} failed and is run again: {error}", file=sys.stderr)
        for number in unit.missing:
            self.worker.folders.remove(self.plan.jobs[number])
        return True

    def _all_have_failed(self) -> bool:
        """Tell whether a search is of no use: none of its first trials, however long, has ended."""
        rows = self.results.rows
        is_enough = self.is_search and len(rows) >= ENOUGH_FAILURES
        return is_enough and all(row.status == "failed" for row in rows)

    def stops_now(self) -> bool:
        """Tell whether a failure ends the sweep."""
        if self.options.on_failure != "stop":
            return False
        known = {row.number for row in self.done}
        return any(row.status == "failed" and row.number not in known for row in self.results.rows)

    # Folders

    def _prune(self) -> None:
        """Remove the folders that `sweep.keep` does not keep."""
        if self.worker.keeps_all:
            return
        best = self.worker.kept(self.results.rows) if self.options.keep == "best" else []
        for row in self.results.forget_folders(kept={row.number for row in best}):
            if os.path.lexists(self.folder.path / row.folder):
                self.worker.folders.remove(self.plan.jobs[row.number])

    # At the end

    def _interrupted(self, interruption: BaseException) -> None:
        code = 130
        if isinstance(interruption, Interrupted):
            code = 128 + interruption.signal_number
        elif isinstance(interruption, SystemExit):
            code = int(interruption.code or 0)
        self._add_recorded()
        self._finish_results()
        done = f"{len(self.results.rows):,} of {jobs_text(len(self.plan.jobs))} done"
        how = "cancelled" if is_cancelled(self.folder.saved) else stopped_by(code - 128)
        print(f"seedbed: {how}, {done}; {how_to_go_on(self.worker)}", file=sys.stderr)
        sys.exit(code)

    def _add_recorded(self) -> None:
        """Enter jobs that ended elsewhere, before the launcher could say so."""
        known = {row.number for row in self.results.rows}
        missing = [job for job in self.plan.jobs if job.number not in known]
        rows = [self.worker.recorded(job) for job in missing] if self.handing_out else []
        self.results.add([row for row in rows if row is not None and row.status in DONE])

    def _finish_results(self) -> None:
        """Write the table in the order of the jobs, with what is known when they have ended."""
        self.results.finish(pareto_ranks(self.results.rows, self.plan.objectives))

    def _close(self) -> int:
        """Print the closing table and what follows it; return an exit code."""
        rows, stopped = self.results.rows, ""
        if self.stops_now():
            left = len(self.plan.jobs) - len(rows)
            stopped = f"at the first failure, {left:,} not run; {how_to_go_on(self.worker)}"
        elif self._all_have_failed():
            stopped = f"all of {jobs_text(len(rows))} have failed; see why, and begin again"
        best = tell_the_end(self.worker, rows, time.monotonic() - self.started, stopped)
        if best is None or self.plan.folds is None or self.stops_now():
            return 0
        with self._stopped_when_asked():
            return follow_up(self.worker, best)


def _has_state(controller: Controller, group: Together) -> bool:
    own = controller.folder.state(*group.key)
    return own.is_file() or group.epoch > 0


def _tell_errors(rows: Sequence[Row]) -> None:
    """Say why jobs did not complete; of many, the first few."""
    wrong = [row for row in rows if row.error is not None]
    for row in wrong[:MOST_SHOWN]:
        print(f"seedbed: job {row.number} {row.status}: {row.error}", file=sys.stderr)
    if len(wrong) > MOST_SHOWN:
        more = len(wrong) - MOST_SHOWN
        print(f"seedbed: and {more:,} more; results.csv says why", file=sys.stderr)
