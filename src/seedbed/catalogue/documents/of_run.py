"""Document of a run, from its folder, which anybody may have written."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec

from seedbed.catalogue.entry import MOST_KEYS, cut
from seedbed.catalogue.of_run import read_run
from seedbed.config.metrics import known_mode
from seedbed.config.overrides import typed_word
from seedbed.documents.runs import Data, Epoch, Labels, Run, RunOutcome
from seedbed.errors import RunFolderError
from seedbed.reading.json_files import Count, converted
from seedbed.runs.folder import RECORD, RunFolder, run_folder
from seedbed.runs.record import KILLED, read_record
from seedbed.terminal.words import relative

# Figures of a folder that are named.
MOST_FIGURES = 1_000
Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]


class _State(msgspec.Struct):
    epoch: Count | None = None
    metrics: dict[str, float | None] = {}


class _Data(msgspec.Struct):
    choice: Text | None = None
    fingerprint: Text | None = None
    rows: dict[str, Count] = {}


class _Git(msgspec.Struct):
    commit: Text | None = None
    branch: Text | None = None
    dirty: bool | None = None


class _Run(msgspec.Struct):
    """What is told of a run.json beside its entry in the catalogue."""

    metrics: dict[str, float | None] = {}
    metrics_epoch: Count | None = None
    checkpoints: dict[str, _State | None] = {}
    command: Text | None = None
    started: Text | None = None
    stopped: Text | dict[str, Any] | None = None
    seed: int | None = None
    data: _Data = msgspec.field(default_factory=_Data)
    parameters: dict[str, Any] | None = None
    trained_parameters: Count | None = None
    versions: dict[str, Text] = {}
    git: _Git | None = None


def run_outcome(folder: Path, exit_code: int) -> RunOutcome | None:
    """Return the document of a run that has ended; None where it left no record."""
    if not (folder / RECORD).is_file():
        return None
    return RunOutcome(exit_code=exit_code, run=run_document(folder))


def run_document(path: Path) -> Run:
    """Return what a run was and what became of it.

    Raises RunFolderError where its record is damaged, OSError where it is gone.
    """
    folder = run_folder(path)
    entry, _ = read_run(folder.record, "run")
    if entry.status == "damaged":
        raise RunFolderError(f"{folder.record}: {entry.error}")
    fields = read_record(folder.record)
    told = converted(folder.record, fields, _Run)
    killed = fields.get("error") == KILLED
    goes_on = fields["status"] in ("interrupted", "failed") and _file(folder, "last") is not None
    page = folder.path / "report.html"
    word = typed_word("resume", relative(path))
    return Run(
        folder=relative(path),
        status=fields["status"],
        killed=killed,
        error=fields.get("error"),
        stopped=_stopped(told.stopped),
        labels=Labels(name=entry.name or None, tags=entry.tags, notes=entry.notes or None),
        command=told.command or None,
        started=told.started,
        finished=entry.finished or None,
        seconds=entry.seconds,
        metric=entry.metric or None,
        mode=cast(Any, entry.mode or known_mode(entry.metric) or None),
        best=_epoch(folder, told, "best"),
        last=_epoch(folder, told, "last") or _last(told),
        options=dict(entry.choices),
        values=dict(entry.values),
        seed=told.seed,
        data=Data(choice=told.data.choice, fingerprint=told.data.fingerprint, rows=told.data.rows),
        parameters=told.parameters,
        trained_parameters=told.trained_parameters,
        figures=_figures(folder),
        page=relative(page) if page.is_file() and not page.is_symlink() else None,
        versions=told.versions,
        git=None if told.git is None else msgspec.to_builtins(told.git),
        go_on=f"seedbed train {word}" if goes_on else None,
    )


def _stopped(stopped: str | Mapping[str, Any] | None) -> str | None:
    """Return why training ended; of a trial that a rule stopped, its reason."""
    if isinstance(stopped, Mapping):
        return cut(stopped.get("reason") or stopped.get("rule") or "stopped")
    return stopped


def _epoch(folder: RunFolder, told: _Run, name: str) -> Epoch | None:
    state = told.checkpoints.get(name)
    if state is None:
        return None
    file = _file(folder, name)
    weights = None if file is None else relative(file)
    return Epoch(epoch=state.epoch, metrics=_some(state.metrics), weights=weights)


def _last(told: _Run) -> Epoch | None:
    """Return the last epoch of a run that keeps no weights."""
    if not told.metrics:
        return None
    return Epoch(epoch=told.metrics_epoch, metrics=_some(told.metrics), weights=None)


def _some(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {cut(name): value for name, value in list(metrics.items())[:MOST_KEYS]}


def _file(folder: RunFolder, name: str) -> Path | None:
    if folder.is_packed:
        return None
    file = folder.checkpoint(name)
    return file if file.is_file() and not file.is_symlink() else None


def _figures(folder: RunFolder) -> list[str]:
    """Return the pictures of a run; links are left out."""
    if not folder.figures.is_dir() or folder.figures.is_symlink():
        return []
    with os.scandir(folder.figures) as entries:
        files = [
            entry.path
            for entry in entries
            if entry.name.endswith(".png") and entry.is_file(follow_symlinks=False)
        ]
    return [relative(Path(file)) for file in sorted(files)[:MOST_FIGURES]]
