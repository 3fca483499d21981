"""Small pieces of HTML by which notebooks show runs and sweeps.

Whatever a folder says is text here: it is escaped, and steers nothing. Colours are those of the
notebook around it, light or dark.
"""

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite, log10

from seedbed.errors import plain

Cell = str | float | int | bool | None

# Letters of a text that are shown.
MOST_LETTERS = 300
_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"padding:.15em .9em .15em 0;text-align:{{}};border-bottom:{_LINE};background:none"
# Okabe and Ito's colours, which colour-blind people can tell apart, by what became of something.
_COLOURS = {
    "completed": "#009e73",
    "stopped_early": "#009e73",
    "running": "#56b4e9",
    "interrupted": "#e69f00",
    "diverged": "#d55e00",
    "failed": "#d55e00",
}


def card(title: str, name: str, status: str, facts: Mapping[str, str], *parts: str) -> str:
    """Return a card: what it is, what became of it, lines of facts, and parts of HTML below.

    Args:
        title: `Run` or `Sweep`.
        name: Its folder, or its name.
        status: One of the statuses of a run, perhaps with words after it.
        facts: Texts by title; empty ones are left out.
        parts: HTML of `table` or `curve`.
    """
    colour = _COLOURS.get(status.partition(" ")[0].rstrip(","), "#888")
    head = (
        f'<div><b>{text(title)}</b> <code style="background:none">{text(name)}</code> '
        f'<span style="color:{colour}">&#9679;</span> {text(status)}</div>'
    )
    lines = "".join(
        f'<div style="opacity:.85"><span style="display:inline-block;min-width:6.5em">'
        f"{text(key)}</span>{text(value)}</div>"
        for key, value in facts.items()
        if value
    )
    return f'<div class="seedbed" style="line-height:1.5">{head}{lines}{"".join(parts)}</div>'


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]], note: str = "") -> str:
    """Return a table; numbers stand right, in six digits, and what is None is empty."""
    numeric = [
        all(row[place] is None or _is_number(row[place]) for row in rows)
        for place in range(len(header))
    ]
    sides = ["right" if right else "left" for right in numeric]
    heads = "".join(
        f'<th style="{_CELL.format(side)}">{text(name)}</th>'
        for name, side in zip(header, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL.format(side)}">{text(shown(cell))}</td>'
            for cell, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    below = f'<div style="opacity:.7">{text(note)}</div>' if note else ""
    # A table may have colours of its own, which are not those of the notebook.
    style = "border-collapse:collapse;margin:.4em 0;border:0;color:inherit;font-size:inherit"
    whole = f'<table style="{style}"><tr>{heads}</tr>{body}</table>{below}'
    return f'<div style="overflow-x:auto">{whole}</div>'


def shown(cell: Cell) -> str:
    """Return a cell as a text."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def text(content: object) -> str:
    """Return a text as HTML that shows it, however it is written."""
    letters = plain(str(content))
    letters = letters if len(letters) <= MOST_LETTERS else f"{letters[:MOST_LETTERS]}…"
    return escape(letters)


def curve(title: str, lines: Mapping[str, Sequence[float]]) -> str:
    """Return a small picture of curves over the epochs, each over its own points.

    Numbers that are not finite are left out; nothing is drawn of fewer than two. What falls or
    rises to a hundredth or to a hundredfold is drawn on a scale of logarithms, which is said.
    """
    width, height = 260, 64
    finite = {name: [v for v in values if isfinite(v)] for name, values in lines.items()}
    drawn = {name: values for name, values in finite.items() if len(values) > 1}
    if not drawn:
        return ""
    low = min(min(values) for values in drawn.values())
    high = max(max(values) for values in drawn.values())
    if not isfinite(high - low):
        return ""
    scale = ""
    if low > 0 and high / low > 100:
        drawn = {name: [log10(value) for value in values] for name, values in drawn.items()}
        low, high, scale = log10(low), log10(high), " (log scale)"
    colours = ("#56b4e9", "#e69f00")
    paths = []
    for (name, values), colour in zip(drawn.items(), colours, strict=False):
        step = max(1, len(values) // width)
        chosen = values[::step]
        points = " ".join(
            f"{place * width / max(1, len(chosen) - 1):.1f},"
            f"{height - 4 - (value - low) / ((high - low) or 1) * (height - 8):.1f}"
            for place, value in enumerate(chosen)
        )
        paths.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5">'
            f"<title>{text(name)}</title></polyline>"
        )
    named = ", ".join(
        f'<span style="color:{colour}">&#9644;</span> {text(name)}'
        for name, colour in zip(drawn, colours, strict=False)
    )
    picture = f'<svg width="{width}" height="{height}" role="img" aria-label="{text(title)}">'
    return f'<div>{picture}{"".join(paths)}</svg><div style="opacity:.7">{named}{scale}</div></div>'


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
