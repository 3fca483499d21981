"""Where a sweep comes from and how far it is, for the head of its page."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError
from seedbed.page.document import Search, Source
from seedbed.page.places import shown_path
from seedbed.page.sources import command_of, data_of, git_of, labels_in, versions_of
from seedbed.reading.yaml_files import read_plain_yaml
from seedbed.runs.folder import RECORD, record_at
from seedbed.runs.packed.manifest import MANIFEST, PACKED
from seedbed.runs.provenance.files import PACKAGES, PROVENANCE
from seedbed.runs.provenance.secrets import plain_word
from seedbed.sweep.results.folder import RESUME, SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.ranking import unranked_lines
from seedbed.sweep.results.searched.populations import POPULATION
from seedbed.sweep.results.table import Row
from seedbed.terminal.words import jobs_text

MASTER = "multirun.yaml"
# Packages whose versions results depend on.
PACKAGES_SHOWN = ("seedbed", "torch", "pytorch-lightning", "hydra-core", "omegaconf", "numpy")


def known_of_sweep(folder: SweepFolder, plan: SweepPlan, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the record of a job, or what else tells where a sweep comes from."""
    for row in rows:
        if row.folder and (record := record_of(folder, row)):
            # A job that ran after a kill says how the sweep went on, not how it began.
            went_on = f" {RESUME}=" in command_of(record)
            return {**record, "command": _command(folder, plan)} if went_on else record
    return {
        "command": _command(folder, plan),
        "versions": _versions(folder),
        "data": {"choice": plan.choices.get("data")} if "data" in plan.choices else None,
    }


def record_of(folder: SweepFolder, row: Row) -> dict[str, Any]:
    """Return the record of a job; nothing where it cannot be read."""
    path = folder.path / row.folder
    try:
        return {} if (path / RECORD).is_symlink() else record_at(path) or {}
    except (ConfigError, OSError):
        return {}


def _command(folder: SweepFolder, plan: SweepPlan) -> str:
    """Return the command of a sweep, by the words that Hydra was given; none if not known."""
    try:
        hydra = read_plain_yaml(folder.path / MASTER)["hydra"]["overrides"]
        words = [str(word) for name in ("hydra", "task") for word in hydra[name]]
    except (ConfigError, KeyError, TypeError):
        return ""
    shown = [*map(plain_word, plan.flags), *map(plain_word, words)]
    return shlex.join(
        ["seedbed", "train", "-m", *(word for word in shown if word != "hydra.mode=MULTIRUN")]
    )


def _versions(folder: SweepFolder) -> dict[str, str]:
    """Return the versions of the packages that matter, from the list that a sweep has kept."""
    path = folder.path / PROVENANCE / PACKAGES
    try:
        lines = path.read_text("utf-8").splitlines() if _is_small(path) else []
    except (OSError, UnicodeDecodeError):
        return {}
    named = [line.partition("==") for line in lines]
    return {name: version for name, _, version in named if name in PACKAGES_SHOWN}


def _is_small(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size < 1_000_000


def source_of_sweep(
    folder: SweepFolder,
    plan: SweepPlan,
    rows: Sequence[Row],
    record: Mapping[str, Any],
    finished: str | None = None,
    in_training: Sequence[Row] = (),
) -> Source:
    """Return what is said of a sweep.

    Args:
        folder: its folder.
        plan: its plan.
        rows: the jobs that have ended.
        record: fields of a run.json that hold for all jobs.
        finished: when it ended, if that is now; None (default): as its files say.
        in_training: jobs that have not ended, of which something has been saved.
    """
    running = finished is None and folder.is_running()
    counts = dict(Counter(row.status for row in (*rows, *in_training)))
    left = len(plan.jobs) - len(rows)
    missing = left - len(in_training)
    again = sum(counts.get(status, 0) for status in ("failed", "interrupted"))
    ended = finished or (None if running else _written_last(folder, rows, left > 0))
    search = plan.search
    go_on = typed_word(RESUME, shown_path(folder.path))
    return Source(
        name=shown_path(folder.path),
        kind="sweep",
        command=command_of(record),
        started=plan.started,
        finished=ended,
        seconds=_seconds(plan.started, ended) if not plan.continuations else None,
        running=running,
        versions=versions_of(record),
        git=git_of(record),
        data=data_of(record),
        counts={**counts, "missing": missing},
        go_on=f"seedbed train -m {go_on}" if (missing or again) and not running else None,
        search=None
        if search is None
        else Search(search.sampler, search.trials, plan.choices.get("stop")),
        notes=[*_notes(plan, rows), *_notes_in_training(in_training)],
        labels=labels_in(*plan.labels),
    )


def _written_last(folder: SweepFolder, rows: Sequence[Row], stopped: bool) -> str | None:
    """Return when the table was written; of a sweep that was stopped, what was last.

    None where nothing has been written since it began: then it is not known when it was killed.
    """
    paths = [folder.results] if rows or not stopped else []
    if stopped:
        paths += [*folder.states(), *folder.all_reports(), *folder.path.glob(f"*/{RECORD}")]
        paths += folder.path.glob(f"{PACKED}/*/{MANIFEST}")
    times = []
    for path in paths:
        with suppress(OSError):
            times.append(path.lstat().st_mtime)
    if not times:
        return None
    return datetime.fromtimestamp(max(times), UTC).isoformat(timespec="milliseconds")


def _seconds(started: str, finished: str | None) -> float | None:
    """Return the seconds between two times; None where one of them is not known."""
    try:
        times = [datetime.fromisoformat(text) for text in (started, finished or "")]
        return round((times[1] - times[0]).total_seconds(), 1)
    except (ValueError, TypeError):  # One of them has no zone.
        return None


def _notes(plan: SweepPlan, rows: Sequence[Row]) -> Iterator[str]:
    """Yield what a reader should know of a sweep."""
    for continuation in plan.continuations:
        words = " ".join(map(plain_word, continuation.words))
        yield f"{len(continuation.jobs):,} jobs went on with {words} at {continuation.at}"
    kept = sum(bool(row.folder) for row in rows)
    if kept < len(rows):
        yield f"{kept:,} of {len(rows):,} jobs have kept their folders (sweep.keep)"
    if plan.search is not None and plan.search.sampler == POPULATION:
        yield "trials took over others on the way; their keys are those that they began with"
    for line in unranked_lines(rows, plan.objectives):
        yield " ".join(line.split())


def _notes_in_training(rows: Sequence[Row]) -> Iterator[str]:
    """Yield that jobs side by side are shown as they were saved, where there are some."""
    if rows:
        yield (
            f"{jobs_text(len(rows))} not ended: shown as last saved (sweep.every_seconds), "
            "and not ranked"
        )
