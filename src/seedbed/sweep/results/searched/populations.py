"""What is said and drawn of a population: the schedule of its best trial, and how to train it."""

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.config.overrides import typed_word
from seedbed.errors import RunFolderError
from seedbed.sweep.results.lineage import (
    Taken,
    line_of,
    lineage_files,
    read_lineage,
    values_by_epoch,
)
from seedbed.terminal.words import relative

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Option of the group `search`.
POPULATION = "pbt"


def population_lines(folder: Path, trial: int, kept: Path | None) -> list[str]:
    """Return how often trials took over others, the schedule of the best one, and its command.

    Args:
        folder: Folder of the sweep.
        trial: Number of the best trial.
        kept: Folder of its job; None where it has none.
    """
    known = _file_of(folder, trial)
    if known is None:
        return []
    path, rows = known
    line = line_of(rows, trial)
    taken = sum(row.epoch > 0 for row in rows)
    lines = [
        f"population   {taken:,} times a trial took over another one: {relative(path)}",
        "             the table has what the trials began with",
        f"schedule     of trial {trial}, from the weights of trial {line[0].trial}: "
        + "; ".join(_course(key, line) for key in line[0].values),
    ]
    if kept is not None:
        word = typed_word("schedule_of", relative(kept))
        lines.append(f"best alone   seedbed train {word}")
    return lines


def _course(key: str, line: Sequence[Taken]) -> str:
    """Return the first and the last value of a key, and how often it changed."""
    values = [row.values[key] for row in line]
    changes = sum(one != other for one, other in pairwise(values))
    if not changes:
        return f"{key} {_short(values[0])}"
    return (
        f"{key} {_short(values[0])} to {_short(values[-1])} in {changes} step{'s' * (changes > 1)}"
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def lineage_of(folder: Path, trial: int) -> list[Taken] | None:
    """Return the lineage of the population that a trial is of; None where there is none."""
    known = _file_of(folder, trial)
    return None if known is None else known[1]


def _file_of(folder: Path, trial: int) -> tuple[Path, list[Taken]] | None:
    for path in lineage_files(folder):
        try:
            rows = read_lineage(path)
        except (OSError, RunFolderError) as error:
            print(f"seedbed: {error}", file=sys.stderr)
            continue
        if any(row.trial == trial for row in rows):
            return path, rows
    return None


def population_figure(rows: Sequence[Taken], trial: int, epochs: int) -> "Figure":
    """Return the figure of a population, with a panel for each key whose values are numbers."""
    import numpy as np

    from seedbed.figures.search import population

    trials = [row.trial for row in rows if row.epoch == 0]
    of_trials = [values_by_epoch([r for r in rows if r.trial == one], epochs) for one in trials]
    best = values_by_epoch(line_of(rows, trial), epochs)
    keys = [key for key in best if _is_number(of_trials, key)]
    return population(
        {key: np.array([values[key] for values in of_trials]) for key in keys},
        {key: np.array(best[key]) for key in keys},
        sorted({row.epoch for row in rows} - {0}),
    )


def _is_number(of_trials: Sequence[Mapping[str, Sequence[object]]], key: str) -> bool:
    values = [value for values in of_trials for value in values[key]]
    return all(isinstance(value, int | float) and isfinite(value) for value in values)
