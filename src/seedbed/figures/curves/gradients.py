"""Gradient of the loss by epoch or step: its norms, and of small models its numbers."""

from collections.abc import Mapping
from math import ceil, log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, SymmetricalLogLocator

from seedbed.figures.curves.binned import MAX_LINES, Curve, draw_curves, finite
from seedbed.figures.style import (
    legend_below,
    new_axes,
    new_figure,
    plain_number,
    plain_numbers,
    write_message,
)

# Decades below the largest number of a gradient that its axis shows, those around 0 linearly.
_DECADES = 3
# Characters of a name in the legend.
_LONGEST_NAME = 26


def gradient_curves(
    norms: Mapping[str, Curve],
    numbers: Mapping[str, Curve],
    unit: str = "epoch",
    title: str = "norm of the gradient",
) -> Figure:
    """Draw norms of gradients by epoch or step, and the numbers of the gradient beside them.

    Args:
        norms: Epochs or steps, rising from 1, and norms, (k,) each, by name: that of all parameters
            first. Of more than 12 the first 12 are drawn. Values that are not finite are left out,
            and so are norms of 0 where others are not: their axis is logarithmic.
        numbers: The same of the numbers of the gradient; without any there is one panel.
        unit: What a point is, "epoch" or "step".
        title: Title of the first panel.
    """
    panels = 2 if numbers else 1
    figure = new_figure(6.4 * panels, 5.2)
    some = f": the first {MAX_LINES} of {len(norms)}" if len(norms) > MAX_LINES else ""
    left = new_axes(figure, unit, "norm", title=title + some, place=(1, panels, 1))
    _draw_norms(left, {name: finite(*curve) for name, curve in norms.items()}, unit)
    if numbers:
        right = new_axes(
            figure, unit, "derivative of the loss", title="the gradient", place=(1, panels, 2)
        )
        _draw_numbers(right, {name: finite(*curve) for name, curve in numbers.items()}, unit)
    return figure


def _draw_norms(axes: Axes, curves: Mapping[str, Curve], unit: str) -> None:
    values = np.concatenate([np.empty(0), *(values for _, values in curves.values())])
    positive = values[values > 0]
    if not values.size:
        write_message(axes, "no finite values")
    if positive.size and positive.max() > 10 * positive.min():
        axes.set_yscale("log")
        plain_numbers(axes.yaxis, positive.min(), positive.max())
        curves = {n: (at[norm > 0], norm[norm > 0]) for n, (at, norm) in curves.items()}
    _draw(axes, curves, unit)


def _draw_numbers(axes: Axes, curves: Mapping[str, Curve], unit: str) -> None:
    """Draw numbers of both signs on an axis that is linear around 0 and logarithmic beyond.

    It is linear up to the size of most numbers: those that go up and down around 0 stay readable.
    """
    values = np.concatenate([np.empty(0), *(values for _, values in curves.values())])
    largest = float(np.abs(values).max()) if values.size else 0.0
    if not values.size:
        write_message(axes, "no finite values")
    if largest > 0:
        usual = max(float(np.median(np.abs(values))), largest / 10**_DECADES)
        linear = 10.0 ** ceil(log10(usual))
        axes.set_yscale("symlog", linthresh=linear, linscale=1.0)
        axes.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=linear))
        axes.yaxis.set_major_formatter(FuncFormatter(plain_number))
        axes.yaxis.set_minor_formatter(NullFormatter())
    _draw(axes, curves, unit)


def _draw(axes: Axes, curves: Mapping[str, Curve], unit: str) -> None:
    shown = dict(list(curves.items())[:MAX_LINES])
    entries = [(artist, _shortened(name)) for artist, name in draw_curves(axes, shown, unit)]
    if entries:
        longest = max(len(name) for _, name in entries)
        legend_below(axes, entries, columns=3 if longest < 16 else 2)


def _shortened(name: str) -> str:
    """Return a name with its middle left out where it is long."""
    if len(name) <= _LONGEST_NAME or " " in name:
        return name
    half = (_LONGEST_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
