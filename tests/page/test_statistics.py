"""Statistics of the page are those of numpy and scipy."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.page.node import called

DRAW = np.random.default_rng(0)
LISTS = [DRAW.normal(3, 2, size).tolist() for size in (2, 3, 10, 101)]


def numbers(values: Sequence[Any]) -> list[float]:
    """Return numbers that came from Node."""
    return [float(value["number"]) if isinstance(value, dict) else value for value in values]


@pytest.mark.parametrize(
    ("function", "reference"),
    [("meanOf", np.mean), ("deviationOf", lambda v: np.std(v, ddof=1)), ("medianOf", np.median)],
)
def test_means_deviations_and_medians(function, reference):
    reached = numbers(called("statistics.js", function, [[values] for values in LISTS]))
    np.testing.assert_allclose(reached, [reference(values) for values in LISTS], rtol=1e-12)


def test_quantiles():
    calls = [[sorted(values), share] for values in LISTS for share in (0, 0.1, 0.25, 0.9, 1)]
    reached = called("statistics.js", "quantileOf", calls)
    np.testing.assert_allclose(reached, [np.quantile(*call) for call in calls], rtol=1e-12)


def test_too_few_values_have_no_deviation():
    assert [math.isnan(x) for x in numbers(called("statistics.js", "deviationOf", [[[]], [[1]]]))]


# The units of two configurations: their values, by their place.
PAIRS = [(DRAW.normal(0, 1, n).tolist(), DRAW.normal(0.5, 1, n).tolist()) for n in (2, 5, 30, 100)]


def differences(pairs, mode="min", are_folds=False, shared=True):
    """Return what the page finds of pairs of lists."""
    begin = 0 if shared else 1000
    unit = "fold" if are_folds else "seed"

    def summary(values, first=0):
        return {"unit": unit, "units": {"map": [*enumerate(values, first)]}}

    calls = [[summary(a), summary(b, begin), mode] for a, b in pairs]
    return called("summary/verdict.js", "differenceOf", calls)


def test_differences_over_common_seeds_are_those_of_the_paired_t_test():
    for (a, b), found in zip(PAIRS, differences(PAIRS), strict=True):
        test = stats.ttest_rel(b, a, alternative="greater")
        interval = stats.ttest_rel(b, a).confidence_interval(0.95)
        assert found["kind"] == "paired"
        assert found["count"] == len(a)
        np.testing.assert_allclose(found["mean"], np.mean(np.subtract(b, a)), rtol=1e-12)
        np.testing.assert_allclose(found["chance"], test.pvalue, rtol=1e-9)
        np.testing.assert_allclose([found["low"], found["high"]], interval, rtol=1e-9)


def test_differences_without_common_seeds_are_those_of_welch():
    for (a, b), found in zip(PAIRS, differences(PAIRS, "max", shared=False), strict=True):
        test = stats.ttest_ind(a, b, equal_var=False, alternative="greater")
        interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
        assert found["kind"] == "unpaired"
        np.testing.assert_allclose(found["chance"], test.pvalue, rtol=1e-9)
        np.testing.assert_allclose([found["low"], found["high"]], interval, rtol=1e-9)


def test_differences_over_folds_are_corrected_for_the_rows_that_they_share():
    [(a, b)] = pairs = [PAIRS[1]]
    [found] = differences(pairs, are_folds=True)
    # Nadeau and Bengio: 1/k + (rows of test) / (rows of training), that is 1/(k - 1).
    d = np.subtract(b, a)
    error = np.std(d, ddof=1) * math.sqrt(1 / 5 + 1 / 4)
    np.testing.assert_allclose(found["chance"], stats.t.sf(d.mean() / error, 4), rtol=1e-9)
    np.testing.assert_allclose(
        [found["low"], found["high"]], stats.t.interval(0.95, 4, d.mean(), error), rtol=1e-9
    )


def test_one_seed_tells_no_luck_from_gain():
    [found] = differences([([1.0], [2.0])])
    assert found["mean"] == 1
    assert found["kind"] == "single"
    assert found["chance"] == {"number": "NaN"}


def test_a_difference_that_never_varies_is_no_luck_and_none_is_none():
    first, second = differences([([1.0, 2.0], [2.0, 3.0]), ([1.0, 2.0], [1.0, 2.0])])
    assert (first["chance"], first["low"], first["high"]) == (0, 1, 1)
    assert second["chance"] == 1
