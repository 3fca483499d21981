"""Blobs: as many classes and features as asked for, and no closer to normal than theory says."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seedbed.config.schema import data as schema
from seedbed.data import Blobs
from seedbed.data.table import Table


def blobs(**options: Any) -> Table:
    defaults = {"task": "multiclass", "input_shape": [1], "output_size": 1}
    return Blobs(schema.Blobs(**defaults, **options)).load().rows


def means(table: Table, classes: int) -> Tensor:
    return torch.stack([table.inputs[table.targets == one].mean(0) for one in range(classes)])


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 40),
    features=st.integers(1, 6),
    classes=st.integers(2, 9),
    data_seed=st.integers(0, 2**32 - 1),
)
def test_rows_have_the_shapes_asked_for(
    rows: int, features: int, classes: int, data_seed: int
) -> None:
    table = blobs(rows=rows, features=features, classes=classes, data_seed=data_seed)

    assert table.inputs.shape == (rows, features)
    assert table.inputs.dtype == torch.float64
    assert table.targets.shape == (rows,)
    assert table.targets.dtype == torch.int64
    assert 0 <= table.targets.min() <= table.targets.max() < classes


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classes_are_equally_likely(classes: int) -> None:
    rows = 7000
    counts = blobs(rows=rows, classes=classes).targets.bincount(minlength=classes).double()

    # Chi-squared with classes - 1 degrees of freedom, to within five standard deviations.
    expected = rows / classes
    chi = float(((counts - expected) ** 2 / expected).sum())
    assert chi < classes - 1 + 5 * math.sqrt(2 * (classes - 1))


@pytest.mark.parametrize(("features", "spread"), [(1, 1.0), (2, 0.3), (5, 2.0)])
def test_a_blob_is_normal_around_its_centre(features: int, spread: float) -> None:
    table = blobs(rows=6000, features=features, classes=3, spread=spread, data_seed=1)
    residuals = (table.inputs - means(table, 3)[table.targets]) / spread
    count = residuals.numel()

    assert residuals.square().mean().item() == pytest.approx(1, abs=5 * math.sqrt(2 / count))
    # Kurtosis 3, of which the estimate has variance 24 / n; and half of the values within 0.6745.
    assert residuals.pow(4).mean().item() == pytest.approx(3, abs=6 * math.sqrt(96 / count))
    within = (residuals.abs() < 0.67449).double().mean().item()
    assert within == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(count))
    if features > 1:
        off_diagonal = torch.corrcoef(residuals.T) - torch.eye(features, dtype=torch.float64)
        assert off_diagonal.abs().max() < 5 / math.sqrt(6000)


@pytest.mark.parametrize("features", [2, 8, 50])
def test_mean_distance_of_centres_does_not_depend_on_the_number_of_features(features: int) -> None:
    # Uniform on [-r, r]^n, two centres are r sqrt(2 n / 3) apart in the mean square; for the square
    # from -5 to 5 that is sqrt(100 / 3).
    table = blobs(rows=1000, features=features, classes=100, spread=1e-9, data_seed=4)
    centres = means(table, 100)

    reach = 5 * math.sqrt(2 / features)
    assert centres.abs().max() <= reach
    assert centres.abs().max() > 0.9 * reach
    square = torch.pdist(centres).square().mean().item()
    assert square == pytest.approx(100 / 3, rel=0.15)


def test_data_seed_determines_the_rows() -> None:
    one, other, again = (blobs(rows=50, data_seed=seed) for seed in (0, 1, 0))

    assert torch.equal(one.inputs, again.inputs)
    assert torch.equal(one.targets, again.targets)
    assert not torch.isin(one.inputs, other.inputs).any()
    assert not torch.equal(one.targets, other.targets)


def test_the_centres_do_not_depend_on_rows_and_spread() -> None:
    near, far = (blobs(rows=rows, spread=1e-9, data_seed=2) for rows in (40, 300))

    torch.testing.assert_close(means(near, 3), means(far, 3), rtol=0, atol=1e-8)
    assert torch.equal(near.targets, blobs(rows=40, spread=3.0, data_seed=2).targets)
