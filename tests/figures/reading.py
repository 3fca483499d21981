"""What the tests read from figures."""

from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from seedbed.figures import png


def picture(figure: Figure) -> NDArray[np.uint8]:
    """Draw the figure; return its PNG's pixels, (height, width, 3)."""
    return np.asarray(Image.open(BytesIO(png(figure))).convert("RGB"))


def drawn(figure: Figure) -> Figure:
    """Return a figure of which all texts and ticks are laid out."""
    picture(figure)
    return figure


def legend_names(holder: Axes | Figure) -> list[str]:
    legend = holder.get_legend() if isinstance(holder, Axes) else holder.legends[0]
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def legend_lines(axes: Axes) -> dict[str, Line2D]:
    """Return the sample lines of a legend by name."""
    legend = axes.get_legend()
    assert legend is not None
    return dict(zip(legend_names(axes), legend.get_lines(), strict=True))


def line_like(axes: Axes, sample: Line2D) -> Line2D:
    """Return the line on the axes that looks like a sample in a legend."""
    looks = [line for line in axes.lines if _look(line) == _look(sample)]
    assert len(looks) == 1
    return looks[0]


def _look(line: Line2D) -> tuple[object, ...]:
    return (
        line.get_marker(),
        to_rgb(line.get_color()),
        str(line.get_markerfacecolor()),
        line.get_linestyle(),
        line.get_linewidth(),
    )


def named_line(axes: Axes, name: str) -> Line2D:
    """Return the line on the axes to which the legend gives a name."""
    return line_like(axes, legend_lines(axes)[name])


def points_of(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]


def texts(figure: Figure) -> list[str]:
    """Return all texts that a drawn figure shows."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def is_literal(figure: Figure, text: str) -> bool:
    """Tell whether a text is in the figure, and nowhere read as a formula."""
    found = [one for one in figure.findobj(Text) if text in one.get_text()]
    return bool(found) and not any(one.get_parse_math() for one in found)


def grey(color: object) -> float:
    """Return the lightness of a colour in a grey print, from 0 to 1."""
    red, green, blue = to_rgb(color)  # type: ignore[arg-type]
    return 0.299 * red + 0.587 * green + 0.114 * blue
