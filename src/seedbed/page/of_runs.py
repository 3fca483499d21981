"""Parts of a document that runs are, by their folders alone, and the page of a run at its end."""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedbed.config.metrics import known_mode, named
from seedbed.config.overrides import typed_word
from seedbed.errors import RunFolderError
from seedbed.page.assembly import page_document
from seedbed.page.cells import cell
from seedbed.page.configs import flattened
from seedbed.page.document import Cell, Mode, Objective, Source
from seedbed.page.file import NAME, is_page, write_page
from seedbed.page.logged import curves_of_folders
from seedbed.page.part import CurveBlock, JobConfig, Part, PictureFile
from seedbed.page.pictures import pngs
from seedbed.page.places import shown_path
from seedbed.page.sources import (
    MOST_LETTERS,
    command_of,
    data_of,
    failure,
    git_of,
    host_of,
    labels_in,
    versions_of,
)
from seedbed.reading.content import inside
from seedbed.reading.yaml_files import read_plain_list, read_plain_yaml
from seedbed.runs.best_metrics import BEST_EPOCH, metrics_of_job
from seedbed.runs.folder import RunFolder, run_folder
from seedbed.runs.provenance.secrets import plain_word
from seedbed.runs.record import read_record

# Keys of a record's hyperparameters that are looked at; others may have written it.
MOST_KEYS = 300
SEED = "seed"


def parts_of_runs(folders: Sequence[Path], page: Path | None = None) -> list[Part]:
    """Return what a page shows of runs.

    Args:
        folders: their folders.
        page: where the page is written; paths are shown from its folder.

    Raises:
        RunFolderError: The record of one of them is damaged.
    """
    parts = [_part(run_folder(folder), page) for folder in folders]
    for block in curves_of_folders(folders):
        for row, run in enumerate(block.jobs):
            parts[run].curves = [_of_run(block, row)]
    return parts


def write_page_of_run(folder: Path) -> Path | None:
    """Write the page of a run into its folder; return its path.

    None where something else bears its name. Raises OSError where the disk is full, and
    RunFolderError where the record is damaged.
    """
    path = folder / NAME
    if os.path.lexists(path) and not is_page(path):
        return None
    write_page(path, page_document(parts_of_runs([folder], path)))
    return path


def _part(folder: RunFolder, page: Path | None) -> Part:
    record = read_record(folder.record)
    config = _config(folder)
    objectives = list(_objectives(record, config))
    watched = str(record.get("optimized_metric") or "") or next(
        (each.metric for each in objectives), ""
    )
    metrics = _metrics(record, watched, [each.metric for each in objectives])
    epoch = metrics.pop(BEST_EPOCH, None)
    results: dict[str, Cell] = {
        BEST_EPOCH: None if epoch is None else int(epoch),
        "seconds": record.get("seconds"),
        "epochs": record.get("metrics_epoch"),
        "stopped": _stopped(record),
    }
    error = record.get("error")
    return Part(
        source=_source(folder, record),
        number=[0],
        status=[str(record["status"])],
        axes={},
        metrics={name: [value] for name, value in metrics.items()},
        results={name: [value] for name, value in results.items() if value is not None},
        folder=[shown_path(folder.path, page)],
        command=[_command(folder, record)],
        objectives=objectives,
        best=watched,
        constants=_constants(record),
        errors={0: failure(str(error), record)} if error else {},
        bases=[] if config is None else [config],
        configs=[None if config is None else JobConfig(0)],
        pictures=[PictureFile(0, folder.path, path) for path in pngs(folder.figures)],
        hosts=host_of(record),
    )


def _of_run(block: CurveBlock, row: int) -> CurveBlock:
    """Return the curves of one run, over the epochs that it has logged itself."""
    import numpy as np

    columns = {name: values[row] for name, values in block.values.items()}
    measured = ~np.isnan(np.stack(list(columns.values()))).all(axis=0)
    values = {
        name: column[None, measured]
        for name, column in columns.items()
        if not np.isnan(column).all()
    }
    return CurveBlock([0], block.epochs[measured], values)


def _config(folder: RunFolder) -> dict[str, Any] | None:
    """Return the config by dotted keys, as it was composed; None where it cannot be read."""
    try:
        path = inside(folder.files, str(folder.config.relative_to(folder.files)))
        return flattened(read_plain_yaml(path))
    except RunFolderError:
        return None


def _objectives(record: Mapping[str, Any], config: Mapping[str, Any] | None) -> Iterator[Objective]:
    """Yield by what a run is judged: what its config names, or else what picks its best epoch."""
    typed = (config or {}).get("optimized_metric"), (config or {}).get("optimized_mode")
    watched = record.get("optimized_metric")
    metrics = [str(name) for name in named(typed[0])] or ([str(watched)] if watched else [])
    modes = named(typed[1]) or [None] * len(metrics)
    for metric, mode in zip(metrics, modes, strict=False):
        yield Objective(metric, _mode(mode or known_mode(metric)))


def _mode(mode: object) -> Mode | None:
    return "min" if mode == "min" else "max" if mode == "max" else None


def _metrics(
    record: Mapping[str, Any], watched: str, others: Sequence[str]
) -> dict[str, float | None]:
    """Return the metrics of a run as the table of a sweep has them."""
    kept = (record.get("checkpoints") or {}).get("best") or {}
    best = (kept["epoch"], _numbers(kept.get("metrics"))) if "epoch" in kept else None
    metrics = metrics_of_job(_numbers(record.get("metrics")), watched, best, tuple(others))
    return dict(metrics)


def _numbers(metrics: Mapping[str, float | None] | None) -> dict[str, float]:
    return {name: value for name, value in (metrics or {}).items() if value is not None}


def _stopped(record: Mapping[str, Any]) -> str | None:
    """Return which rule ended the training, and why."""
    stopped = record.get("stopped")
    if isinstance(stopped, Mapping):
        return f"{stopped.get('rule')}: {stopped.get('reason')}"[:MOST_LETTERS]
    return str(stopped)[:MOST_LETTERS] if stopped else None


def _constants(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the chosen options and the keys that somebody has set, as texts."""
    typed = record.get("hyperparameters")
    set_to = dict(typed) if isinstance(typed, Mapping) else {}
    set_to.setdefault(SEED, record.get(SEED))
    words = [
        plain_word(f"{key}={cell(value)}").partition("=")
        for key, value in list(set_to.items())[:MOST_KEYS]
    ]
    return [(key, text) for key, _, text in words]


def _command(folder: RunFolder, record: Mapping[str, Any]) -> str:
    """Return the command that trains a run again; of a job of a sweep, its words alone."""
    command = command_of(record)
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if "-m" not in words and "--multirun" not in words:
        return command
    try:
        content = folder.config.with_name("overrides.yaml")
        inside(folder.files, str(content.relative_to(folder.files)))
        overrides = read_plain_list(content)
    except RunFolderError:
        return ""
    return shlex.join(["seedbed", "train", *map(plain_word, overrides)])


def _source(folder: RunFolder, record: Mapping[str, Any]) -> Source:
    status = str(record["status"])
    goes_on = status in ("interrupted", "failed") and folder.checkpoint("last").is_file()
    word = typed_word("resume", shown_path(folder.path))
    return Source(
        name=shown_path(folder.path),
        kind="run",
        command=command_of(record),
        started=str(record.get("started") or ""),
        finished=record.get("finished"),
        seconds=record.get("seconds"),
        running=status == "running",
        versions=versions_of(record),
        git=git_of(record),
        data=data_of(record),
        counts={status: 1},
        go_on=f"seedbed train {word}" if goes_on else None,
        notes=list(_notes(record)),
        labels=labels_in(*(record.get(name) for name in ("name", "tags", "notes"))),
    )


def _notes(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader should know of a run."""
    if record.get("warning"):
        yield plain_word(str(record["warning"])[:MOST_LETTERS])
    for part in record.get("resumed") or []:
        changed = part.get("changed") or {}
        words = ", ".join(f"{key}: {old} -> {new}" for key, (old, new) in changed.items())
        after = f"went on after epoch {part.get('epoch')}, {part.get('status')}"
        yield plain_word(f"{after}{words and f': {words}'}"[:MOST_LETTERS])
