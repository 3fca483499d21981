"""Cells of a table as typed values: a column of texts is one of numbers, booleans or texts."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from seedbed.page.document import Cell, Type

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
# What stands for nothing beside numbers and booleans.
_NOTHING = ("", "null")
# Whole numbers beyond are not exact in JavaScript.
LARGEST = 2**53
# A column is shown on a logarithmic axis where its values span as many times the smallest.
SPAN = 30.0


def cell(value: Any) -> str:
    """Return a value of a config as a cell; numbers read back exactly."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(float(value))
    return json.dumps(value, ensure_ascii=False)


def typed(texts: Sequence[str]) -> tuple[Type, list[Cell]]:
    """Return the type of a column and its values; nothing, or null among numbers, is None."""
    distinct = dict.fromkeys(texts)
    known = [text for text in distinct if text not in _NOTHING]
    if known and all(text in _BOOLEANS for text in known):
        kind: Type = "boolean"
        values: dict[str, Cell] = {text: _BOOLEANS.get(text) for text in distinct}
    elif known and all(_is_number(text) for text in known):
        kind = "number"
        values = {text: None if text in _NOTHING else number(text) for text in distinct}
    else:
        kind, values = "text", {text: text for text in distinct}
    return kind, [values[text] for text in texts]


def number(text: str) -> Cell:
    """Return a text as a number; as JSON has it, a word where it is not finite."""
    if _WHOLE.fullmatch(text):
        return int(text)
    value = float(text)
    return value if abs(value) < float("inf") else str(value)


def _is_number(text: str) -> bool:
    if _NUMBER.fullmatch(text) is None:
        return False
    return not _WHOLE.fullmatch(text) or (len(text) < 18 and abs(int(text)) < LARGEST)


def spans_orders(values: Iterable[Cell]) -> bool:
    """Return whether numbers, all above 0, are spread over more than one order of magnitude."""
    numbers = [value for value in values if isinstance(value, int | float)]
    return bool(numbers) and min(numbers) > 0 and max(numbers) >= SPAN * min(numbers)
