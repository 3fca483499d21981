"""Style that all figures share: sizes, colours, axes and legends, and the writing of PNGs.

Every figure is readable in a grey print: the colours below differ in lightness, and what is drawn
in them differs in marker, fill or line style as well. A legend lies below its axes, where it hides
nothing. Text from a caller is literal: `$` starts no formula.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import (
    FuncFormatter,
    Locator,
    LogLocator,
    NullFormatter,
    SymmetricalLogLocator,
)
from matplotlib.transforms import ScaledTranslation

DOTS_PER_INCH = 110
# Around every panel, in inches.
MARGIN = 0.1

# From dark to light: 13, 20, 50 and 70 % of white in a grey print.
INK = "#222222"
DARK = "#0b3c6f"
MIDDLE = "#d9622b"
LIGHT = "#8cbfe6"
GRID = "#e4e4e4"

# In points.
TITLE_SIZE = 11
LABEL_SIZE = 10
SMALL_SIZE = 9
# From the lower edge of the axes to the legend: tick labels and the axis label lie between them.
LEGEND_DISTANCE = 40

# Keyword arguments of every text that comes from a caller.
LITERAL: dict[str, Any] = {"parse_math": False}

_LEGEND: dict[str, Any] = {
    "fontsize": SMALL_SIZE,
    "labelcolor": INK,
    "frameon": False,
    "handlelength": 2.6,
    "columnspacing": 1.6,
}


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a width and a height in inches."""
    layout = ConstrainedLayoutEngine(w_pad=MARGIN, h_pad=MARGIN)
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def new_axes(
    figure: Figure,
    x_label: str,
    y_label: str,
    *,
    title: str = "",
    place: tuple[int, int, int] = (1, 1, 1),
) -> Axes:
    """Add axes to a figure.

    Args:
        figure: Figure to add to.
        x_label: Label of the horizontal axis.
        y_label: Label of the vertical axis.
        title: Title of the axes.
        place: Rows, columns, and the number of the panel among them, from 1.
    """
    axes = figure.add_subplot(*place)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(which="both", labelsize=SMALL_SIZE, color=INK, labelcolor=INK)
    axes.set_xlabel(x_label, fontsize=LABEL_SIZE, color=INK, **LITERAL)
    axes.set_ylabel(y_label, fontsize=LABEL_SIZE, color=INK, **LITERAL)
    if title:
        axes.set_title(title, fontsize=TITLE_SIZE, color=INK, **LITERAL)
    return axes


def caption(figure: Figure, text: str) -> None:
    """Write a line below a figure, at its right end."""
    figure.supxlabel(text, x=0.98, ha="right", fontsize=SMALL_SIZE, color=INK, **LITERAL)


def plain_number(value: float, place: object = None) -> str:
    """Return a number in its shortest form; matplotlib passes its place on the axis."""
    return f"{value:g}"


def plain_numbers(axis: Axis, low: float, high: float) -> None:
    """Label a log or symlog axis with plain numbers, 0.2 or 50, instead of powers of ten.

    Args:
        axis: Axis with its scale set; a symlog axis must be linear up to 1.
        low: Smallest value shown, above 0.
        high: Largest value shown.
    """
    multiples = (1.0, 2.0, 5.0) if high < 300 * low else (1.0,)
    locator: Locator = LogLocator(subs=multiples)
    if axis.get_scale() == "symlog":
        locator = SymmetricalLogLocator(base=10, linthresh=1, subs=multiples)
    axis.set_major_locator(locator)
    axis.set_major_formatter(FuncFormatter(plain_number))
    axis.set_minor_formatter(NullFormatter())


def axis_label(name: str, unit: str = "") -> str:
    """Return a name followed by its unit, if it has one: "temperature (F)"."""
    return f"{name} ({unit})" if unit else name


def legend_below(axes: Axes, entries: Sequence[tuple[Artist, str]], columns: int) -> None:
    """Add a legend below the axes.

    Args:
        axes: Axes that the legend belongs to.
        entries: An artist and its name each.
        columns: Number of columns.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    down = ScaledTranslation(0, -LEGEND_DISTANCE / 72, figure.dpi_scale_trans)
    legend = axes.legend(
        [artist for artist, _ in entries],
        [""] * len(entries),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=axes.transAxes + down,
        borderaxespad=0.0,
        ncols=columns,
        **_LEGEND,
    )
    _write_names(legend, entries)


def legend_below_all(figure: Figure, entries: Sequence[tuple[Artist, str]]) -> None:
    """Add a legend of one row below all panels of a figure, with an artist and its name each."""
    legend = figure.legend(
        [artist for artist, _ in entries],
        [""] * len(entries),
        loc="outside lower center",
        ncols=len(entries),
        **_LEGEND,
    )
    _write_names(legend, entries)


def _write_names(legend: Legend, entries: Sequence[tuple[Artist, str]]) -> None:
    """Set the names of a legend's entries literally: matplotlib would hide `_a` and parse `$a$`."""
    for text, (_, name) in zip(legend.get_texts(), entries, strict=True):
        text.set_parse_math(False)
        text.set_text(name)


def write_message(axes: Axes, message: str) -> None:
    """Write a message across axes that have nothing else to show."""
    axes.text(
        0.5,
        0.5,
        message,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=TITLE_SIZE,
        color=INK,
        **LITERAL,
    )


def png(figure: Figure) -> bytes:
    """Render a figure and return the content of a PNG file."""
    file = BytesIO()
    # Figures are few colours on white: stronger compression takes longer and saves next to nothing.
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(file, pil_kwargs={"compress_level": 1})
    return file.getvalue()
