"""Which weights of a run are used, and whether those of its best and its last epoch differ much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from seedbed.runs.checkpoints import described
from seedbed.runs.record import MEASURED

# A best epoch among the first tenth of all is that of a model that has hardly been trained.
EARLY = 0.1
# From so many epochs on a tenth of them says anything.
FEWEST_EPOCHS = 10
# How much worse than the best value the last one may be, over the best one.
MOST_WORSE = 0.5
# The same of a share from 0 to 1 where more is better, such as an accuracy, in points of it.
MOST_POINTS = 0.05
# Fewer validation rows than these pick an epoch by chance.
FEW_ROWS = 20


@dataclass(frozen=True)
class ChosenWeights:
    """Weights of a run that are used.

    Attributes:
        name: checkpoint that they are of, `best` or `last`.
        epoch: their epoch, from 1; None where nothing says it.
        called: which they are, in words.
        lines: what people should know of them, a title and a text each.
    """

    name: str
    epoch: int | None
    called: str
    lines: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Picked:
    """How a run picks its best epoch.

    Attributes:
        metric: metric that picks it.
        rows: number of validation rows; None where it is not known, or the metric is of others.
    """

    metric: str
    rows: int | None = None


def chosen_weights(
    record: Mapping[str, Any],
    checkpoint: Mapping[str, Any],
    name: str,
    asked: str,
    picked: Picked,
) -> ChosenWeights:
    """Return which weights a checkpoint holds, and what people should know of them.

    Args:
        record: Fields of run.json.
        checkpoint: Content of the checkpoint.
        name: Which one it is, `best` or `last`.
        asked: Which one was asked for: there may be no best.
        picked: How the run picks its best epoch.
    """
    epoch = checkpoint.get("epoch")
    lines = []
    if is_within_epoch(checkpoint):
        step = checkpoint.get("global_step")
        called = f"within epoch {epoch}, after step {step:,} ({name})"
    else:
        called = described(record, name, epoch)
    if name != asked:
        lines.append(("note", no_best(record, picked.metric)))
    kept = _epoch_and_value(record, name, picked.metric)
    is_known = kept is not None and kept[0] == epoch
    texts = far_apart(record, name, picked) if is_known else []
    lines += [("warning" if place == 0 else "", text) for place, text in enumerate(texts)]
    return ChosenWeights(name, epoch, called, lines)


def no_best(record: Mapping[str, Any], metric: str) -> str:
    """Return why the last weights take the place of the best, by the fields of run.json."""
    if record.get("status") in MEASURED and not record.get("warning"):
        return "checkpoint=last: the run has kept its last epoch alone"
    return f"checkpoint=last: the run has no best epoch, {metric} was never a number"


def is_within_epoch(checkpoint: Mapping[str, Any]) -> bool:
    """Return whether a checkpoint was written between two steps of an epoch that went on.

    Its content may be anything that a stranger has written.
    """
    node: Any = checkpoint
    for key in ("loops", "fit_loop", "epoch_progress", "current", "processed"):
        node = node.get(key) if isinstance(node, Mapping) else None
    return isinstance(node, int) and node < checkpoint.get("epoch", 0)


def far_apart(record: Mapping[str, Any], name: str, picked: Picked) -> list[str]:
    """Return lines that say how the best epoch differs from the last; none where it does not.

    They are far apart where the best is among the first tenth of at least ten epochs, or where the
    metric that picked it is worse at the end: by half of its best value, or, of a share from 0
    to 1 where more is better, by 0.05.

    Args:
        record: Fields of run.json.
        name: Which weights are used, `best` or `last`.
        picked: How the run picks its best epoch.
    """
    best, last = (_epoch_and_value(record, key, picked.metric) for key in ("best", "last"))
    if best is None or last is None or best[0] >= last[0]:
        return []
    is_early = last[0] >= FEWEST_EPOCHS and best[0] <= EARLY * last[0]
    worse = _worse(best[1], last[1])
    if not (is_early or worse):
        return []
    values = [
        f"{epoch:,}" + (f" ({picked.metric} {value:.6g})" if value is not None else "")
        for epoch, value in (best, last)
    ]
    lines = [f"the best epoch, {values[0]}, is far from the last, {values[1]}"]
    if is_early:
        lines[0] += ": it is in the first tenth"
    other = "last" if name == "best" else "best"
    why = f"checkpoint={other} takes the other"
    if picked.rows is not None and picked.rows < FEW_ROWS:
        count = "1 validation row" if picked.rows == 1 else f"{picked.rows} validation rows"
        why = f"{count} picked it, so few that it may be by chance; {why}"
    return [*lines, why]


def _epoch_and_value(
    record: Mapping[str, Any], name: str, metric: str
) -> tuple[int, float | None] | None:
    """Return the epoch of a checkpoint and its value of a metric; None where there is none."""
    kept: Any = (record.get("checkpoints") or {}).get(name) or {}
    epoch, value = kept.get("epoch"), (kept.get("metrics") or {}).get(metric)
    return None if epoch is None else (epoch, value)


def _worse(best: float | None, last: float | None) -> bool:
    """Return whether the last value of a metric is much worse than its best one.

    Which of the two is larger says which direction is better.
    """
    if best is None or last is None or not (isfinite(best) and isfinite(last)):
        return False
    is_share = last < best and last >= 0 and best <= 1
    return abs(last - best) > (MOST_POINTS if is_share else MOST_WORSE * abs(best))
