"""Progress of one run: a line that is written anew in a notebook and on a terminal, else lines."""

import sys
import time
from collections.abc import Mapping

from seedbed.terminal.notebook import NotebookLine, in_notebook

# Where nothing can be written anew.
LINES = 10
SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_UPDATES = 0.1


class RunProgress:
    """Listener to a run that shows its epoch, its metrics and the seconds since it began."""

    def __init__(self) -> None:
        self._started: float | None = None
        self._shown = time.monotonic()
        self._notebook = NotebookLine() if in_notebook() else None
        self._rewrites = sys.stderr.isatty()
        self._text = ""

    def __call__(self, epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
        """Show how far the run is."""
        now = time.monotonic()
        if self._started is None:
            self._started = now
        if not metrics:  # Nothing is measured yet.
            return
        of = f"/{last}" if last and last > 0 else ""
        numbers = "  ".join(f"{name} {value:.6g}" for name, value in metrics.items())
        self._text = f"epoch {epoch}{of}  {numbers}  {now - self._started:.1f} s"
        if self._notebook is not None:
            self._notebook.show(self._text)
        elif self._rewrites:
            if now - self._shown >= SECONDS_BETWEEN_UPDATES:
                self._shown = now
                sys.stderr.write(f"\r{self._text}\x1b[K")
                sys.stderr.flush()
        elif self._is_due(epoch, last, now):
            self._shown = now
            print(self._text, file=sys.stderr, flush=True)

    def _is_due(self, epoch: int, last: int | None, now: float) -> bool:
        if last and last > 0:
            return epoch == last or epoch % max(1, last // LINES) == 0
        return now - self._shown >= SECONDS_BETWEEN_LINES

    def close(self) -> None:
        """Show the last text, where it is written anew."""
        if self._notebook is not None and self._text:
            self._notebook.show(self._text, last=True)
        elif self._rewrites:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
