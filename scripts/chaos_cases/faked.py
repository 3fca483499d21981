"""A sweep without its training: rows that follow from the numbers of jobs, and workers that fork.

So ten thousand units are handed out, worked on and taken in minutes.
"""

import os
import signal
import time
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any

from seedbed.process.signals import SIGNALS
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce

# The time that workers have to end at the end of a sweep, in s.
SECONDS_TO_END = 15.0


class Forks(Workforce):
    """Workers that are forks of the controller, so that they leave the training out as it does."""

    label = "forks"

    def __init__(self, count: int) -> None:
        self.count = count
        self.function: Any = None
        self._names: dict[int, str] = {}
        self._started = 0

    def open(self, function: Any) -> None:
        """Take what each worker is to call."""
        self.function = function

    def ensure(self, waiting: int) -> None:
        """Start as many workers as there may be."""
        for _ in range(min(self.count - len(self._names), waiting)):
            self._started += 1
            name = f"fork {self._started}"
            child = os.fork()
            if child == 0:
                self._work(name)
            self._names[child] = name

    def _work(self, name: str) -> None:
        try:
            os.setsid()
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            self.function(started=name)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)

    def look(self) -> list[Lost]:
        """Return the workers that were killed."""
        lost = []
        for pid, name in list(self._names.items()):
            with suppress(ChildProcessError):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended:
                    continue
                if status:
                    lost.append(Lost(name, f"died ({os.waitstatus_to_exitcode(status)})"))
            del self._names[pid]
        return lost

    def stop(self) -> None:
        """Wait for all workers, and kill those that stay."""
        deadline = time.monotonic() + SECONDS_TO_END
        while self._names and time.monotonic() < deadline:
            self.look()
            time.sleep(0.05)
        for pid in self._names:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._names = {}


def fake_training() -> None:
    """Let workers of this process, and of its forks, give rows without training for them."""
    # By their modules: a name such as seedbed.sweep is a function's, too.
    worker = import_module("seedbed.sweep.execution.worker")
    choosing = import_module("seedbed.sweep.execution.workforce.choosing")
    sweeper = import_module("seedbed.sweep.sweeper")
    result = import_module("seedbed.sweep.execution.unit").UnitResult
    row = import_module("seedbed.sweep.results.table").Row

    def run(self: Any, unit: Any, requested: Any = None) -> Any:
        rows = []
        for number in unit.missing:
            axes = self.axes(self.plan.jobs[number])
            metrics = {"train/loss": number / 7, "val/loss": (number * 7919 % 10007) / 3}
            rows.append(row(number, axes, "completed", "", metrics, 0.001))
        return result(rows)

    def workforce_of(master: Any, options: Any, *more: Any) -> Forks | None:
        return Forks(int(options.workers)) if options.workers else None

    worker.Worker.run = run
    for module in (choosing, sweeper):
        if hasattr(module, "workforce_of"):
            module.workforce_of = workforce_of  # type: ignore[attr-defined]
