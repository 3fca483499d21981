"""Figures of a search, in the sweep's `figures/` and as images in TensorBoard."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.analysis.searches.keys import SearchedKey
from seedbed.files import write_atomically
from seedbed.sweep.results.configurations import is_of_every_epoch, ranked_column
from seedbed.sweep.results.searched.trials import COMPLETED, STOPPED, Trial
from seedbed.sweep.results.table import BEST
from seedbed.terminal.words import printable, relative

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = "figures"


@dataclass(frozen=True)
class Drawing:
    """What the figures of a search show.

    Attributes:
        trials: the trials.
        keys: the keys of the search.
        shares: the importances of the keys, None where there are none.
        metric: the watched metric.
        mode: `min` or `max`, which values of it are better.
        curves: values of the metric by epoch, by trial.
        generations: number of the first trial of each generation.
        objectives: names and modes of the objectives, where there are several.
        front: numbers of the trials on the front, where there are several objectives.
        infeasible: numbers of the trials that break a constraint.
        population: draws the numbers of a population by epoch; None: the trials are none.
        rank: the epoch of a trial whose metrics count, `best` or `last`.
    """

    trials: Sequence[Trial]
    keys: Sequence[SearchedKey]
    shares: Mapping[str, float] | None
    metric: str
    mode: str
    curves: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    generations: Sequence[int] = ()
    objectives: Sequence[tuple[str, str]] = ()
    front: frozenset[int] = frozenset()
    infeasible: frozenset[int] = frozenset()
    population: "Callable[[], Figure] | None" = None
    rank: str = "best"

    def label(self, metric: str) -> str:
        """Return a metric with the epoch that it is of, "best val/loss", as tables call it."""
        return f"{self.rank} {metric}" if is_of_every_epoch(metric) else metric

    def with_curves(self, curves: Mapping[int, Mapping[int, float]]) -> "Drawing":
        """Return the same with curves."""
        return replace(self, curves=curves)


def draw(folder: Path, drawing: Drawing, event_file: bool) -> list[str]:
    """Draw the figures into a sweep's folder; return a line that says where they are.

    What cannot be drawn is told on stderr. With `event_file` they are written for TensorBoard, too,
    in place of those of before.
    """
    from seedbed.figures import png

    pictures: dict[str, bytes] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A name has a sign that the font lacks.
        for name, figure in _figures(drawing):
            try:
                pictures[name] = png(figure())
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                print(f"seedbed: {FIGURES}/{name}.png: not drawn: {reason}", file=sys.stderr)
    for name, picture in pictures.items():
        write_atomically(folder / FIGURES / f"{name}.png", picture)
    if event_file:
        _write_events(folder, pictures, len(drawing.trials))
    return figures_lines(folder)


def figures_lines(folder: Path) -> list[str]:
    """Return a line that names the figures of a sweep; none where it has none."""
    names = sorted(printable(path.stem) for path in (folder / FIGURES).glob("*.png"))
    return [f"figures      {relative(folder / FIGURES)}: {', '.join(names)}"] if names else []


def _write_events(folder: Path, pictures: Mapping[str, bytes], step: int) -> None:
    from seedbed.loggers.event_file import EventFile, image_summary

    for path in folder.glob("events.out.tfevents.*"):
        if path.is_file() and not path.is_symlink():
            path.unlink()
    events = EventFile(folder, flush_secs=60.0)
    for name, picture in pictures.items():
        events.add(image_summary(f"search/{name}", picture), step)
    events.close()


def _figures(drawing: Drawing) -> Iterator[tuple[str, Any]]:
    """Yield the name of each figure, and a function that draws it."""
    if drawing.population is not None:
        yield "population", drawing.population
    else:
        yield "history", lambda: _history(drawing)
    if drawing.shares is not None:
        yield "importances", lambda: _importances(drawing)
    if drawing.keys:
        yield "slices", lambda: _slices(drawing)
    if any(drawing.curves.values()):
        yield "curves", lambda: _curves(drawing)
    if len(drawing.objectives) == 2:
        yield "front", lambda: _front(drawing)


def _history(drawing: Drawing) -> "Figure":
    import numpy as np

    from seedbed.figures.search import history

    numbers = np.array([trial.number for trial in drawing.trials], float)
    values, statuses = _values(drawing), _statuses(drawing)
    label = drawing.label(drawing.metric)
    return history(numbers, values, statuses, label, drawing.mode, drawing.generations)


def _importances(drawing: Drawing) -> "Figure":
    from seedbed.figures.search import importances

    assert drawing.shares is not None
    label = drawing.label(drawing.metric)
    title = f"importances of the keys for {label}, over {len(drawing.trials):,} trials"
    return importances(drawing.shares, title)


def _slices(drawing: Drawing) -> "Figure":
    from seedbed.figures.search import slices

    order = list(drawing.shares or {})
    keys = sorted(
        drawing.keys, key=lambda key: order.index(key.name) if key.name in order else len(order)
    )
    panels = [_slice(key) for key in keys]
    label = drawing.label(drawing.metric)
    return slices(panels, _values(drawing), _statuses(drawing), label, drawing.mode)


def _slice(key: SearchedKey) -> Any:
    import numpy as np

    from seedbed.figures.search import Slice

    if key.choices:
        places = {choice: float(place) for place, choice in enumerate(key.choices)}
        return Slice(
            key.name,
            np.array([places.get(cell, np.nan) for cell in key.cells]),
            words=key.choices,
        )
    numbers = [np.nan if number is None else number for number in key.numbers]
    return Slice(key.name, np.array(numbers, float), log=key.log)


def _curves(drawing: Drawing) -> "Figure":
    import numpy as np

    from seedbed.figures.search import trial_curves

    curves = []
    rungs: dict[int, int] = {}
    for trial in drawing.trials:
        known = sorted(drawing.curves.get(trial.number, {}).items())
        curves.append((np.array([e for e, _ in known]), np.array([v for _, v in known], float)))
        if trial.status == STOPPED and known:
            rungs[known[-1][0]] = rungs.get(known[-1][0], 0) + 1
    sign = 1.0 if drawing.mode == "min" else -1.0
    ranked = [
        (sign * trial.value, place)
        for place, trial in enumerate(drawing.trials)
        if trial.status == COMPLETED and trial.value is not None
    ]
    best = min(ranked)[1] if ranked else None
    return trial_curves(
        curves, _statuses(drawing), drawing.metric, drawing.mode, dict(sorted(rungs.items())), best
    )


def _front(drawing: Drawing) -> "Figure":
    import numpy as np

    from seedbed.figures.search import front

    (first, first_mode), (second, second_mode) = drawing.objectives
    columns = [ranked_column(name, drawing.rank) for name in (first, second)]
    values = [[_metric(trial, column) for column in columns] for trial in drawing.trials]
    numbers = [trial.number for trial in drawing.trials]
    return front(
        np.array(values, float).reshape(-1, 2),
        np.array([number in drawing.front for number in numbers], bool),
        _statuses(drawing),
        (drawing.label(first), drawing.label(second)),
        (first_mode, second_mode),
        np.array([number not in drawing.infeasible for number in numbers], bool),
    )


def _metric(trial: Trial, column: str) -> float:
    value = trial.metrics.get(column, trial.metrics.get(column.removeprefix(BEST)))
    return float("nan") if value is None else value


def _values(drawing: Drawing) -> Any:
    import numpy as np

    return np.array(
        [np.nan if trial.value is None else trial.value for trial in drawing.trials], float
    )


def _statuses(drawing: Drawing) -> list[str]:
    from seedbed.figures.search import COMPLETED as ENDED
    from seedbed.figures.search import FAILED
    from seedbed.figures.search import STOPPED as CUT

    words = {COMPLETED: ENDED, STOPPED: CUT}
    return [words.get(trial.status, FAILED) for trial in drawing.trials]
