"""Cards of a run and of a sweep: what it is, what became of it, and the numbers that matter."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seedbed.api.notebook import html

if TYPE_CHECKING:
    import polars as pl

# Metrics in the table of a run.
METRICS_OF_RUN = 40
# Of that of a sweep: rows, columns of keys and counts, and metrics, with their deviations.
ROWS, KEYS, METRICS = 8, 12, 3
DIGITS_OF_DEVIATION, ALL_DIGITS = 3, 17


def run_card(
    folder: str,
    state: str,
    facts: Mapping[str, str],
    epochs: Mapping[str, Mapping[str, float]],
    curves: "pl.DataFrame",
    metric: str,
) -> str:
    """Return the card of a run.

    Args:
        folder: Its folder, as it is shown.
        state: What became of it, in words.
        facts: Texts by title; empty ones are left out.
        epochs: Metrics by what their epoch is called.
        curves: Its curves.
        metric: Metric that picks its best epoch, of which a curve is drawn.
    """
    names = dict.fromkeys(name for metrics in epochs.values() for name in metrics)
    rows = [[name, *(each.get(name) for each in epochs.values())] for name in names]
    more = len(rows) - METRICS_OF_RUN
    note = f"and {more:,} more metrics" if more > 0 else ""
    header = ["metric", *epochs]
    parts = [html.table(header, rows[:METRICS_OF_RUN], note)] if rows else []
    of_training = f"train/{metric.partition('/')[2]}"
    drawn = [name for name in dict.fromkeys((of_training, metric)) if name in curves.columns]
    lines = {name: curves.get_column(name).drop_nulls().to_list() for name in drawn}
    return html.card("Run", folder, state, facts, *parts, html.curve(metric, lines))


def sweep_card(
    folder: str,
    state: str,
    facts: Mapping[str, str],
    configurations: "pl.DataFrame",
    objectives: Sequence[str],
) -> str:
    """Return the card of a sweep.

    Args:
        folder: Its folder, as it is shown.
        state: What became of it, in words.
        facts: Texts by title; empty ones are left out.
        configurations: Its configurations, the best first; there may be none.
        objectives: Columns by which they are judged, which are shown first.
    """
    parts = [_configurations(configurations, objectives)] if len(configurations) else []
    return html.card("Sweep", folder, state, facts, *parts)


def _configurations(shown: "pl.DataFrame", objectives: Sequence[str]) -> str:
    deviations = {name: f"{name} deviation" for name in shown.columns}
    metrics = [name for name in shown.columns if deviations[name] in shown.columns]
    order = [*objectives, *(name for name in metrics if "val" in name), *metrics]
    chosen = [name for name in dict.fromkeys(order) if name in metrics][:METRICS]
    spread = {deviations[name] for name in metrics}
    keys = [name for name in shown.columns if name not in {*metrics, *spread}]
    pairs = [title for name in chosen for title in (name, deviations[name])]
    columns = [*keys[-KEYS:], *pairs]
    digits = [DIGITS_OF_DEVIATION if name in spread else ALL_DIGITS for name in columns]
    rows = [
        [_rounded(cell, most) for cell, most in zip(row, digits, strict=True)]
        for row in shown.select(columns).head(ROWS).rows()
    ]
    more = len(shown) - len(rows)
    note = f"and {more:,} more configurations" if more else ""
    return html.table(["±" if name in spread else name for name in columns], rows, note)


def _rounded(cell: html.Cell, digits: int) -> html.Cell:
    return float(f"{cell:.{digits}g}") if isinstance(cell, float) else cell
