"""Numbers behind the plots of the page against numpy, scipy and polars."""

from typing import Any

import numpy as np
import polars
import pytest
from scipy import stats
from tests.page.node import called

Curve = dict[str, list[Any]]
BANDS = ["deviation", "range", "interval", "none"]


def given(values: Any) -> list[Any]:
    """Return numbers as `called` takes them."""
    return [v if np.isfinite(v) else {"number": str(v)} for v in np.asarray(values).tolist()]


def numbers(values: list[Any]) -> Any:
    """Return numbers as `called` gives them."""
    return np.array([float(v["number"]) if isinstance(v, dict) else v for v in values], float)


def ragged_curves(draw: np.random.Generator) -> list[Curve]:
    """Return curves of which some end early, skip epochs or hold what is not finite."""
    curves = []
    for job in range(int(draw.integers(1, 9))):
        epochs = np.arange(1, draw.integers(3, 30))[:: 1 + job % 3]
        values = np.exp(draw.normal(size=len(epochs)))
        if job == 1:
            values[len(values) // 2] = np.inf
        curves.append({"x": epochs.tolist(), "y": given(values)})
    return curves


def at_epochs(curve: Curve, epochs: Any) -> Any:
    """Return a curve between its finite points, NaN beyond them, by numpy."""
    x, y = np.array(curve["x"], float), numbers(curve["y"])
    kept = np.isfinite(y)
    if not kept.any():
        return np.full(len(epochs), np.nan)
    return np.interp(epochs, x[kept], y[kept], left=np.nan, right=np.nan)


def band_of(values: Any, band: str) -> tuple[float, float]:
    """Return the ends of a band by numpy and scipy."""
    mean, n = values.mean(), len(values)
    if n == 1 or band == "none":
        return mean, mean
    if band == "range":
        return values.min(), values.max()
    half = values.std(ddof=1)
    if band == "interval":
        low, high = stats.t.interval(0.95, n - 1, mean, half / np.sqrt(n))
        return float(low), float(high)
    return mean - half, mean + half


def test_means_of_curves_and_their_bands_are_numpys() -> None:
    draw = np.random.default_rng(0)
    cases = [(ragged_curves(draw), band) for band in BANDS for _ in range(6)]
    for (curves, band), result in zip(
        cases, called("plots/learning/curve_data.js", "meanCurve", cases), strict=True
    ):
        epochs = sorted(
            {
                x
                for curve in curves
                for x, y in zip(curve["x"], numbers(curve["y"]), strict=True)
                if np.isfinite(y)
            }
        )
        assert result["x"] == epochs
        table = np.array([at_epochs(curve, epochs) for curve in curves])
        for place in range(len(epochs)):
            values = table[:, place][np.isfinite(table[:, place])]
            low, high = band_of(values, band)
            assert result["count"][place] == len(values)
            assert result["mean"][place] == pytest.approx(values.mean(), rel=1e-9)
            assert result["low"][place] == pytest.approx(low, rel=1e-7, abs=1e-12)
            assert result["high"][place] == pytest.approx(high, rel=1e-7)


def test_where_jobs_have_stopped_is_told() -> None:
    def counted(*counts: int) -> list[Any]:
        return [{"count": list(counts)}]

    calls = [counted(3, 3, 3), counted(3, 3, 2, 1), counted(1), counted(2, 3, 1)]
    assert called("plots/learning/curve_data.js", "lastOfAll", calls) == [None, 1, None, 1]


@pytest.mark.parametrize("weight", [0.0, 0.6, 0.95])
def test_smoothing_is_the_unbiased_moving_average(weight: float) -> None:
    values = np.random.default_rng(1).normal(size=40)
    [result] = called("plots/learning/curve_data.js", "smoothed", [(values.tolist(), weight)])
    expected = polars.Series(values).ewm_mean(alpha=1 - weight, adjust=True)
    assert result == pytest.approx(expected.to_list(), rel=1e-9)


def test_medians_and_quartiles_by_value_are_numpys() -> None:
    draw = np.random.default_rng(2)
    cells = [*draw.choice([0.001, 0.01, 0.1], 60).tolist(), "none", None]
    values = draw.normal(size=62)
    values[:3] = [np.nan, np.inf, -np.inf]
    [result] = called("plots/plot_data.js", "quartilesByCell", [(cells, given(values))])
    assert [each["cell"] for each in result] == [0.001, 0.01, 0.1, "none", None]
    for each in result:
        own = np.array([v for c, v in zip(cells, values, strict=True) if c == each["cell"]])
        own = own[np.isfinite(own)]
        assert each["count"] == len(own)
        expected = np.quantile(own, [0.25, 0.5, 0.75])
        assert [each["low"], each["median"], each["high"]] == pytest.approx(expected)


def test_means_of_a_heat_map_are_numpys() -> None:
    draw = np.random.default_rng(3)
    columns, rows = draw.integers(0, 3, (2, 50))
    values = draw.normal(size=50)
    values[draw.uniform(size=50) < 0.2] = np.nan
    call = (columns.tolist(), rows.tolist(), given(values))
    [result] = called("plots/plot_data.js", "meansByTwo", [call])
    assert sum(cell["count"] + cell["without"] for cell in result) == 50
    for cell in result:
        own = values[(columns == cell["column"]) & (rows == cell["row"])]
        assert cell["without"] == np.isnan(own).sum()
        if cell["count"]:
            assert cell["mean"] == pytest.approx(np.nanmean(own))


def test_the_share_that_a_key_explains_is_that_of_kruskal_and_wallis() -> None:
    draw = np.random.default_rng(4)
    groups = draw.integers(0, 4, 80)
    values = np.round(groups * 0.5 + draw.normal(size=80), 1)  # with ties
    [share] = called("plots/plot_data.js", "explainedShare", [(groups.tolist(), given(values))])
    statistic = stats.kruskal(*(values[groups == group] for group in range(4))).statistic
    assert share == pytest.approx(statistic / 79)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_best_so_far_is_numpys(mode: str) -> None:
    values = np.random.default_rng(5).normal(size=30)
    values[[0, 7]] = np.nan
    [result] = called("plots/plot_data.js", "bestSoFar", [(given(values), mode)])
    best = np.fmin if mode == "min" else np.fmax
    np.testing.assert_array_equal(numbers(result), best.accumulate(values))


def test_the_front_holds_what_nothing_dominates() -> None:
    draw = np.random.default_rng(6)
    calls = []
    for modes in (["min", "min"], ["min", "max"], ["max", "min", "min"]):
        # Few values, so that many are alike.
        values = draw.integers(0, 6, (len(modes), 40)).astype(float)
        values[0, 3] = np.nan
        calls.append(([given(row) for row in values], modes))
    for (rows, modes), front in zip(
        calls, called("plots/plot_data.js", "frontOf", calls), strict=True
    ):
        signed = np.array([numbers(row) for row in rows]).T * [
            -1 if mode == "max" else 1 for mode in modes
        ]
        expected = [
            place
            for place, own in enumerate(signed)
            if np.isfinite(own).all()
            and not any((other <= own).all() and (other < own).any() for other in signed)
        ]
        assert front == expected


def test_what_spans_decades_is_told() -> None:
    calls = [[[0.001, 0.1]], [[0.01, 0.1]], [[0, 100]], [[1, 50, 99.9]], [[3, 300]], [[]]]
    told = called("plots/plot_data.js", "spansDecades", calls)
    assert told[:5] == [True, False, False, False, True]


def test_few_whole_numbers_have_a_tick_each() -> None:
    cells = [[32, 8, 16, 8], [0.5, 1], [], list(range(13)), ["a", 1]]
    marks = called("plots/key_plot.js", "wholeMarks", [[each] for each in cells])
    assert marks == [[8, 16, 32], None, None, None, None]


def test_equal_numbers_stand_side_by_side_and_near_their_place() -> None:
    many = [0.001] * 20 + [0.01] * 20 + [0.02] * 20
    calls = [(many, True), (many, False), ([1, 2, 3], False), ([5] * 30, True)]
    log, linear, few, alike = called("plots/plot_data.js", "spreadOut", calls)
    assert len(set(log)) == len(set(linear)) == 60
    np.testing.assert_allclose(log, many, rtol=0.05)
    np.testing.assert_allclose(linear, many, atol=0.0003)
    for start in (0, 20, 40):
        assert np.median(log[start : start + 20]) == pytest.approx(many[start], rel=0.01)
    assert few == [1, 2, 3]
    assert alike == [5] * 30


def test_a_logarithmic_axis_has_a_few_round_numbers() -> None:
    calls = [(0.03, 0.3), (0.9, 110), (1, 1e6), (2.1, 2.6), (None, None)]
    told = called("plots/drawing/axes.js", "logTicks", calls)
    assert told == [[0.05, 0.1, 0.2], [1, 3, 10, 30, 100], None, [2.5], None]


def test_a_brush_is_an_expression_that_can_be_taken_out_of_the_filter() -> None:
    axes = [
        {"name": "optimizer.lr", "cells": None},
        {"name": "model", "cells": ["cnn", "mlp", None]},
        {"name": "odd name", "cells": None},
    ]
    calls = [
        (axes, {}),
        (axes, {"optimizer.lr": [[0.00123456, 0.0123456]]}),
        (axes, {"optimizer.lr": [[1, 2], [3, 4]]}),
        (axes, {"model": [[0.6, 2]], "odd name": [[-1.5, 2]]}),
    ]
    texts = called("plots/brushing.js", "brushedText", calls)
    assert texts == [
        "",
        "optimizer.lr >= 0.001234 and optimizer.lr <= 0.01235",
        "((optimizer.lr >= 1 and optimizer.lr <= 2) or (optimizer.lr >= 3 and optimizer.lr <= 4))",
        '(model == "mlp" or model == null) and `odd name` >= -1.5 and `odd name` <= 2',
    ]
    taken = called(
        "plots/brushing.js",
        "withoutBrush",
        [("seed < 3 and a >= 1", "a >= 1"), ("a >= 1", "a >= 1"), ("a > 2", "a >= 1"), ("x", "")],
    )
    assert taken == ["seed < 3", "", "a > 2", "x"]
    signs = np.tile([-1, 1], 100)
    values = (signs * 10 ** np.random.default_rng(7).uniform(-9, 9, 200)).tolist()
    rounded = np.array(called("plots/brushing.js", "roundedDown", [[value] for value in values]))
    assert (rounded <= values).all()
    np.testing.assert_allclose(rounded, values, rtol=2e-3)
