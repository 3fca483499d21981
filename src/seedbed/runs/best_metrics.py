"""Metrics of a job in a table: those of its last epoch, and beside them those of its best."""

from collections.abc import Mapping
from functools import lru_cache

from seedbed.config.metrics import is_of_validation

# Columns about the best epoch of a job; all others are about its last.
BEST = "best/"
BEST_EPOCH = f"{BEST}epoch"


def metrics_of_job(
    metrics: Mapping[str, float],
    watched: str,
    best: tuple[int, Mapping[str, float]] | None,
    others: tuple[str, ...] = (),
) -> dict[str, float]:
    """Return the metrics of a job's row: those of the last epoch, and those of the best.

    Of the best epoch these are the watched metric, the `others` that the job is judged by, too,
    and, where rows were validated, whatever else was measured on them and on the training rows.
    What was measured on the test rows is of it anyway. `best` are that epoch and its metrics, if it
    is known.
    """
    if best is None or watched not in best[1]:
        return dict(metrics)
    epoch, values = best
    columns = _best_columns(watched, tuple(values), others)
    of_best = {column: values[name] for name, column in columns.items()}
    return {**metrics, BEST_EPOCH: epoch, **of_best}


@lru_cache
def _best_columns(watched: str, names: tuple[str, ...], others: tuple[str, ...]) -> dict[str, str]:
    """Return the columns of metrics in the best epoch by their names; many jobs share the texts."""
    measured = names if any(map(is_of_validation, names)) else ()
    named = [name for name in others if name in names]
    shown = [watched, *named, *(name for name in measured if not name.startswith("test/"))]
    return {name: f"{BEST}{name}" for name in shown}
