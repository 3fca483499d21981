"""Raw numbers of a table's rows become, in torch, what the run's own preparation makes of them."""

from datetime import date, datetime, time
from itertools import product

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from seedbed.data.preparation import FitOptions, Preparation, fit
from seedbed.data.preparation.features import Missing, Number
from seedbed.data.tables import TableSchema
from seedbed.data.tables.schema import Column
from seedbed.errors import ConfigError
from seedbed.experiment.export.table_inputs import PrepareTable, table_inputs

KINDS = {
    "mass": "number",
    "sea": "category",
    "day": "date",
    "moment": "date",
    "ringed": "boolean",
    "at": "time",
    "count": "number",
}
SCHEMA = TableSchema(tuple(Column(name, kind) for name, kind in KINDS.items()), 8)
ROW = st.fixed_dictionaries(
    {
        # Large numbers that differ little.
        "mass": st.none() | st.floats(1e7, 1e7 + 50),
        "sea": st.none() | st.sampled_from(["Baltic", "North", "Ross", "Weddell"]),
        "day": st.none() | st.dates(date(1990, 1, 1), date(2030, 1, 1)),
        "moment": st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)),
        "ringed": st.none() | st.booleans(),
        "at": st.none() | st.times(),
        "count": st.integers(-5, 5),
    }
)
TYPES = {
    "mass": pl.Float64,
    "sea": pl.String,
    "day": pl.Date,
    "moment": pl.Datetime("us"),
    "ringed": pl.Boolean,
    "at": pl.Time,
    "count": pl.Float64,
}
WHOLE = {
    "mass": 1e7 + 3.0,
    "sea": "Ross",
    "day": date(2007, 11, 11),
    "moment": datetime(2007, 11, 11, 12, 30, 5),
    "ringed": True,
    "at": time(6, 30),
    "count": 1,
}


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TYPES)


@pytest.mark.parametrize(
    ("encode", "missing", "scale"),
    [*product(["one_hot", "embedding"], ["fill", "drop"], ["standard"]), ("one_hot", "fill", None)],
)
@given(rows=st.lists(ROW, min_size=1, max_size=6), others=st.lists(ROW, min_size=1, max_size=6))
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_torch_prepares_rows_as_the_run_does(
    encode: str, missing: str, scale: str | None, rows: list, others: list
) -> None:
    frame = _frame([WHOLE, *rows, *others])
    training, every = np.arange(1 + len(rows)), np.arange(len(frame))
    options = FitOptions(scale, encode, missing)  # type: ignore[arg-type]
    # As in a cross-validation: some words have a place, and training has not seen them.
    fitted = fit(frame, KINDS, {}, training, options, every)
    inputs = table_inputs(SCHEMA, fitted)
    for dtype in (np.float32, np.float64):
        expected = fitted.apply(frame, dtype=dtype)
        prepare = PrepareTable(inputs, torch.from_numpy(expected).dtype)
        found = prepare(inputs.of_rows(frame)).numpy()
        np.testing.assert_allclose(found, expected, rtol=2 * np.finfo(dtype).eps)


def test_what_is_taken_is_in_the_order_of_the_table() -> None:
    frame = _frame([WHOLE, {**WHOLE, "sea": "Baltic"}])
    fitted = fit(frame, KINDS, {}, np.arange(2), FitOptions(encode="embedding"))
    inputs = table_inputs(SCHEMA, fitted)
    names = ["mass", "sea", "day year", "day month", "day day", "day weekday"]
    moments = [f"moment {part}" for part in ("year", "month", "day", "weekday", "hour")]
    assert [each.name for each in inputs.raw] == [*names, *moments, "ringed", "at hour", "count"]
    taken = [1e7 + 3, 2, 2007, 11, 11, 7, 2007, 11, 11, 7, 12.5 + 5 / 3600, 1, 6.5, 1]
    assert inputs.of_rows(frame)[0].tolist() == taken


def test_a_code_that_no_word_has_is_a_word_that_was_never_seen() -> None:
    frame = _frame([WHOLE, {**WHOLE, "sea": "Baltic"}])
    for encode in ("one_hot", "embedding"):
        fitted = fit(frame, {"sea": "category"}, {}, np.arange(2), FitOptions(encode=encode))
        prepare = PrepareTable(table_inputs(SCHEMA, fitted), torch.float32)
        raw = torch.tensor([[0.0], [3.0], [-1.0], [1e9], [0.5]], dtype=torch.float64)
        known = prepare(torch.tensor([[2.0]], dtype=torch.float64))
        assert known.any()
        assert not prepare(raw).round().any()


def test_a_missing_value_of_what_is_no_input_is_refused() -> None:
    stored = Preparation((Number("mass", 0.0, 0.0, 1.0), Missing("sea")), ())
    with pytest.raises(ConfigError, match="column 'sea'"):
        table_inputs(SCHEMA, stored)
