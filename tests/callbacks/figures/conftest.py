"""Fixture that collects what figures are drawn from."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from seedbed import figures


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that collects, by name, what a function of seedbed.figures is given."""

    def collect(function: str) -> list[dict[str, Any]]:
        draw, calls = getattr(figures, function), []

        def instead(*arguments: Any, **keywords: Any) -> Any:
            bound = inspect.signature(draw).bind(*arguments, **keywords)
            bound.apply_defaults()
            calls.append(dict(bound.arguments))
            return empty()

        monkeypatch.setattr(figures, function, instead)
        return calls

    return collect


def empty() -> Any:
    """Return a figure that is drawn at once."""
    from matplotlib.figure import Figure

    return Figure(figsize=(1, 1), dpi=10)
