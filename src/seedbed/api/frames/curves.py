"""Curves of runs as a polars DataFrame."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from seedbed.errors import RunFolderError, plain
from seedbed.loggers.event_reading import TagPoints, read_scalars
from seedbed.loggers.metrics_file import AT_STEPS, CLOSING, METRICS, read_points
from seedbed.page.part import CurveBlock
from seedbed.reading.content import MEBIBYTE, read_text, refuse_links_out
from seedbed.runs.folder import RECORD
from seedbed.runs.packed.opening import packed_curves
from seedbed.sweep.pages.saved_curves import curves_of_states
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import Row

# Cells of a frame, of eight bytes each.
MOST_CELLS = 100_000_000
MOST_BYTES = 256 * MEBIBYTE
# Columns of ours, which no metric has the name of.
_OURS = ("job", "run", "epoch", "step", "at")
_NO_END = 2**62


def curves_of_jobs(folders: Mapping[int, Path], *, column: str | None = "job") -> pl.DataFrame:
    """Return the curves of runs: a row an epoch or a logged step, a column a metric.

    What is logged by epoch has no step, and what is logged by optimizer step no epoch. Numbers that
    a run logs at its end alone, `test/...` and `best/...`, are no curves.

    Args:
        folders: The folders by number.
        column: Name of the column with the number; None: there is none.

    Raises:
        RunFolderError: There is more than is read.
    """
    numbers = list(folders)
    points = read_scalars(list(folders.values()))
    read = {int(run) for each in points.values() for run in np.unique(each.runs)}
    missing = {place: folders[n] for place, n in enumerate(numbers) if place not in read}
    for tag, each in _of_packs(missing).items():
        points[tag] = _joined(points[tag], each) if tag in points else each
    for place, folder in missing.items():
        for tag, each in _of_csv(folder, place).items():
            points[tag] = _joined(points[tag], each) if tag in points else each
    curves = {
        f"{tag}_" if tag in _OURS else plain(tag): each
        for tag, each in points.items()
        if not tag.startswith(CLOSING)
    }
    frames = [
        _aligned({tag: each for tag, each in curves.items() if tag.endswith(AT_STEPS) == steps})
        for steps in (False, True)
    ]
    by_epoch, by_step = frames
    by_epoch = by_epoch.rename({"at": "epoch"}).with_columns(step=pl.lit(None, pl.Int64))
    by_step = by_step.rename({"at": "step"}).with_columns(epoch=pl.lit(None, pl.Int64))
    every = pl.concat([by_epoch, by_step], how="diagonal") if len(by_step) else by_epoch
    every = every.sort("run", maintain_order=True)
    names = [name for name in every.columns if name in curves]
    at = every.get_column("run").to_numpy()
    jobs = pl.Series(column or "job", np.array(numbers, np.int64)[at], dtype=pl.Int64)
    first = [] if column is None else [jobs]
    return every.select(*first, "epoch", "step", *sorted(names, key=_order))


def curves_of_sweep(
    folder: SweepFolder, plan: SweepPlan, rows: Mapping[int, Row], folders: Mapping[int, Path]
) -> pl.DataFrame:
    """Return the curves of the jobs of a sweep, as `curves_of_jobs` does.

    Those of jobs that trained side by side are in the state that these share, whether or not a job
    has kept its folder; others, and those that went on alone since, are read from their folders.

    Args:
        folder: Folder of the sweep.
        plan: Its plan.
        rows: The jobs that have ended, by number.
        folders: Folders of jobs by number.
    """
    alone = _changed_since(folder, folders)
    asked = {number: number for number in rows if number not in alone}
    blocks = list(curves_of_states(folder, plan, asked))
    known = {number for block in blocks for number in block.jobs}
    others = curves_of_jobs({n: path for n, path in folders.items() if n not in known})
    frames = [*map(_of_block, blocks), others]
    every = pl.concat([frame for frame in frames if len(frame)] or [others], how="diagonal_relaxed")
    names = [name for name in every.columns if name not in ("job", "epoch", "step")]
    ordered = every.sort("job", "epoch", "step", nulls_last=True)
    return ordered.select("job", "epoch", "step", *sorted(names, key=_order))


def _changed_since(folder: SweepFolder, folders: Mapping[int, Path]) -> set[int]:
    """Return the jobs that were changed after the table of the sweep was written."""
    try:
        written = os.stat(folder.results).st_mtime_ns
    except OSError:
        return set()
    later = set()
    for number, path in folders.items():
        with suppress(OSError):
            if os.stat(path / RECORD).st_mtime_ns > written:
                later.add(number)
    return later


def _of_block(block: CurveBlock) -> pl.DataFrame:
    """Return the curves of a block, (jobs, epochs), as rows; what is nan was not logged."""
    jobs = np.repeat(np.array(block.jobs, np.int64), len(block.epochs))
    columns = [
        pl.Series("job", jobs),
        pl.Series("epoch", np.tile(block.epochs, len(block.jobs))),
        pl.Series("step", [None] * len(jobs), dtype=pl.Int64),
    ]
    names = [name for name in block.values if not name.startswith(CLOSING)]
    # As event files hold them, so that a job has the same curves wherever they are read from.
    flat = {name: np.asarray(block.values[name], np.float32).ravel() for name in names}
    columns += [
        pl.Series(f"{name}_" if name in _OURS else plain(name), values.astype(np.float64))
        for name, values in flat.items()
    ]
    frame = pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))
    metrics = frame.columns[3:]
    return frame.filter(pl.any_horizontal(pl.col(metrics).is_not_null())) if metrics else frame


def _order(name: str) -> int:
    """Return where a metric stands: training, validation, others."""
    return {"train": 0, "val": 1}.get(name.partition("/")[0], 2)


def _aligned(points: Mapping[str, TagPoints]) -> pl.DataFrame:
    """Return tags as columns over all runs and steps that any of them has: `run`, `at`, tags."""
    if not points:
        return pl.DataFrame(schema={"run": pl.Int64, "at": pl.Int64})
    pairs = [np.stack([each.runs, each.steps], axis=1) for each in points.values()]
    same = all(len(each) == len(pairs[0]) and (each == pairs[0]).all() for each in pairs[1:])
    rows = pairs[0] if same else np.unique(np.concatenate(pairs), axis=0)
    if len(rows) * len(points) > MOST_CELLS:
        raise RunFolderError(
            f"curves: {len(rows):,} rows of {len(points):,} columns are more than are read"
        )
    columns = [pl.Series("run", rows[:, 0]), pl.Series("at", rows[:, 1])]
    for tag, each in points.items():
        if len(each.runs) == len(rows):
            columns.append(pl.Series(tag, each.values))
            continue
        own = pl.DataFrame({"run": each.runs, "at": each.steps, tag: each.values})
        joined = pl.DataFrame(columns[:2]).join(own, on=["run", "at"], how="left")
        columns.append(joined.get_column(tag))
    return pl.DataFrame(columns)


def _of_packs(folders: Mapping[int, Path]) -> dict[str, TagPoints]:
    """Return the points of those runs that are packed, by their places."""
    parts: dict[str, list[tuple[int, Any, Any]]] = {}
    for place, folder in folders.items():
        curves = None if os.path.lexists(folder / RECORD) else packed_curves(folder)
        if curves is None:
            continue
        for tag, values in curves.values.items():
            there = ~np.isnan(values)
            own = values[there].astype(np.float32).astype(np.float64)
            parts.setdefault(tag, []).append((place, curves.epochs[there], own))
    return {
        tag: TagPoints(
            np.concatenate([np.full(len(steps), place, np.int64) for place, steps, _ in of_tag]),
            np.concatenate([steps for _, steps, _ in of_tag]),
            np.concatenate([values for _, _, values in of_tag]),
        )
        for tag, of_tag in parts.items()
    }


def _of_csv(folder: Path, run: int) -> dict[str, TagPoints]:
    """Return the points in the metrics.csv of a run; none where it has none."""
    refuse_links_out(folder, [METRICS])
    path = folder / METRICS
    if not path.is_file():
        return {}
    rows: dict[str, dict[int, float]] = {}
    for number, values in read_points(read_text(path, MOST_BYTES), _NO_END, _NO_END):
        for name, value in values.items():
            rows.setdefault(name, {})[number] = value
    return {
        name: TagPoints(
            np.full(len(values), run, np.int64),
            np.array(sorted(values), np.int64),
            np.array([values[number] for number in sorted(values)], np.float64),
        )
        for name, values in rows.items()
    }


def _joined(one: TagPoints, other: TagPoints) -> TagPoints:
    runs = np.concatenate([one.runs, other.runs])
    steps = np.concatenate([one.steps, other.steps])
    order = np.lexsort((steps, runs))
    values = np.concatenate([one.values, other.values])
    return TagPoints(runs[order], steps[order], values[order])
