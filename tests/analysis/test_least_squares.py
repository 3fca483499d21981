"""Least squares, against numpy, textbook formulas and published values."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.analysis.least_squares import least_squares
from seedbed.models.linear_map import LinearMap

READINGS = torch.tensor(
    [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4], dtype=torch.float64
)
CELSIUS = torch.tensor(
    [0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0], dtype=torch.float64
)
# temperature, rainfall, humidity; apples, oranges.
CROPS = torch.tensor(
    [
        [73, 67, 43, 56, 70],
        [91, 88, 64, 81, 101],
        [87, 134, 58, 119, 133],
        [102, 43, 37, 22, 37],
        [69, 96, 70, 103, 119],
        [74, 66, 43, 57, 69],
        [91, 87, 65, 80, 102],
        [88, 134, 59, 118, 132],
        [101, 44, 37, 21, 38],
        [68, 96, 71, 104, 118],
        [73, 66, 44, 57, 69],
        [92, 87, 64, 82, 100],
        [87, 135, 57, 118, 134],
        [103, 43, 36, 20, 38],
        [68, 97, 70, 102, 120],
    ],
    dtype=torch.float64,
)


def loss_of(line: LinearMap, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Return the mean squared error over every element."""
    return float(((line.outputs(inputs) - targets) ** 2).mean())


def by_numpy(inputs: np.ndarray, targets: np.ndarray, bias: bool) -> np.ndarray:
    """Return numpy's solution: a row a feature, the bias last."""
    ones = np.ones((len(inputs), int(bias)))
    return np.linalg.lstsq(np.concatenate((inputs, ones), axis=1), targets, rcond=None)[0]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 12),
    features=st.integers(1, 5),
    targets=st.integers(1, 3),
    bias=st.booleans(),
    repeated=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_least_squares_equals_numpy_lstsq(
    rows: int, features: int, targets: int, bias: bool, repeated: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    inputs, wanted = random.normal(size=(rows, features)), random.normal(size=(rows, targets))
    if repeated:  # Inputs that depend on each other: of all solutions that of least norm.
        inputs = np.concatenate((inputs, inputs[:, :1]), axis=1)

    line = least_squares(torch.from_numpy(inputs), torch.from_numpy(wanted), bias)

    expected, features = by_numpy(inputs, wanted, bias), inputs.shape[1]
    np.testing.assert_allclose(line.weight.numpy(), expected[:features].T, rtol=1e-6, atol=1e-8)
    bias_expected = expected[features] if bias else np.zeros(targets)
    np.testing.assert_allclose(line.bias.numpy(), bias_expected, rtol=1e-6, atol=1e-8)
    assert line.weight.shape == (targets, features)
    assert line.weight.dtype == line.bias.dtype == torch.float64


def test_least_squares_of_one_input_equals_the_textbook_formula() -> None:
    line = least_squares(READINGS.view(-1, 1), CELSIUS.view(-1, 1))

    x, y = READINGS - READINGS.mean(), CELSIUS - CELSIUS.mean()
    slope = float((x * y).sum() / (x * x).sum())
    assert line.weight.item() == pytest.approx(slope, rel=1e-12)
    assert line.bias.item() == pytest.approx(float(CELSIUS.mean() - slope * READINGS.mean()))


def test_the_thermometer_gives_the_published_line() -> None:
    inputs, targets = READINGS.view(-1, 1), CELSIUS.view(-1, 1)

    line = least_squares(inputs, targets)

    assert line.weight.item() == pytest.approx(0.536772, abs=1e-6)
    assert line.bias.item() == pytest.approx(-17.304785, abs=1e-6)
    assert loss_of(line, inputs, targets) == pytest.approx(2.927645, abs=1e-6)


@pytest.mark.parametrize(("rows", "loss"), [(5, 0.48312), (15, 0.90945)])
def test_the_crop_yields_give_the_published_losses(rows: int, loss: float) -> None:
    inputs, targets = CROPS[:rows, :3], CROPS[:rows, 3:]

    line = least_squares(inputs, targets)

    assert loss_of(line, inputs, targets) == pytest.approx(loss, abs=5e-6)


def test_the_crop_yields_give_the_published_prediction() -> None:
    line = least_squares(CROPS[:, :3], CROPS[:, 3:])

    found = line.weight @ torch.tensor([75.0, 63.0, 44.0], dtype=torch.float64) + line.bias

    assert found.tolist() == pytest.approx([53.7956, 66.8065], abs=5e-5)


def test_no_nearby_line_has_a_lower_loss() -> None:
    inputs, targets = CROPS[:, :3], CROPS[:, 3:]
    line = least_squares(inputs, targets)
    least = loss_of(line, inputs, targets)
    torch.manual_seed(0)
    for _ in range(20):
        moved = LinearMap(
            line.weight + 1e-3 * torch.randn_like(line.weight),
            line.bias + 1e-3 * torch.randn_like(line.bias),
        )
        assert loss_of(moved, inputs, targets) > least


def test_image_inputs_are_flattened() -> None:
    inputs, targets = torch.randn(20, 1, 2, 3).double(), torch.randn(20, 1).double()

    line = least_squares(inputs, targets)

    expected = by_numpy(inputs.reshape(20, 6).numpy(), targets.numpy(), True)
    np.testing.assert_allclose(line.weight.numpy(), expected[:6].T, rtol=1e-9)
    assert loss_of(line, inputs, targets) == pytest.approx(
        loss_of(line, inputs.flatten(1), targets)
    )
