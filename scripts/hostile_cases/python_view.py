"""A folder through Python: all that `seedbed.load` gives of it, in place of a command."""

import sys
import warnings
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

# What the HTML of a notebook is made of.
TAGS = {"div", "b", "code", "span", "table", "tr", "th", "td", "svg", "polyline", "title"}
ATTRIBUTES = {
    *("style", "class", "width", "height", "role", "aria-label"),
    *("points", "fill", "stroke", "stroke-width"),
}


def look(folder: str) -> int:
    """Look at everything in a folder; return the exit code that a command would have.

    What is refused is said in a line; whatever else is raised is a fault.
    """
    import seedbed

    warnings.simplefilter("ignore")
    refused = 0
    try:
        opened = seedbed.load(folder)
    except seedbed.SeedbedError as error:
        print(f"seedbed: {_short(error)}", file=sys.stderr)
        return 2
    for name, view in _views(opened):
        try:
            print(f"{name}: {_short(view())}")
        except seedbed.SeedbedError as error:
            refused += 1
            print(f"{name}: refused: {_short(error)}")
    print(f"{refused} refused")
    return 0


def _views(opened: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    import seedbed

    of_both = ("status", "error", "command", "name", "metrics", "config", "curves", "figures")
    for name in of_both:
        yield name, lambda name=name: getattr(opened, name)
    yield "repr", lambda: repr(opened)
    yield "html", lambda: _checked(opened._repr_html_())
    yield "pictures", lambda: [len(figure.png) for figure in opened.figures.values()]
    yield "predict", lambda: opened.predict([[1, 2]])
    yield "evaluate", lambda: opened.evaluate(split="train")
    yield "model", lambda: type(opened.model()).__name__
    if isinstance(opened, seedbed.Run):
        yield "prepare", lambda: opened.prepare([[1, 2]]).shape
        return
    for name in ("counts", "axes", "results", "configurations", "front", "best", "best_jobs"):
        yield name, lambda name=name: getattr(opened, name)
    yield "runs", lambda: [run.status for run in opened]
    yield "job", lambda: (len(opened), opened[0].curves)


def _short(value: object) -> str:
    # Two lines of a frame say enough; the whole of a text is looked at for what steers a terminal.
    text = "; ".join(str(value).splitlines())
    return text if len(text) < 1000 else f"{text[:500]} ... {text[-400:]}"


def _checked(page: str) -> str:
    """Return HTML of which all is ours; raise AssertionError where anything else is in it."""

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            assert tag in TAGS, f"a tag of theirs: {tag}"
            assert {name for name, _ in attributes} <= ATTRIBUTES, f"attributes: {attributes}"

    Parser().feed(page)
    return page
