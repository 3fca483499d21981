"""Curves of a document: as few numbers as show them, as bytes that a browser reads at once."""

import base64
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.page.document import Curves
from seedbed.page.part import CurveBlock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Numbers of all curves together; each takes five bytes and a third.
MOST_NUMBERS = 2_000_000
# Epochs of a curve, of however few jobs, and what is left of one, of however many.
MOST_EPOCHS, FEWEST_EPOCHS = 2_000, 12
# Share of the epochs of a thinned curve that are the best ones and the extremes.
SHARE_OF_EXTREMES = 4


class Placed(NamedTuple):
    """Block of curves, with the places of its jobs in the document and what is watched."""

    block: CurveBlock
    first: int
    watched: str
    mode: str | None


def encoded(
    placed: Sequence[Placed], count: int, configurations: Sequence[int], metrics: Sequence[str]
) -> Curves:
    """Return the curves of a document.

    Args:
        placed: the curves of all parts.
        count: number of jobs.
        configurations: the configuration of each job, whose jobs keep the same epochs.
        metrics: names of the metrics, in their order.
    """
    import numpy as np

    if not placed:
        return Curves(grid_of_job=[-1] * count)
    numbers = sum(len(each.block.jobs) * len(each.block.epochs) for each in placed) * len(metrics)
    share = min(1.0, MOST_NUMBERS / numbers) if numbers else 1.0
    grids: dict[bytes, int] = {}
    grid_of_job = [-1] * count
    rows: dict[int, tuple[CurveBlock, int, NDArray[np.intp]]] = {}
    longest, kept_of_longest = 0, 0
    for each in placed:
        block = each.block
        points = len(block.epochs)
        most = min(MOST_EPOCHS, max(FEWEST_EPOCHS, int(points * share)))
        measured = _measured(block)
        kept = _kept(each, configurations, most) if points > most else {}
        if points > longest:
            longest, kept_of_longest = points, min(points, most)
        for row, job in enumerate(block.jobs):
            place = each.first + job
            mask = measured[row]
            if kept:
                mask = mask & kept[configurations[place]]
            chosen = np.flatnonzero(mask)
            if len(chosen):
                grid = block.epochs[chosen].astype(np.int64).tobytes()
                grid_of_job[place] = grids.setdefault(grid, len(grids))
                rows[place] = block, row, chosen
    values = {name: _base64(rows, grid_of_job, name) for name in metrics}
    return Curves(
        metrics=list(metrics),
        thinned=_thinned_text(placed, longest, kept_of_longest),
        grids=[np.frombuffer(grid, np.int64).tolist() for grid in grids],
        grid_of_job=grid_of_job,
        values=values,
    )


def is_constant(placed: Sequence[Placed], name: str) -> bool:
    """Return whether a metric stays what it was in every job."""
    import numpy as np

    for block in (each.block for each in placed):
        values = block.values.get(name)
        if values is None or not values.size:
            continue
        low, high = (np.where(np.isnan(values), sign, values) for sign in (np.inf, -np.inf))
        if (low.min(axis=1) < high.max(axis=1)).any():
            return False
    return True


def _measured(block: CurveBlock) -> "NDArray[np.bool_]":
    """Return at which epochs a job has any number, (jobs, points)."""
    import numpy as np

    measured = np.zeros((len(block.jobs), len(block.epochs)), dtype=bool)
    for values in block.values.values():
        measured |= ~np.isnan(values)
    return measured


def _kept(each: Placed, configurations: Sequence[int], most: int) -> "dict[int, NDArray[np.bool_]]":
    """Return which epochs the jobs of each configuration keep, (points,), by its number.

    They are spread evenly, the first and the last among them, and beside them those at which the
    watched metric was the best, or any metric the largest or smallest, of the most of the jobs.
    """
    import numpy as np

    block = each.block
    points = len(block.epochs)
    extremes = most // SHARE_OF_EXTREMES
    even = np.unique(np.linspace(0, points - 1, most - extremes).round().astype(int))
    rows: dict[int, list[int]] = {}
    for row, job in enumerate(block.jobs):
        rows.setdefault(configurations[each.first + job], []).append(row)
    kept = {}
    for configuration, of_it in rows.items():
        mask = np.zeros(points, dtype=bool)
        mask[even] = True
        counted = Counter(place for place in _extremes(each, np.array(of_it)) if not mask[place])
        mask[[place for place, _ in counted.most_common(extremes)]] = True
        kept[configuration] = mask
    return kept


def _extremes(each: Placed, rows: "NDArray[np.intp]") -> list[int]:
    """Return the places of the best epochs and of the extremes of these jobs, the best ones first.

    A best epoch counts as often as all extremes of its job.
    """
    import numpy as np

    block, places = each.block, []
    signs = {"min": (1.0,), "max": (-1.0,)}
    for name, values in block.values.items():
        chosen = values[rows]
        is_watched = name == each.watched
        for sign in signs.get(each.mode or "", (1.0, -1.0)) if is_watched else (1.0, -1.0):
            filled = np.where(np.isnan(chosen), np.inf, sign * chosen)
            found = filled.argmin(axis=1)[np.isfinite(filled.min(axis=1))].tolist()
            places += found * (2 * len(block.values) if is_watched else 1)
    # The last epoch of a job that ended before the others.
    ends = _measured(block)[rows]
    return places + _last_places(ends) * (2 * len(block.values))


def _last_places(measured: "NDArray[np.bool_]") -> list[int]:
    """Return the last place at which each row is true; none of a row that never is."""
    places = measured.shape[1] - 1 - measured[:, ::-1].argmax(axis=1)
    last: list[int] = places[measured.any(axis=1)].tolist()
    return last


def _base64(
    rows: "dict[int, tuple[CurveBlock, int, NDArray[np.intp]]]",
    grid_of_job: Sequence[int],
    name: str,
) -> str:
    """Return a metric of all jobs that have curves, one job after another."""
    import numpy as np

    parts: list[Any] = []
    for place in sorted(rows):
        block, row, chosen = rows[place]
        if name in block.values:
            parts.append(block.values[name][row, chosen])
        else:
            parts.append(np.full(len(chosen), np.nan))
    with np.errstate(over="ignore"):
        numbers = np.concatenate(parts).astype("<f4") if parts else np.empty(0, "<f4")
    return base64.b64encode(numbers.tobytes()).decode()


def _thinned_text(placed: Sequence[Placed], longest: int, kept: int) -> str | None:
    """Return how epochs were left out, here and when they were logged; None where none was."""
    lines = []
    if kept < longest:
        lines.append(
            f"curves show at most {kept:,} of up to {longest:,} logged epochs: evenly spaced ones, "
            "with the first, the last, the best and the extremes"
        )
    for each in placed:
        epochs = each.block.epochs
        if len(epochs) and int(epochs[-1]) - int(epochs[0]) + 1 > len(epochs):
            lines.append(
                f"{len(epochs):,} of {int(epochs[-1]):,} epochs were logged "
                "(sweep.points, log_every_n_epochs)"
            )
            break
    return "; ".join(lines) or None
