"""Record of a run, run.json: provenance, times and outcome."""

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Required, TypedDict

from seedbed.errors import disk_full
from seedbed.files import write_atomically
from seedbed.process.identity import this_process
from seedbed.reading.json_files import Count, converted, read_plain_json
from seedbed.runs.checkpoints import checkpoints_summary
from seedbed.runs.heartbeat import Heartbeat, goes_on
from seedbed.runs.outcome import RunOutcome, StoppedEarly

# The error of a run that noted no end, and of a sweep that somebody has asked to stop.
KILLED, CANCELLED = "killed", "cancelled"
# What a record says of the training, which holds on while the run goes on.
_KNOWN = ("metrics", "metrics_epoch", "checkpoints", "stopped", "parameters")
_OF_OUTCOME = frozenset(
    (
        *(*_KNOWN, "status", "process", "started", "finished", "seconds"),
        *("error", "traceback", "warning"),
    )
)
_PROGRESS = ("epoch", "of")
STATUSES = ("running", "completed", "stopped_early", "diverged", "interrupted", "failed")
# Of a run that has come to an end of its own, to which there is nothing to add.
DONE = ("completed", "stopped_early", "diverged")
# Of one whose last epoch is a result as any other.
MEASURED = ("completed", "stopped_early")


class _StoredState(TypedDict, total=False):
    epoch: Count
    step: Count
    metrics: dict[str, float | None]


class _StoredProgress(TypedDict, total=False):
    epoch: Count
    of: Count | None


class _StoredData(TypedDict, total=False):
    choice: str | None
    fingerprint: str | None


class _StoredResumption(TypedDict, total=False):
    at: str
    changed: dict[str, tuple[Any, Any]]


class _Stored(TypedDict, total=False):
    """What is used of a run.json; it may hold more, or less where another version wrote it."""

    status: Required[
        Literal["running", "completed", "stopped_early", "diverged", "interrupted", "failed"]
    ]
    metrics: dict[str, float | None]
    metrics_epoch: Count | None
    checkpoints: dict[str, _StoredState | None]
    data: _StoredData
    process: dict[str, Any] | None
    command: str
    started: str | None
    finished: str | None
    seconds: float | None
    error: str | None
    traceback: str | None
    stopped: str | StoppedEarly | None
    warning: str | None
    resumed: list[_StoredResumption]
    progress: _StoredProgress
    optimized_metric: str | None
    trained_parameters: Count


class Record:
    """run.json of a run while it trains; every change is written at once, atomically.

    Args:
        path: The file.
        provenance: Fields of `seedbed.experiment.provenance`.
        enabled: Whether to write at all: of several processes only the first one does.
        before: Fields of the run that goes on; None (default): it begins.
    """

    def __init__(
        self,
        path: Path,
        provenance: dict[str, Any],
        enabled: bool = True,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = path
        self.enabled = enabled
        self.provenance = provenance
        self._clock = time.monotonic()
        self._before = before
        self._began: dict[str, Any] = {"process": this_process(), "started": now()}
        if before is not None:
            self._began["started"] = before["started"]
            self._began["seconds"] = seconds_so_far(path, before)
        # Returns how far the run is: the last whole epoch, and the last one, if it is known.
        self.progress: Callable[[], tuple[int, int | None]] | None = None
        self._noted: tuple[int, int | None] | None = None
        self._written: dict[str, Any] = {}
        self._writing, self._has_ended = Lock(), False
        self.write(RunOutcome())
        self._heartbeat = Heartbeat(self._beat) if enabled else None

    def write(self, outcome: RunOutcome) -> None:
        """Write what is known of the outcome by now."""
        fields = record_fields(self.provenance, outcome, **self._began)
        if self._before is not None and not outcome.metrics:  # What is known from before holds on.
            fields |= {name: self._before[name] for name in _KNOWN if name in self._before}
        self._write(fields)

    def finish(self, outcome: RunOutcome) -> None:
        """Write the outcome of a run that has ended."""
        assert outcome.status in STATUSES
        self._stop_heartbeat()
        fields = self._ended(self.provenance, outcome, self._began)
        try:
            self._write(fields)
        except OSError as error:
            if disk_full(error) is None or not _overwritten(self.path, fields):
                raise

    def finish_for_first(self, outcome: RunOutcome) -> bool:
        """Write the outcome in place of the first of several processes, which has gone.

        Returns whether that one has left it to be written.
        """
        begun = json.loads(self.path.read_text(encoding="utf-8"))
        if begun["status"] != "running":
            return False
        begun.pop("progress", None)
        began = {name: begun[name] for name in ("process", "started", "seconds")}
        write_json(self.path, {**begun, **self._ended({}, outcome, began)})
        return True

    def _ended(
        self, provenance: Mapping[str, Any], outcome: RunOutcome, began: Mapping[str, Any]
    ) -> dict[str, Any]:
        seconds = round((began.get("seconds") or 0.0) + time.monotonic() - self._clock, 3)
        times = {**began, "finished": now(), "seconds": seconds}
        return record_fields(provenance, outcome, **times)

    def _beat(self) -> None:
        """Write how far the run is, where that has changed, or set the time of the file to now."""
        now = None if self.progress is None else self.progress()
        with self._writing:
            if self._has_ended:
                return
            if now is None or now == self._noted:
                os.utime(self.path)
                return
            self._noted = now
            progress = dict(zip(_PROGRESS, now, strict=True))
            write_json(self.path, {**self._written, "progress": progress})

    def _stop_heartbeat(self) -> None:
        with self._writing:
            self._has_ended = True
        if self._heartbeat is not None:
            self._heartbeat.stop()

    def close(self) -> None:
        """Note an interruption where nothing has noted an end: the process itself may go on."""
        if self._has_ended:
            return
        self._stop_heartbeat()
        error = "stopped before its outcome was written"
        self._write({**self._written, "status": "interrupted", "finished": now(), "error": error})

    def discard(self) -> None:
        """Remove the file; of a run that went on, write it as it was."""
        self._stop_heartbeat()
        if self._before is not None:
            self._write(dict(self._before))
        elif self.enabled:
            self.path.unlink(missing_ok=True)

    def _write(self, fields: dict[str, Any]) -> None:
        if self.enabled:
            with self._writing:
                self._written = fields
                write_json(self.path, fields)


def record_fields(
    provenance: Mapping[str, Any],
    outcome: RunOutcome,
    *,
    process: Mapping[str, Any],
    started: str,
    finished: str | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return the fields of run.json in their order."""
    fields = {
        "status": outcome.status,
        "metrics": dict(outcome.metrics),
        "metrics_epoch": outcome.metrics_epoch,
        "checkpoints": checkpoints_summary(outcome),
        **provenance,
        "process": dict(process),
        "started": started,
        "finished": finished,
        "seconds": seconds,
        "error": outcome.error,
        "stopped": outcome.stopped,
    }
    if outcome.traceback:
        fields["traceback"] = outcome.traceback
    if outcome.warning:
        fields["warning"] = outcome.warning
    return {**fields, "parameters": outcome.parameters} if outcome.parameters else fields


def seconds_so_far(path: Path, fields: Mapping[str, Any]) -> float | None:
    """Return how long a run has trained; of one that was killed, up to its last sign of life.

    While a run that went on trains, its record holds the seconds of the parts before.
    """
    if fields.get("error") != KILLED:
        return fields.get("seconds")
    parts = fields.get("resumed") or [{"at": fields["started"]}]
    began = datetime.fromisoformat(str(parts[-1]["at"])).timestamp()
    signs = [path, path.parent / "checkpoints" / "last.ckpt"]
    last = max(sign.stat().st_mtime for sign in signs if sign.is_file())
    return round((fields.get("seconds") or 0.0) + max(0.0, last - began), 3)


def provenance_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance in the fields of a record: all but times and outcome."""
    return {name: value for name, value in fields.items() if name not in _OF_OUTCOME}


def _overwritten(path: Path, fields: dict[str, Any]) -> bool:
    """Write a record over the one that is there, if it fits: a full disk takes no other file."""
    content = json_text(fields).encode()
    with path.open("r+b") as file:
        if len(content) > os.fstat(file.fileno()).st_blocks * 512:
            return False
        file.write(content)
        file.truncate()
    return True


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON atomically; a number that is not finite becomes null."""
    write_atomically(path, json_text(content).encode())


def json_text(content: dict[str, Any]) -> str:
    """Return the JSON of a record; a number that is not finite becomes null."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_record(path: Path) -> dict[str, Any]:
    """Return the fields of a run.json; raises RunFolderError where it is damaged.

    A run that has noted no end, and whose process has gone, is one that was interrupted.
    """
    fields = checked_record(path, read_plain_json(path))
    if fields["status"] == "running" and not goes_on(path, fields.get("process")):
        return {**fields, "status": "interrupted", "error": KILLED}
    return fields


def checked_record(source: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a record; raises RunFolderError where they are none of one."""
    converted(source, fields, _Stored)
    return fields


def state_of(fields: Mapping[str, Any]) -> str:
    """Return what became of a run in words: its status, with `killed` where it noted no end."""
    killed = " (killed)" if fields.get("error") == KILLED else ""
    return f"{fields['status']}{killed}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def now() -> str:
    """Return the time in UTC, as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
