"""Progress line of a sweep: a live one on a terminal and in a notebook, plain ones elsewhere."""

import sys
import time
from collections.abc import Sequence
from math import inf, isfinite
from statistics import mean
from typing import Any

from seedbed.runs.record import now
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.presence.controller import RunningUnit
from seedbed.sweep.results.configurations import ranked_column, value_of
from seedbed.sweep.results.table import Row
from seedbed.terminal.notebook import NotebookLine, in_notebook
from seedbed.terminal.telling import what_is_told

SECONDS_BETWEEN_LINES = 5.0
SHORTEST_BAR, LONGEST_BAR = 6, 24
# Status of a trial that a rule has stopped.
STOPPED_EARLY = "stopped_early"


class Display:
    """Progress line: jobs done of all, the epoch, the best so far, failures, and the time left.

    Of a search it begins with the generation, counts trials, and says how many were stopped early.
    Where its trials have several jobs the best is that of the means of whole trials.
    """

    def __init__(self, metric: str, mode: str, jobs_of_trial: int = 1) -> None:
        """`metric` is the watched one, `mode` says whether `min` or `max` of it is better.

        `jobs_of_trial` is how many jobs, numbered one after another, are judged by their mean.
        """
        self.jobs = 0
        self.metric = metric
        self.sign = 1.0 if mode == "min" else -1.0
        self.done = self.before = self.wrong = self.stopped = 0
        # Of a search: the generation in words, and the jobs of a trial.
        self.generation, self.lanes = "", 0
        self.best = inf
        self.jobs_of_trial = jobs_of_trial
        # Of trials of several jobs: what each job that has ended reached, by its number.
        self._of_trials: dict[int, dict[int, float | None]] = {}
        # The units that run now, and of one in this process its first job and when it began.
        self.units: list[Progress] = []
        self._here: tuple[int, str] | None = None
        # The share that was done when it was first shown: much, where it goes on.
        self._already: float | None = None
        self._started = self._printed = time.monotonic()
        self._live: Any = None
        # Threads that watch processes do not know what is told.
        self._is_shown = what_is_told().progress
        self._notebook = NotebookLine() if in_notebook() else None

    def open(self, rows: Sequence[Row]) -> None:
        """Begin; `rows` are the jobs that were done before."""
        self._started = self._printed = time.monotonic()
        self._count(rows)
        self.before = self.done
        if self._is_shown and self._notebook is None and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._live = Live(
                get_renderable=lambda: self._bar(console.width),
                console=console,
                refresh_per_second=4,
            )
            self._live.start()

    def expect(self, jobs: int) -> None:
        """So many jobs are known by now, those that are done among them."""
        self.jobs = jobs

    def expect_generation(self, number: int, of: int | None, trials: int, lanes: int = 1) -> None:
        """The generation of this number begins, from 1, of a search of so many trials in all.

        `of` is how many generations there are, None where that is not known; `lanes` are the jobs
        of a trial.
        """
        self.generation = f"generation {number:,}" + (f" of {of:,}" if of else "")
        self.lanes, self.jobs = lanes, trials * lanes

    def close(self) -> None:
        """End the live line."""
        if self._is_shown and self._notebook is not None:
            self._notebook.show("  ".join(self._words()), last=True)
        if self._live is not None:
            self._live.stop()
            self._live = None

    def start(self, jobs: int, first: int | None = None) -> None:
        """A unit of so many jobs begins; `first` is its first one where this process runs it."""
        self.units = [Progress(jobs)]
        self._here, self._already = None if first is None else (first, now()), None

    def running_here(self) -> RunningUnit | None:
        """Return the unit that runs in this process, and how far it is; None where none does."""
        here, units = self._here, self.units
        if here is None or len(units) != 1:
            return None
        [unit], (first, began) = units, here
        already = self._already or 0.0
        return RunningUnit(
            first, unit.jobs, began, unit.share, already, epoch=unit.epoch, best=unit.best
        )

    def show(self, units: Sequence[Progress]) -> None:
        """These units run, and are so far."""
        self.units = list(units)
        if self._already is None and len(units) == 1:
            self._already = units[0].share
        if self.jobs_of_trial == 1:
            for unit in units:
                self._reached(unit.best)
        self._line()

    def add(self, rows: Sequence[Row]) -> None:
        """Jobs have ended."""
        self.units = []
        self._here = None
        self._count(rows)
        self._line()

    def _count(self, rows: Sequence[Row]) -> None:
        self.done += len(rows)
        self.stopped += sum(row.status == STOPPED_EARLY for row in rows)
        self.wrong += sum(row.status not in ("completed", STOPPED_EARLY) for row in rows)
        for row in rows:
            self._ended(row)

    def _ended(self, row: Row) -> None:
        """Take note of what a job that has ended reached, or its trial if it is whole by now."""
        value = value_of(row, ranked_column(self.metric, "best"))
        if self.jobs_of_trial == 1:
            self._reached(value)
            return
        trial = self._of_trials.setdefault(row.number // self.jobs_of_trial, {})
        trial[row.number] = value
        known = [each for each in trial.values() if each is not None]
        if len(known) == self.jobs_of_trial:
            self._reached(mean(known))

    def _reached(self, value: float | None) -> None:
        if value is not None and isfinite(value):
            self.best = min(self.best, self.sign * value)

    def _line(self) -> None:
        """Show it in a notebook; print a line elsewhere, if there is no terminal and it is time."""
        if not self._is_shown:
            return
        if self._notebook is not None:
            self._notebook.show("  ".join(self._words()))
            return
        now = time.monotonic()
        if self._live is None and now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            print("  ".join(self._words()), file=sys.stderr, flush=True)

    def _words(self) -> list[str]:
        running = sum(unit.jobs for unit in self.units)
        stopped = self.stopped + sum(unit.stopped for unit in self.units)
        words = [self._count_text()]
        if running:
            going = running - sum(unit.stopped for unit in self.units)
            count = f"{going:,} running" if running > 1 else ""
            epoch = self.units[0].epoch if len(self.units) == 1 else ""
            words.append(", ".join(word for word in (count, epoch) if word))
        if isfinite(self.best):
            words.append(f"best {self.metric} {self.sign * self.best:.6g}")
        if stopped:
            words.append(f"{stopped // max(1, self.lanes):,} stopped early")
        if self.wrong:
            words.append(f"{self.wrong:,} failed or diverged")
        return [*words, self._time()]

    def _count_text(self) -> str:
        """Return what is done of all, in trials where a search counts them."""
        if not self.lanes:
            return f"{self.done:,} of {self.jobs:,} jobs"
        done, trials = self.done // self.lanes, self.jobs // self.lanes
        return f"{self.generation}  {done:,} of {trials:,} trials"

    def _time(self) -> str:
        seconds = time.monotonic() - self._started
        trained = self.done - self.before + self._partly()
        if not trained:
            return f"{seconds:.0f} s"
        left = seconds / trained * (self.jobs - self.before - trained)
        # What is left after the last epoch is to write, nobody knows how long.
        return f"{seconds:.0f} s" + (f", {left:.0f} s left" if left >= 0.5 else "")

    def _partly(self) -> float:
        """Return what the running units have trained, in jobs."""
        return sum(unit.jobs * unit.share for unit in self.units)

    def _bar(self, width: int) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        jobs, *words = self._words()
        text = "  ".join(words)
        room = width - len(jobs) - len(text) - len("   ")
        if room < SHORTEST_BAR:
            return Text(f"{jobs}  {text}")
        row = Table.grid(padding=(0, 1))
        done = self.done + self._partly()
        bar = ProgressBar(total=self.jobs, completed=done, width=min(LONGEST_BAR, room))
        row.add_row(jobs, bar, text)
        return row
