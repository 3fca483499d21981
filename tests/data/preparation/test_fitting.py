"""Tests of what is fitted to the training rows of a table, against scikit-learn."""

from datetime import date, datetime

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from seedbed.data.preparation import FitOptions, Preparation, fit
from seedbed.errors import DataError, RunFolderError

SCALERS = {
    "standard": StandardScaler(),
    "min_max": MinMaxScaler(),
    "max": MaxAbsScaler(),
    "robust": RobustScaler(),
}


def _rows(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64)


def _fit(frame: pl.DataFrame, kinds: dict[str, str], rows: int, **options: object) -> Preparation:
    return fit(frame, kinds, {}, _rows(rows), FitOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", SCALERS)
def test_numbers_are_scaled_as_scikit_learn_does(scale: str) -> None:
    values = np.random.default_rng(0).normal([3, -1e4, 5], [0.1, 1e3, 0], (60, 3))
    values[5, 0] = np.nan
    frame = pl.DataFrame(values, schema=["a", "b", "same"]).fill_nan(None)
    names = dict.fromkeys(frame.columns, "number")
    prepared = _fit(frame, names, 40, scale=scale)

    scaler = SCALERS[scale].fit(values[:40])
    filled = values.copy()
    filled[5, 0] = np.nanmedian(values[:40, 0])
    found = prepared.apply(frame, dtype=np.float64)
    assert prepared.feature_names == ["a", "a missing", "b", "same"]
    np.testing.assert_allclose(found[:, [0, 2, 3]], scaler.transform(filled), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found[:, 1].nonzero()[0], [5])


@pytest.mark.parametrize(("scale", "factor"), [(None, 1), ("none", 1), (0.5, 0.5)])
def test_a_factor_is_one(scale: object, factor: float) -> None:
    frame = pl.DataFrame({"x": [1, 2, 30]})
    prepared = _fit(frame, {"x": "number"}, 2, scale=scale)
    np.testing.assert_array_equal(prepared.apply(frame)[:, 0], np.array([1, 2, 30]) * factor)


def test_missing_values_are_filled_as_scikit_learn_does() -> None:
    numbers = [[1.0, np.nan], [4.0, 2.0], [np.nan, 5.0], [9.0, np.nan], [np.nan, np.nan]]
    frame = pl.DataFrame(numbers, schema=["a", "b"], orient="row").fill_nan(None)
    prepared = _fit(frame, {"a": "number", "b": "number"}, 4, scale=None)
    imputer = SimpleImputer(strategy="median", add_indicator=True).fit(numbers[:4])
    wanted = imputer.transform(numbers)[:, [0, 2, 1, 3]]
    np.testing.assert_array_equal(prepared.apply(frame, dtype=np.float64), wanted)


WORDS = [["b", "x"], ["a", "y"], ["b", "x"], ["a", "x"], ["b", "z"], ["new", None]]


def test_words_are_one_hot_as_scikit_learn_has_them() -> None:
    frame = pl.DataFrame(WORDS, schema=["first", "second"], orient="row")
    prepared = _fit(frame, {"first": "category", "second": "category"}, 5)
    filled = [[first, second or "x"] for first, second in WORDS]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(filled[:5])
    found = prepared.apply(frame)
    np.testing.assert_array_equal(found, encoder.transform(filled))
    assert prepared.feature_names == [
        "first=a",
        "first=b",
        "second=x",
        "second=y",
        "second=z",
    ]
    assert not found[5, :2].any()


def test_embedded_words_are_codes_behind_the_numbers() -> None:
    frame = pl.DataFrame(WORDS, schema=["first", "second"], orient="row")
    frame = frame.with_columns(number=pl.Series([1.0, 2, 3, 4, 5, 6]))
    kinds = {"first": "category", "number": "number", "second": "category"}
    prepared = _fit(frame, kinds, 5, encode="embedding", scale=None)
    filled = [[first, second or "x"] for first, second in WORDS]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    codes = 1 + encoder.fit(filled[:5]).transform(filled)
    found = prepared.apply(frame)
    assert prepared.feature_names == ["number", "first", "second"]
    np.testing.assert_array_equal(found[:, 1:], codes)
    assert prepared.category_sizes == [3, 4]
    assert found[5].tolist() == [6, 0, 1]


def test_dates_and_times_become_their_parts() -> None:
    moments = [datetime(2024, 2, 29, 13, 30, 36), datetime(2025, 12, 31, 0, 0, 0), None]
    frame = pl.DataFrame({"at": moments}).with_columns(
        day=pl.col("at").dt.date(), time=pl.col("at").dt.time()
    )
    kinds = {"at": "date", "day": "date", "time": "time"}
    prepared = _fit(frame, kinds, 2, scale=None)
    calendar = [
        [day.year, day.month, day.day, day.isoweekday()]
        for day in (date(2024, 2, 29), date(2025, 12, 31))
    ]
    hours = [13 + 30.6 / 60, 0]
    wanted = [[*parts, hour, *parts, hour] for parts, hour in zip(calendar, hours, strict=True)]
    found = prepared.apply(frame, dtype=np.float64)
    np.testing.assert_allclose(found[:2], wanted)
    np.testing.assert_allclose(found[2], np.median(wanted, axis=0))
    assert prepared.feature_names[:6] == [
        "at year",
        "at month",
        "at day",
        "at weekday",
        "at hour",
        "day year",
    ]


def test_truths_are_zero_and_one() -> None:
    frame = pl.DataFrame({"sold": [True, False, True, None]})
    prepared = _fit(frame, {"sold": "boolean"}, 3)
    assert prepared.apply(frame).tolist() == [[1], [0], [1], [1]]


def test_folds_have_one_shape_and_see_what_is_theirs() -> None:
    frame = pl.DataFrame({"word": ["a", "b", "c", "c", None], "n": [1.0, None, 3, 4, 5]})
    kinds, every = {"word": "category", "n": "number"}, np.array([0, 1, 2, 3])
    folds = [np.array([0, 2, 3]), np.array([0, 1])]
    names = ["word=a", "word=b", "word=c", "n", "n missing"]
    for rows in folds:
        prepared = fit(frame, kinds, {}, rows, FitOptions(), every)
        assert prepared.feature_names == names
        # Rows 2 and 3 have the same word: what the other fold alone has is a row of zeros.
        assert prepared.apply(frame)[rows, :3].sum(axis=1).tolist() == [1] * len(rows)
        others = np.setdiff1d(every, rows)
        unseen = [row for row in others if row not in (2, 3) or 2 not in rows]
        assert not prepared.apply(frame)[unseen, :3].any()


def test_targets_are_scaled_or_classes_by_name() -> None:
    frame = pl.DataFrame({"x": [1.0] * 4, "y": [1.0, 3.0, 5.0, 99.0], "grade": [10, 9, 10, 2]})
    prepared = fit(frame, {"x": "number"}, {"y": ()}, _rows(3), FitOptions(target_scale="standard"))
    assert prepared.target_scales == [(3.0, pytest.approx(np.std([1, 3, 5])))]
    grades = {"grade": ("2", "9", "10")}
    prepared = fit(frame, {"x": "number"}, grades, _rows(3), FitOptions())
    assert prepared.class_names == ["2", "9", "10"]


COLUMNS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(-1e6, 1e6)),
        st.one_of(st.none(), st.sampled_from(["a", "b", "", "ä", "true"])),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.dates()),
        st.floats(-1e9, 1e9),
    ),
    min_size=4,
    max_size=20,
)
SCHEMA = {
    "number": pl.Float64,
    "word": pl.String,
    "truth": pl.Boolean,
    "day": pl.Date,
    "target": pl.Float64,
}


@settings(max_examples=60, deadline=None)
@given(COLUMNS, st.data())
def test_rows_that_are_not_trained_on_change_nothing_that_is_fitted(
    rows: list[tuple[object, ...]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(rows))))
    training = np.sort(np.array(order[: len(rows) // 2], dtype=np.int64))
    others = [row for row in range(len(rows)) if row not in training]
    first = [1.0, "a", True, date(2000, 1, 1), 0.0]
    rows[training[0]] = tuple(first)  # So that each column has a value to be fitted to.
    changed = list(rows)
    for to, taken in zip(others, data.draw(st.permutations(others)), strict=True):
        changed[to] = rows[taken]
    if data.draw(st.booleans()):
        for row in others:
            changed[row] = data.draw(st.sampled_from([(9e9, "new", None, None, -5.0), (None,) * 5]))
    options = FitOptions(
        data.draw(st.sampled_from([*SCALERS, "none"])),
        data.draw(st.sampled_from(["one_hot", "embedding"])),
        target_scale="standard",
    )
    kinds = {"number": "number", "word": "category", "truth": "boolean", "day": "date"}
    fitted = [
        msgspec.json.encode(
            fit(
                pl.DataFrame(table, schema=SCHEMA, orient="row"),
                kinds,
                {"target": ()},
                training,
                options,
            )
        )
        for table in (rows, changed)
    ]
    assert fitted[0] == fitted[1]
    read = msgspec.json.decode(fitted[0])
    assert msgspec.json.encode(Preparation.from_plain(read)) == fitted[0]


@pytest.mark.parametrize(
    ("column", "kind", "options", "said"),
    [
        (
            [None, None, 3.0],
            "number",
            {},
            "column 'c': no training row has a value: 'data.columns=",
        ),
        ([None, None, "a"], "category", {}, "column 'c': no training row has a value"),
        ([None, None, True], "boolean", {}, "column 'c': no training row has a value"),
        ([1e308, -1e308, 0.0], "number", {}, "from -1e+308 to 1e+308, are too large to be scaled"),
        ([1e308, -1e308, 0.0], "number", {"scale": "min_max"}, "too large to be scaled"),
    ],
)
def test_columns_that_nothing_can_be_fitted_to_are_named(
    column: list[object], kind: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=said.replace("+", r"\+").replace(".", r"\.")):
        _fit(pl.DataFrame({"c": column}, strict=False), {"c": kind}, 2, **options)


def test_more_words_than_inputs_can_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedbed.data.preparation.fitting.MOST_ONE_HOT", 2)
    frame = pl.DataFrame({"c": ["a", "b", "c"]})
    with pytest.raises(DataError, match=r"3 different words, and 2 are the most .*embedding"):
        _fit(frame, {"c": "category"}, 3)


@pytest.mark.parametrize(
    "feature",
    [
        {"kind": "number", "column": "x", "fill": 0.0, "shift": 0.0, "scale": 0.0},
        {"kind": "number", "column": "x", "fill": 0.0, "shift": 0.0},
        {"kind": "number", "column": "x", "fill": float("nan"), "shift": 0.0, "scale": 1.0},
        {"kind": "number", "column": "x", "fill": 0.0, "shift": 0.0, "scale": 1.0, "part": "exec"},
        {"kind": "category", "column": "x", "words": [], "fill": "a"},
        {"kind": "category", "column": "x", "words": ["a", "a"], "fill": "a"},
        {"kind": "pickle", "column": "x"},
        "number",
    ],
)
def test_what_no_fit_has_written_is_refused(feature: object) -> None:
    with pytest.raises(RunFolderError):
        Preparation.from_plain({"inputs": [feature], "targets": []})
