"""How far a sweep is: one live line on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any

from seedbed.sweep.results import Row

SECONDS_BETWEEN_LINES = 5.0


class Display:
    """Shows jobs done of all, the epoch, the best so far, failures, and the time left.

    `metric` is what `best` is about, `mode` is min or max. With `enabled=False` it shows nothing.
    """

    def __init__(self, jobs: int, metric: str, mode: str, enabled: bool = True) -> None:
        self.jobs = jobs
        self.metric = metric
        self.sign = 1.0 if mode == "min" else -1.0
        self.enabled = enabled
        self.done = self.before = self.wrong = 0
        self.best = inf
        # Of the unit that runs now: how many jobs it is, what share of it is done, and in words.
        self.running, self.share, self.epoch = 0, 0.0, ""
        self._started = self._printed = time.monotonic()
        self._live: Any = None

    def open(self, rows: Sequence[Row]) -> None:
        """Begin; `rows` are the jobs that were done before."""
        self._started = self._printed = time.monotonic()
        self._count(rows)
        self.before = self.done
        if self.enabled and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._live = Live(get_renderable=self._bar, console=console, refresh_per_second=4)
            self._live.start()

    def close(self) -> None:
        """End the live line."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def start(self, jobs: int) -> None:
        """A unit of so many jobs begins."""
        self.running, self.share, self.epoch = jobs, 0.0, ""

    def add(self, rows: Sequence[Row]) -> None:
        """Jobs have ended."""
        self.running = 0
        self._count(rows)
        self._line()

    def _count(self, rows: Sequence[Row]) -> None:
        self.done += len(rows)
        self.wrong += sum(row.status != "completed" for row in rows)
        for row in rows:
            if row.status == "completed":
                self._reached(row.metrics.get(self.metric))

    def _reached(self, value: float | None) -> None:
        if value is not None and isfinite(value):
            self.best = min(self.best, self.sign * value)

    def chunk_epoch(self, engine: Any) -> None:
        """An engine has trained one more epoch."""
        last = max(engine.group.max_epochs)
        self.epoch, self.share = f"epoch {engine.epoch}/{last}", engine.epoch / last
        self._reached(engine.journal.best_so_far())
        self._line()

    def job_epoch(self, epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
        """A job that trains alone has trained one more epoch."""
        self.epoch = f"epoch {epoch}/{last}" if last else f"epoch {epoch}"
        self.share = epoch / last if last else 0.0
        self._line()

    def _line(self) -> None:
        """Print a line, where there is no terminal and it is time for one."""
        now = time.monotonic()
        if self.enabled and self._live is None and now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            print("  ".join(self._words()), file=sys.stderr, flush=True)

    def _words(self) -> list[str]:
        words = [f"{self.done:,} of {self.jobs:,} jobs"]
        if self.running:
            running = f"{self.running:,} running, " if self.running > 1 else ""
            words.append(f"{running}{self.epoch}".rstrip(", "))
        if isfinite(self.best):
            words.append(f"best {self.metric} {self.sign * self.best:.6g}")
        if self.wrong:
            words.append(f"{self.wrong:,} failed or diverged")
        return [*words, self._time()]

    def _time(self) -> str:
        seconds = time.monotonic() - self._started
        trained = self.done - self.before + self.running * self.share
        if not trained:
            return f"{seconds:.0f} s"
        left = seconds / trained * (self.jobs - self.before - trained)
        return f"{seconds:.0f} s, {left:.0f} s left"

    def _bar(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        jobs, *words = self._words()
        row = Table.grid(padding=(0, 1))
        done = self.done + self.running * self.share
        row.add_row(jobs, ProgressBar(total=self.jobs, completed=done, width=24), "  ".join(words))
        return row
