"""Entry of the catalogue: what is shown of a run or a sweep."""

from typing import Annotated, Any, Literal

import msgspec

from seedbed.reading.json_files import Count
from seedbed.runs.record import CANCELLED, KILLED
from seedbed.terminal.words import jobs_text

# What a key was set to, as plain values.
Value = str | int | float | bool
# Letters of a text, and keys of a run, that an entry holds: others may have written what it is of.
MOST_LETTERS, MOST_KEYS = 500, 300

Text = Annotated[str, msgspec.Meta(max_length=MOST_LETTERS + 1)]


class Progress(msgspec.Struct, omit_defaults=True):
    """How far something is that runs: the last whole epoch, and the last one, if it is known."""

    epoch: Count = 0
    of: Count | None = None


class Entry(msgspec.Struct, omit_defaults=True):
    """Entry of a run, of a sweep or of a job of a sweep.

    Attributes:
        kind: `run`, `sweep` or `job`.
        status: one of `seedbed.runs.record.STATUSES`, or `damaged` where nothing can be read.
        began: when it began, in seconds since 1970.
        error: why it failed, diverged, was interrupted or cannot be read.
        choices: the chosen option of each group.
        values: keys that were set, the typed ones first; of a sweep the values of each of its
            axes, of a search what they may be.
        metric: the metric that picks the best epoch, or the best job.
        mode: `min` or `max`, of that metric; empty where it does not say.
        metrics: metrics of the best epoch, where there is one, else of the last.
        best_epoch, epoch: number of the best epoch, and of the last.
        process: the process of a run that has noted no end.
        axes: of a sweep, how many values each key has that its jobs differ in.
        jobs, ended: number of jobs of a sweep, and of those how many ended with which status.
        progress: how far a run is.
    """

    kind: Literal["run", "sweep", "job"]
    status: Text
    began: float
    finished: Text = ""
    seconds: float | None = None
    error: Text = ""
    name: Text = ""
    tags: list[Text] = []  # msgspec gives each its own.
    notes: Text = ""
    choices: dict[Text, Text] = {}
    values: dict[Text, Value] = {}
    metric: Text = ""
    mode: Text = ""
    metrics: dict[Text, float] = {}
    best_epoch: Count | None = None
    epoch: Count | None = None
    process: dict[str, Any] | None = None
    axes: dict[Text, Count] = {}
    jobs: Count = 0
    ended: dict[Text, Count] = {}
    progress: Progress | None = None

    @property
    def best(self) -> float | None:
        """The metric that picks the best epoch, in that epoch; of a sweep, of the best job."""
        return self.metrics.get(self.metric)

    @property
    def state(self) -> str:
        """The status in words."""
        if self.status == "running":
            return f"running{self._progress()}"
        return self.status + (f" ({self.error})" if self.error in (KILLED, CANCELLED) else "")

    def _progress(self) -> str:
        if self.kind == "sweep":
            return f", {sum(self.ended.values()):,} of {self.jobs:,}"
        if self.progress is None or not self.progress.epoch:
            return ""
        of = f" of {self.progress.of}" if self.progress.of else ""
        return f", epoch {self.progress.epoch}{of}"

    @property
    def jobs_text(self) -> str:
        """The number of jobs of a sweep, and how they ended where they did not all complete."""
        if self.kind != "sweep":
            return ""
        others = {status: count for status, count in self.ended.items() if status != "completed"}
        missing = self.jobs - sum(self.ended.values())
        parts = [f"{count:,} {status}" for status, count in others.items()]
        if missing > 0 and self.status != "running":
            parts.append(f"{missing:,} missing")
        return jobs_text(self.jobs) + (f" ({', '.join(parts)})" if parts else "")


def cut(text: object) -> str:
    """Return a text as an entry holds it; a mark at its end says that it was longer."""
    letters = str(text)
    return letters if len(letters) <= MOST_LETTERS else f"{letters[:MOST_LETTERS]}…"
