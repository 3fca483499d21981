"""Texts of a table as typed columns."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.page.cells import cell, spans_orders, typed


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1e-06", "0.1", "3"], "number", [1e-06, 0.1, 3]),
        (["0.9", "null", ""], "number", [0.9, None, None]),
        (["true", "false", "null"], "boolean", [True, False, None]),
        (["adam", "sgd", ""], "text", ["adam", "sgd", ""]),
        (["[64,64]", "[64]"], "text", ["[64,64]", "[64]"]),
        (["nan", "-inf", "1.5"], "number", ["nan", "-inf", 1.5]),
        # JavaScript would round it.
        (["9007199254740993", "1"], "text", ["9007199254740993", "1"]),
        # What float() takes for a number, and no config does.
        (["1_000", "2"], "text", ["1_000", "2"]),
        (["", ""], "text", ["", ""]),
        ([], "text", []),
    ],
)
def test_the_type_of_a_column_follows_from_all_of_its_cells(texts, kind, values):
    assert typed(texts) == (kind, values)


@given(st.lists(st.floats() | st.integers(-(2**53) + 1, 2**53 - 1), min_size=1))
def test_numbers_of_a_table_come_back_exactly(numbers):
    kind, values = typed([cell(number) for number in numbers])
    assert kind == "number"
    for number, value in zip(numbers, values, strict=True):
        if math.isfinite(number):
            assert value == number
            assert json.loads(json.dumps(value)) == number
        else:
            assert value == str(number)


def test_a_logarithmic_axis_is_for_positive_numbers_of_several_orders():
    assert spans_orders([1e-4, 1e-1, None])
    assert not spans_orders([0.0, 1e-4, 1e-1])
    assert not spans_orders([0.1, 0.9])
    assert not spans_orders(["a"])
