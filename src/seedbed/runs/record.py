"""The record of a run, run.json: what was run, on what, with what result."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from seedbed.errors import RunFolderError
from seedbed.files import write_atomically

STATUSES = ("running", "completed", "diverged", "interrupted", "failed")


class Record:
    """Fields of run.json; every change is written at once, to a temporary name and renamed."""

    def __init__(self, path: Path, fields: dict[str, Any], enabled: bool = True) -> None:
        """`enabled=False` keeps it in memory: of several processes only the first one writes."""
        self.path = path
        self.enabled = enabled
        self._started = time.monotonic()
        self.fields = record_fields(fields, started=now())
        self._write()

    def update(self, **fields: Any) -> None:
        """Change fields and write."""
        self.fields.update(fields)
        self._write()

    def finish(self, status: str, error: str | None = None) -> None:
        """Write the last state: one of STATUSES, and what went wrong if anything did."""
        assert status in STATUSES
        seconds = round(time.monotonic() - self._started, 3)
        self.update(status=status, error=error, finished=now(), seconds=seconds)

    def discard(self) -> None:
        """Remove the file."""
        if self.enabled:
            self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self.enabled:
            write_json(self.path, self.fields)


def record_fields(
    provenance: Mapping[str, Any],
    *,
    started: str,
    status: str = "running",
    metrics: Mapping[str, float] | None = None,
    checkpoints: Mapping[str, Any] | None = None,
    finished: str | None = None,
    seconds: float | None = None,
    error: str | None = None,
) -> dict[str, Any]:
    """Return the fields of every record, in their order; `provenance` says what was run."""
    return {
        "status": status,
        "metrics": dict(metrics or {}),
        "checkpoints": dict(checkpoints or {}),
        **provenance,
        "started": started,
        "finished": finished,
        "seconds": seconds,
        "error": error,
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON atomically; a number that is not finite becomes null."""
    write_atomically(path, json_text(content).encode())


def json_text(content: dict[str, Any]) -> str:
    """Return the JSON of a record; a number that is not finite becomes null."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_record(path: Path) -> dict[str, Any]:
    """Return the fields of a run.json; raises RunFolderError where it is damaged."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(f"{path}: not a record of a run ({error})") from None
    if not isinstance(fields, dict) or fields.get("status") not in STATUSES:
        raise RunFolderError(f"{path}: not a record of a run (no known status)")
    return fields


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def now() -> str:
    """Return the time in UTC, as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
