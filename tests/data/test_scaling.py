"""Scalings against scikit-learn's, and their way back."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from seedbed.data.scaling import Scaling, fitted

ROWS = torch.from_numpy(np.random.default_rng(0).normal(5, 3, (50, 4)))


@pytest.mark.parametrize(
    ("kind", "reference"),
    [("standard", StandardScaler()), ("min_max", MinMaxScaler()), ("robust", RobustScaler())],
)
def test_a_kind_is_that_of_scikit_learn(kind: str, reference: StandardScaler) -> None:
    rows = ROWS.clone()
    rows[:, 3] = 1e9 + 0.1  # Constant, but for what rounding makes of it.

    scaling = fitted(kind, rows)

    expected = reference.fit_transform(rows[:, :3].numpy())
    np.testing.assert_allclose(scaling.apply(rows)[:, :3], expected, rtol=1e-9, atol=1e-12)
    assert scaling.scale[3] == 1
    torch.testing.assert_close(scaling.undo(scaling.apply(rows)), rows)


def test_max_is_one_factor_for_all_columns() -> None:
    scaling = fitted("max", ROWS)

    flat = ROWS.reshape(-1, 1).numpy()
    np.testing.assert_allclose(
        scaling.apply(ROWS).reshape(-1, 1), MaxAbsScaler().fit_transform(flat)
    )
    assert scaling.factor == pytest.approx(1 / flat.max())


def test_images_are_scaled_by_channel() -> None:
    images = torch.rand(6, 3, 4, 5, dtype=torch.float64) * torch.tensor([1, 5, 9]).view(3, 1, 1)

    scaled = fitted("standard", images).apply(images)

    torch.testing.assert_close(scaled.mean((0, 2, 3)), torch.zeros(3).double())
    torch.testing.assert_close(scaled.std((0, 2, 3), correction=0), torch.ones(3).double())


def test_what_is_stored_comes_back() -> None:
    for scaling in (fitted("standard", ROWS), Scaling.by_factor(0.1)):
        again = Scaling.from_plain(scaling.to_plain(), "x")

        assert torch.equal(again.shift, scaling.shift)
        assert torch.equal(again.scale, scaling.scale)
    assert Scaling.by_factor(0.1).factor == pytest.approx(0.1)
