"""Importances of the keys of a search."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from seedbed.figures.style import DARK, INK, LITERAL, SMALL_SIZE, new_axes, new_figure

# More keys are left out, the least important ones.
MOST = 20
# Of a longer name the middle is left out.
LONGEST = 36


def shortened(name: str, longest: int = LONGEST) -> str:
    """Return a name that is not longer than so many letters, without its middle where it is."""
    # A sign that cannot be seen has no shape in any font.
    name = "".join(sign if sign.isprintable() else "�" for sign in name)
    if len(name) <= longest:
        return name
    kept = longest - 1
    return f"{name[: kept // 2]}…{name[-(kept - kept // 2) :]}"


def importances(shares: Mapping[str, float], title: str = "importances of the keys") -> Figure:
    """Draw a bar for each key, the most important one at the top.

    Args:
        shares: Share of each key, 0 to 1, the largest first.
        title: Title of the axes.
    """
    names = list(shares)[:MOST]
    values = [shares[name] for name in names]
    figure = new_figure(7.2, 1.6 + 0.34 * len(names))
    axes = new_axes(figure, "share of the importance", "", title=title)
    axes.grid(visible=False, axis="y")
    places = range(len(names))
    axes.barh(places, values, height=0.62, color=DARK)
    axes.set_yticks(places, [shortened(name) for name in names])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, max([*values, 0.01]) * 1.12)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    for place, value in zip(places, values, strict=True):
        text = f" {100 * value:.0f} %" if value >= 0.005 else " < 1 %"
        axes.text(value, place, text, va="center", fontsize=SMALL_SIZE, color=INK, **LITERAL)
    return figure
