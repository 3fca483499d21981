"""State of a chunk of jobs, saved while they train and when they have ended."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.saved.fitting import fits
from seedbed.engines.fused.saved.selection import select, with_states
from seedbed.engines.fused.saved.widths import as_wide
from seedbed.errors import Interrupted, RunFolderError
from seedbed.files import atomic_file
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.runs.record import now

# Seconds of an epoch that nobody waits for the end of who wants the process to end; and how many
# times as long as a saving it must take to be saved by itself.
LONG_EPOCH, SHARE_OF_SAVING = 2.0, 20.0

# What a damaged or foreign state makes its readers raise.
NOT_OURS = (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError)


class Source(NamedTuple):
    """State that a chunk goes on from, which was that of another one.

    Attributes:
        path: its file.
        places: places of the chunk's jobs in that chunk.
        epoch: epochs that those had trained which go on; None: it is the state of a larger group
            that they are a part of, which need not fit.
        changed: what is another for each job, as its record has it: `{key: [before, now]}`.
    """

    path: Path
    places: Sequence[int]
    epoch: int | None
    changed: Sequence[Mapping[str, Any]]


class ChunkState:
    """State of a chunk in a file of its own, which is kept so that its jobs can go on later.

    Attributes:
        started: when the jobs began, in UTC.
        resumed: `resumed` of each job, as its record has it.
        weights: `initial_weights` of each job, as its record has it.
    """

    def __init__(
        self,
        path: Path,
        seconds: float,
        requested: Callable[[], int | None],
        source: Source | None = None,
    ) -> None:
        """`seconds` lie between two savings; `requested` returns the signal to stop, or None."""
        self.path = path
        self.seconds = seconds
        self.requested = requested
        self.source = source
        self.started = now()
        self.resumed: list[list[dict[str, Any]]] = []
        self.weights: list[dict[str, Any]] = []
        self._seconds_before = 0.0
        self._began = self._saved = self._epoch_began = time.monotonic()
        # The last epoch whose state can be gone on from, and the seconds that it took to write it.
        self._epoch, self._writing = 0, 0.0

    @property
    def exists(self) -> bool:
        """Whether there is a state to go on from."""
        return self.source is not None or self.path.is_file()

    def restore(self, engine: Engine) -> bool:
        """Let a new engine go on from the file, or from the one of the chunk before.

        Where there is neither, it begins. Returns whether the engine can be used: where the file is
        damaged it cannot; another one goes on from the chunk before, or begins. Raises
        RunFolderError where the state of the chunk before is damaged or missing.
        """
        self.resumed = [[] for _ in engine.group.nets]
        if self.path.is_file():
            try:
                self._go_on(engine, self.path)
            except RunFolderError as error:
                where = "go on from before it" if self.source else "begin again"
                print(f"seedbed: {error}; its jobs {where}", file=sys.stderr)
                self.path.unlink()
                return False
        elif self.source is not None:
            try:
                self._go_on(engine, self.source.path, self.source)
            except RunFolderError:
                if self.source.epoch is not None:
                    raise
                self.source = None  # They begin: a rule had looked at all of them, for one.
                return False
        self._epoch = engine.epoch
        return True

    def _go_on(self, engine: Engine, path: Path, source: Source | None = None) -> None:
        content = read_checkpoint(path)
        try:
            state, before = content["engine"], content["resumed"]
            weights = content["weights"]
            if source is not None:
                epoch = state["epoch"] if source.epoch is None else source.epoch
                state = select(state, source.places, epoch)
                state = with_states(state, engine.states)
                # The widest of them may not go on.
                state = as_wide(state, engine.layout, engine.widths.shapes)
                before, weights = ([kept[p] for p in source.places] for kept in (before, weights))
            jobs = len(engine.group.nets)
            if not fits(state, engine.state()) or not len(before) == len(weights) == jobs:
                raise ValueError
            if not 0 <= state["epoch"] <= max(engine.group.max_epochs):
                raise ValueError
            statuses = [outcome["status"] for outcome in state["history"]["outcomes"]]
            engine.restore(state)
            self.resumed = [list(entries) for entries in before]
            self.weights = [dict(record) for record in weights]
            self.started, self._seconds_before = str(content["started"]), float(content["seconds"])
            self._began = time.monotonic()
            interrupted = "interrupted" if content["stopped"] else "interrupted (killed)"
        except NOT_OURS:
            raise RunFolderError(f"{path}: not the state of these jobs") from None
        self._note(engine, statuses, interrupted, source)

    def _note(
        self, engine: Engine, statuses: Sequence[str], interrupted: str, source: Source | None
    ) -> None:
        """Note that the jobs which train on were taken up."""
        at = now()
        for row in engine.running.nonzero()[0].tolist():
            job = int(engine.job[row])
            status = interrupted if statuses[job] == "running" else statuses[job]
            entry = {
                "at": at,
                "epoch": engine.epoch,
                "step": int(engine.steps[row]) * engine.epoch,
                "status": status,
                "changed": dict(source.changed[job]) if source else {},
            }
            self.resumed[job].append(entry)

    def after_epoch(self, engine: Engine) -> None:
        """Save where it is time to; raises Interrupted, after saving, where a signal asks to.

        Long epochs are saved one by one, where that takes a small part of their time.
        """
        signal, now = self.requested(), time.monotonic()
        took, self._epoch_began = now - self._epoch_began, now
        is_long = took > max(LONG_EPOCH, SHARE_OF_SAVING * self._writing)
        if signal is None and not is_long and now - self._saved < self.seconds:
            return
        self.save(engine, stopped=signal is not None)
        self._epoch, self._writing = engine.epoch, self._saved - now
        self._epoch_began = self._saved
        if signal is not None:
            raise Interrupted(signal)

    def between_steps(self, engine: Engine) -> None:
        """Raise Interrupted in the middle of an epoch, where a signal asks to and all is saved."""
        signal = self.requested()
        if signal is None or engine.epoch - 1 != self._epoch:
            return
        if self.path.is_file():  # It says how the jobs were stopped.
            self._write({**read_checkpoint(self.path), "stopped": True})
        raise Interrupted(signal)

    def save(self, engine: Engine, stopped: bool = False) -> None:
        """Write the file; `stopped` says that a signal asks the jobs to stop."""
        content = {
            "engine": engine.state(),
            "started": self.started,
            "seconds": self.seconds_of_job(len(engine.group.nets)),
            "resumed": self.resumed,
            "weights": self.weights,
            "stopped": stopped,
        }
        self._write(content)
        self._saved = time.monotonic()

    def _write(self, content: Mapping[str, Any]) -> None:
        with atomic_file(self.path) as file:
            torch.save(dict(content), file)

    def seconds_of_job(self, jobs: int) -> float:
        """Return the time that each job has taken by now."""
        return round(self._seconds_before + (time.monotonic() - self._began) / jobs, 6)
