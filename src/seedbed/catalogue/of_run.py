"""Entry of a run, by its run.json."""

import os
import shlex
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import msgspec

from seedbed.catalogue.entry import MOST_KEYS, Entry, Progress, Value, cut
from seedbed.config.groups import GROUPS
from seedbed.reading.content import MEBIBYTE
from seedbed.reading.json_files import Count, field_problem
from seedbed.runs.record import KILLED

MOST_BYTES = 64 * MEBIBYTE


class _State(msgspec.Struct):
    epoch: Count | None = None
    metrics: dict[str, float | None] = {}


class _Data(msgspec.Struct):
    choice: str | None = None


class _Run(msgspec.Struct):
    """What is used of a run.json; it may hold more, or less where another version wrote it."""

    status: Literal["running", "completed", "stopped_early", "diverged", "interrupted", "failed"]
    metrics: dict[str, float | None] = {}
    metrics_epoch: Count | None = None
    checkpoints: dict[str, _State | None] = {}
    name: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    hyperparameters: dict[str, Any] = {}
    data: _Data | None = None
    optimized_metric: str | None = None
    optimized_mode: str | None = None
    command: str = ""
    process: dict[str, Any] | None = None
    started: str | None = None
    finished: str | None = None
    seconds: float | None = None
    error: str | None = None
    progress: Progress | None = None


_decoder = msgspec.json.Decoder(_Run)


def read_run(path: Path, kind: Literal["run", "job"]) -> tuple[Entry, os.stat_result]:
    """Return the entry of a run by its record, and the state of the file that it was read from.

    One that cannot be read is `damaged`. A status of `running` is what the record says: whether the
    process is still there is not looked at. Raises OSError where the file is gone.
    """
    content, state = plain_content(path)
    if isinstance(content, str):
        return damaged_run(content, kind, state), state
    return entry_of_record(content, kind, state), state


def entry_of_record(
    content: bytes | str, kind: Literal["run", "job"], state: os.stat_result
) -> Entry:
    """Return the entry of a run by the content of its record, of a file with this state."""
    try:
        return _entry(_decoder.decode(content), kind, state)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return damaged_run(field_problem(str(error)), kind, state)


def damaged_run(reason: str, kind: Literal["run", "job"], state: os.stat_result) -> Entry:
    """Return the entry of a run whose record cannot be read."""
    return Entry(kind, "damaged", state.st_mtime, error=cut(reason))


def plain_content(path: Path | str) -> tuple[bytes | str, os.stat_result]:
    """Return the bytes of a plain file, or what keeps them from being read, and the file's state.

    A link is not followed, and a pipe not waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        return (error.strerror or str(error)).lower(), os.stat(path, follow_symlinks=False)
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        return "no plain file", state
    with open(descriptor, "rb", buffering=0) as file:
        if state.st_size > MOST_BYTES:
            return f"more than {MOST_BYTES:,} bytes", state
        return file.read(MOST_BYTES) or b"", state


def _entry(run: _Run, kind: Literal["run", "job"], state: os.stat_result) -> Entry:
    best = run.checkpoints.get("best") or run.checkpoints.get("last")
    last = run.checkpoints.get("last")
    measured = dict(run.metrics) if best is None else {**best.metrics, **_test(run.metrics)}
    metrics = _finite(measured)
    choices = {
        group: cut(run.hyperparameters[group]) for group in GROUPS if group in run.hyperparameters
    }
    if run.data is not None and run.data.choice:
        choices["data"] = cut(run.data.choice)
    kept_best = run.checkpoints.get("best")
    return Entry(
        kind,
        run.status,
        timestamp(run.started, state.st_mtime),
        finished=cut(run.finished or ""),
        seconds=run.seconds if run.seconds is not None and isfinite(run.seconds) else None,
        error=cut(run.error or ""),
        name=cut(run.name or ""),
        tags=[cut(tag) for tag in (run.tags or [])[:MOST_KEYS]],
        notes=cut(run.notes or ""),
        choices=choices,
        values=_values(run),
        metric=cut(run.optimized_metric or _watched(run, metrics)),
        mode=run.optimized_mode if run.optimized_mode in ("min", "max") else "",
        metrics=metrics,
        best_epoch=kept_best.epoch if kept_best else None,
        epoch=last.epoch if last else run.metrics_epoch,
        process=_process(run.process) if run.status == "running" else None,
        progress=run.progress if run.status == "running" else None,
    )


def killed(entry: Entry) -> Entry:
    """Return the entry of a run that noted no end, and whose process has gone."""
    reached = entry.progress.epoch if entry.progress is not None else None
    return msgspec.structs.replace(
        entry,
        status="interrupted",
        error=KILLED,
        process=None,
        progress=None,
        epoch=entry.epoch or reached,
    )


def _test(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: value for name, value in metrics.items() if name.startswith("test/")}


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    some = list(metrics.items())[:MOST_KEYS]
    return {cut(name): value for name, value in some if value is not None and isfinite(value)}


def _watched(run: _Run, metrics: Mapping[str, float]) -> str:
    """Return the metric that picked the best epoch, of a record that does not say it."""
    typed = run.hyperparameters.get("optimized_metric")
    likely = [typed, "val/loss", "train/loss"]
    return next((name for name in likely if isinstance(name, str) and name in metrics), "")


def _values(run: _Run) -> dict[str, Value]:
    """Return the keys that were set, those of the command before those of a preset."""
    typed = _typed_keys(run.command) if "experiment" in run.hyperparameters else ()
    keys = [key for key in run.hyperparameters if key not in GROUPS][:MOST_KEYS]
    values = {}
    for key in sorted(keys, key=lambda key: bool(typed) and key not in typed):
        value = run.hyperparameters[key]
        is_number = isinstance(value, bool | int | float)
        values[cut(key)] = value if is_number and abs(value) < 2**63 else cut(value)
    return values


def _typed_keys(command: str) -> set[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    return {word.partition("=")[0].lstrip("+") for word in words if "=" in word}


def _process(process: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what tells a process apart, without anything else that may stand there."""
    if process is None:
        return None
    known = {name: process.get(name) for name in ("host", "pid", "start")}
    return {
        name: value if isinstance(value, int) and abs(value) < 2**53 else cut(value)
        for name, value in known.items()
        if isinstance(value, str | int)
    }


def timestamp(text: str | None, otherwise: float) -> float:
    """Return a time of a record in seconds since 1970; `otherwise` where it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return otherwise
