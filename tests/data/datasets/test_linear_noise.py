"""Rows around a line: least squares finds the line again, as exactly as theory says."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seedbed.config.schema import data as schema
from seedbed.data import LinearNoise
from seedbed.data.table import Table


def linear_noise(**options: Any) -> LinearNoise:
    return LinearNoise(
        schema.LinearNoise(task="regression", input_shape=[1], output_size=1, **options)
    )


def design(table: Table) -> Tensor:
    return torch.cat((table.inputs, torch.ones(len(table.inputs), 1, dtype=torch.float64)), 1)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 30),
    features=st.integers(1, 6),
    targets=st.integers(1, 4),
    data_seed=st.integers(0, 2**32 - 1),
    noise=st.sampled_from([0.0, 0.04, 2.0]),
)
def test_rows_have_the_shapes_asked_for(
    rows: int, features: int, targets: int, data_seed: int, noise: float
) -> None:
    data = linear_noise(
        rows=rows, features=features, targets=targets, data_seed=data_seed, noise=noise
    )

    line, table = data.true_line(), data.load().rows

    assert line.weight.shape == (targets, features)
    assert line.bias.shape == (targets,)
    assert table.inputs.shape == (rows, features)
    assert table.targets.shape == (rows, targets)
    assert table.inputs.dtype == table.targets.dtype == torch.float64
    assert 0 <= table.inputs.min() <= table.inputs.max() < 1
    for values in (line.weight, line.bias):
        assert -1 <= values.min() <= values.max() < 1


@pytest.mark.parametrize(("features", "targets"), [(1, 1), (3, 2), (5, 4)])
def test_without_noise_the_targets_lie_on_the_line(features: int, targets: int) -> None:
    data = linear_noise(features=features, targets=targets, noise=0.0, rows=50)

    line, table = data.true_line(), data.load().rows

    found = torch.linalg.lstsq(design(table), table.targets).solution
    torch.testing.assert_close(found[:-1].T, line.weight, rtol=0, atol=1e-12)
    torch.testing.assert_close(found[-1], line.bias, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("features", "targets"), [(1, 1), (4, 3)])
@pytest.mark.parametrize("data_seed", [0, 1])
def test_least_squares_finds_the_line_within_the_noise(
    features: int, targets: int, data_seed: int
) -> None:
    noise, rows = 0.3, 5000
    data = linear_noise(
        features=features, targets=targets, noise=noise, rows=rows, data_seed=data_seed
    )
    line, table = data.true_line(), data.load().rows

    matrix = design(table)
    found = torch.linalg.lstsq(matrix, table.targets).solution

    # Gauss and Markov: the estimates' covariance is noise^2 (X^T X)^-1.
    error = noise * torch.linalg.inv(matrix.T @ matrix).diagonal().sqrt().unsqueeze(1)
    true = torch.cat((line.weight.T, line.bias.unsqueeze(0)))
    assert ((found - true).abs() < 5 * error).all()
    # They are not nearer than they can be either: that would be a line without noise.
    assert ((found - true).abs() > error / 1000).any()
    residual = (matrix @ found - table.targets).square().sum(0) / (rows - features - 1)
    assert residual.sqrt().tolist() == pytest.approx([noise] * targets, rel=5 / math.sqrt(2 * rows))


def test_each_target_has_independent_noise() -> None:
    data = linear_noise(targets=2, rows=4000)
    line, table = data.true_line(), data.load().rows

    noise = table.targets - table.inputs @ line.weight.T - line.bias

    together = torch.corrcoef(torch.cat((noise.T, table.inputs.T)))
    off_diagonal = together - torch.eye(3, dtype=torch.float64)
    assert off_diagonal.abs().max() < 5 / math.sqrt(4000)


def test_data_seed_determines_line_and_rows() -> None:
    one, other, again = (linear_noise(data_seed=seed) for seed in (0, 1, 0))

    assert one.true_line().weight != other.true_line().weight
    assert one.true_line().bias != other.true_line().bias
    assert not torch.isin(one.load().rows.inputs, other.load().rows.inputs).any()
    assert torch.equal(one.load().rows.targets, again.load().rows.targets)


def test_weights_and_biases_are_uniform_on_minus_1_to_1() -> None:
    draws = 1500
    lines = [linear_noise(data_seed=seed).true_line() for seed in range(draws)]

    weights = torch.tensor([line.weight.item() for line in lines], dtype=torch.float64)
    biases = torch.tensor([line.bias.item() for line in lines], dtype=torch.float64)
    for values in (weights, biases):
        # Mean 0 and variance 1/3, to within five standard errors.
        assert abs(values.mean()) < 5 / math.sqrt(3 * draws)
        assert abs(values.var() - 1 / 3) < 5 * math.sqrt(4 / 45 / draws)
    assert abs(torch.stack((weights, biases)).corrcoef()[0, 1]) < 5 / math.sqrt(draws)


def test_the_line_does_not_depend_on_rows_and_noise() -> None:
    one, other = linear_noise(rows=10, noise=0.0), linear_noise(rows=500, noise=9.0)

    assert torch.equal(one.true_line().weight, other.true_line().weight)
    assert torch.equal(one.true_line().bias, other.true_line().bias)
