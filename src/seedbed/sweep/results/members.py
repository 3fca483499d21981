"""Jobs of a sweep that predict together: those of its best configuration, or all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.errors import ConfigError, listed
from seedbed.reading.content import inside
from seedbed.runs.folder import RECORD, RunFolder, open_run
from seedbed.runs.record import MEASURED, read_record
from seedbed.sweep.results.configurations import FOLD, configurations, shown_axes
from seedbed.sweep.results.folder import PLAN, SweepFolder, open_sweep
from seedbed.sweep.results.plan_file import SweepPlan, read_plan
from seedbed.sweep.results.ranking import winner
from seedbed.sweep.results.table import Row, cell, read_results
from seedbed.terminal.words import jobs_text

# Jobs that are named in a line; the others are counted.
MOST_NAMED = 10


@dataclass(frozen=True)
class SweepMembers:
    """Jobs of a sweep that predict together.

    Attributes:
        folder: folder of the sweep.
        line: which jobs they are, a title and words.
        jobs: number and folder of each, those of one fold after another.
        notes: what people should know of the choice.
        folds: whether they are those of several folds.
    """

    folder: SweepFolder
    line: tuple[str, str]
    jobs: Sequence[tuple[int, RunFolder]]
    notes: Sequence[str] = ()
    folds: bool = False

    def require_split(self, split: str | None) -> None:
        """Raise ConfigError for rows that some of the folds trained on, and others validated."""
        if self.folds and split in ("train", "val"):
            raise ConfigError(
                f"split={split}: each fold has others there, and trained on what another validated;"
                f" {self.folder.out_of_fold} has what no fold was trained on, and split=test is "
                "the same for all"
            )


def open_run_or_sweep(word: str, outputs: str, *, say: bool = False) -> RunFolder | SweepFolder:
    """Return the folder that `run=` names: of a run, or of a sweep.

    Args:
        word: The folder; `latest` is the newest run below `outputs`.
        outputs: The folder of all outputs.
        say: Whether to say on stderr which run is the latest.

    Raises:
        ConfigError: There is neither.
    """
    path = Path(word)
    if word != "latest" and (path / PLAN).is_file() and not (path / RECORD).is_file():
        return open_sweep(word, outputs, "run")
    return open_run(word, outputs, say=say)


def members_of(folder: SweepFolder, ensemble: str, outputs: str) -> SweepMembers:
    """Return the jobs that predict together, all of which completed and kept their folders.

    Args:
        folder: The folder of the sweep.
        ensemble: `best`: the seeds and folds of the configuration that the closing table puts
            first; `all`: all jobs.
        outputs: The folder of all outputs.

    Raises:
        ConfigError: No job completed, or none of their folders was kept.
    """
    plan, rows = read_plan(folder.plan), read_results(folder.results)
    chosen, which = _chosen(folder, plan, rows, ensemble)
    called = f"{jobs_text(len(chosen))}{which}"
    completed = [row for row in chosen if row.status in MEASURED]
    kept = [row for row in completed if row.folder]
    notes = _left_out(plan, chosen, completed, kept)
    if not kept:
        if completed:
            raise ConfigError(
                f"run={folder.path}: none of the {called} has kept its folder, and with it its "
                "weights; sweep.keep=all and packed keep those of all jobs, best of the best"
            )
        raise ConfigError(f"run={folder.path}: no job has completed")
    kept.sort(key=lambda row: (_fold(row), row.number))
    jobs = [(row.number, open_run(str(inside(folder.path, row.folder)), outputs)) for row in kept]
    count = len(jobs)
    if count > 1:
        of = "" if count == len(chosen) else f"{count} of the "
        line = ("mean of", f"{of}{called}")
    else:
        of = f" of the {called}" if len(chosen) > 1 else which
        line = ("job", f"{jobs[0][0]}{of}")
    folds = len({_fold(row) for row in kept}) > 1
    return SweepMembers(folder, line, jobs, (*notes, *_standing(folder)), folds)


def _chosen(
    folder: SweepFolder, plan: SweepPlan, rows: Sequence[Row], ensemble: str
) -> tuple[Sequence[Row], str]:
    """Return the rows of the jobs that are meant, and of what they are, as ` of model.width=8`."""
    if ensemble == "all":
        return rows, ""
    best = winner(rows, plan.objectives)
    if best is None:
        raise ConfigError(f"run={folder.path}: no job has completed {plan.objectives.wanted}")
    axes = shown_axes(rows)
    [configuration] = configurations(list(best.jobs), axes)
    cells = [f"{axis}={value}" for axis, value in configuration.cells.items()]
    of = f" of {', '.join(cells)}" if cells else ""
    of_front = " of the Pareto front" if plan.objectives.several else ""
    ranked = f", the best{of_front} by {plan.rank} {plan.metric}" if cells else ""
    return best.jobs, f"{of}{ranked}"


def _fold(row: Row) -> str:
    return cell(row.axes.get(FOLD, ""))


def _left_out(
    plan: SweepPlan, chosen: Sequence[Row], completed: Sequence[Row], kept: Sequence[Row]
) -> list[str]:
    """Return notes on jobs that are no members."""
    notes = []
    others = [f"{row.number} ({row.status})" for row in chosen if row not in completed]
    if others:
        notes.append(f"without jobs that have not completed: {listed(others, MOST_NAMED)}")
    lost = [row.number for row in completed if row not in kept]
    if lost:
        notes.append(f"without jobs whose folders were not kept: {listed(lost, MOST_NAMED)}")
    return notes


def _standing(folder: SweepFolder) -> list[str]:
    """Return notes on a sweep that runs, and on the model of all rows."""
    notes = ["the sweep is running: more jobs may come"] if folder.is_running() else []
    if _has_refit(folder.refit):
        notes.append(f"run={folder.refit} is one run on all rows but the test rows")
    return notes


def _has_refit(path: Path) -> bool:
    record = path / RECORD
    fields: Any = read_record(record) if record.is_file() and not path.is_symlink() else {}
    return bool(fields.get("status") == "completed")
