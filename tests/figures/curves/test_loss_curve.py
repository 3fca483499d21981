"""Loss by epoch."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from tests.figures.reading import drawn, is_literal, legend_names, named_line, picture, points_of

from seedbed.figures import loss_curve

EPOCHS = np.arange(1, 51)
FALLING = 100 * 0.8**EPOCHS
LEVEL = 0.3 + 0.1 / EPOCHS


def test_each_metric_is_a_line() -> None:
    curves = {"train/loss": (EPOCHS, FALLING), "val/loss": (EPOCHS[::5], FALLING[::5] + 1)}
    figure = loss_curve(curves, 2.25, "least squares")
    picture(figure)
    (axes,) = figure.axes

    assert legend_names(axes) == ["train/loss", "val/loss", "least squares (2.25)"]
    for name, (epochs, values) in curves.items():
        assert points_of(named_line(axes, name)) == list(zip(epochs, values, strict=True))
    assert {y for _, y in points_of(named_line(axes, "least squares (2.25)"))} == {2.25}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1.0, 10.1], "log"),
        ([1.0, 10.0], "linear"),
        ([0.0, 100.0], "linear"),
        ([1.0, np.nan, np.inf], "linear"),
        ([1.0, np.nan, 100.0], "log"),
        ([np.nan, np.nan], "linear"),
        ([1e-40, 1e40], "log"),
    ],
)
def test_the_axis_is_logarithmic_for_positive_values_over_a_factor_of_10(
    values: list[float], scale: str
) -> None:
    curve = np.arange(len(values)), np.array(values)
    figure = loss_curve({"loss": curve})
    picture(figure)

    assert figure.axes[0].get_yscale() == scale


def test_all_lines_differ_without_their_colour() -> None:
    curves = {str(number): (EPOCHS, LEVEL + number) for number in range(12)}
    (axes,) = loss_curve(curves).axes
    looks = {
        (line.get_marker(), line.get_linestyle(), str(line._unscaled_dash_pattern))
        for line in axes.lines
    }

    assert len(looks) == 12
    assert len({to_rgb(line.get_color()) for line in axes.lines}) == 3


@pytest.mark.parametrize("count", [1, 2, 11, 12, 13, 50])
def test_the_last_epoch_has_a_marker(count: int) -> None:
    (axes,) = loss_curve({"loss": (EPOCHS[:count], LEVEL[:count])}).axes
    marked = axes.lines[0].get_markevery()

    assert axes.lines[0].get_marker() == "o"
    assert isinstance(marked, list)
    assert max(marked) == count - 1
    assert len(marked) <= 24


def test_many_epochs_are_drawn_as_means_and_ranges_of_bins() -> None:
    # 1,000 epochs make 200 bins of 5; the validation loss has one value for each 10 epochs.
    epochs = np.arange(1, 1001)
    oscillating = 2.0 + epochs % 5
    (axes,) = drawn(
        loss_curve({"train": (epochs, oscillating), "val": (epochs[9::10], np.ones(100))})
    ).axes
    train, val = axes.lines
    np.testing.assert_allclose(points_of(train)[:3], [(1, 3), (3, 4), (8, 4)])
    np.testing.assert_allclose(points_of(train)[-2:], [(998, 4), (1000, 2)])
    np.testing.assert_allclose(points_of(val)[:3], [(10, 1), (10, 1), (20, 1)])
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (2, 6)
    assert legend_names(axes) == ["train", "val", "range of every 5 epochs, line: mean"]


def test_up_to_400_epochs_are_all_drawn_where_the_loss_turns_seldom() -> None:
    epochs = np.arange(1, 401)
    (axes,) = loss_curve({"loss": (epochs, 2 + np.sin(epochs / 10))}).axes
    assert len(points_of(axes.lines[0])) == 400
    assert not axes.collections
    assert legend_names(axes) == ["loss"]


@pytest.mark.parametrize(("count", "size"), [(100, 2), (250, 4), (401, 4), (1000, 6)])
def test_a_loss_that_goes_up_and_down_is_drawn_as_a_band_around_a_smooth_line(
    count: int, size: int
) -> None:
    epochs = np.arange(1, count + 1)
    (axes,) = drawn(loss_curve({"loss": (epochs, 3.0 + epochs % 2)})).axes
    # The first and the last value are shown as they are; the last bin may lack one.
    means = [y for _, y in points_of(axes.lines[0])]
    assert means[1:-2] == pytest.approx([3.5] * (len(means) - 3))
    assert (means[0], means[-1]) == (4, 3 + count % 2)
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (3, 4)
    assert legend_names(axes)[-1] == f"range of every {size} epochs, line: mean"


def test_a_single_epoch_is_visible() -> None:
    empty, single = (
        picture(loss_curve({"loss": (EPOCHS[:count], LEVEL[:count])})) for count in (0, 1)
    )
    figure = drawn(loss_curve({"loss": (EPOCHS[:1], LEVEL[:1])}))

    assert (empty != single).any()
    # White, the grid and text would be shades of grey.
    height = int(figure.axes[0].bbox.y0)
    inside = single[: single.shape[0] - height].astype(int)
    assert (np.ptp(inside, axis=-1) > 50).sum() > 10
    assert [tick for tick in figure.axes[0].get_xticks() if tick % 1] == []


def test_epoch_ticks_are_integers() -> None:
    (axes,) = drawn(loss_curve({"loss": (EPOCHS[:3], LEVEL[:3])})).axes

    assert all(tick % 1 == 0 for tick in axes.get_xticks())


def test_values_that_are_not_finite_are_left_out() -> None:
    values = np.array([3.0, np.nan, 2.0, np.inf])
    (axes,) = drawn(loss_curve({"loss": (np.arange(1, 5), values)})).axes

    assert points_of(axes.lines[0]) == [(1, 3), (3, 2)]


@pytest.mark.parametrize("curves", [{}, {"loss": (EPOCHS[:2], np.full(2, np.nan))}])
def test_without_finite_values_the_figure_says_so(curves: dict[str, tuple]) -> None:
    (axes,) = drawn(loss_curve(curves)).axes

    assert [text.get_text() for text in axes.texts] == ["no finite values"]


@pytest.mark.parametrize("reference", [0.0, -1.0, 1e-31])
def test_a_reference_far_below_does_not_flatten_the_curves(reference: float) -> None:
    (axes,) = loss_curve({"loss": (EPOCHS, FALLING)}, reference, "least squares").axes

    assert axes.get_ylim()[0] > FALLING.min() / 10
    assert legend_names(axes)[-1] == f"least squares ({reference:g})"


def test_a_reference_of_zero_is_drawn_on_a_linear_axis() -> None:
    (axes,) = loss_curve({"loss": (EPOCHS, LEVEL)}, 0.0, "least squares").axes

    assert axes.get_ylim()[0] <= 0
    assert len(axes.lines) == 2


@pytest.mark.parametrize("reference", [None, np.nan, np.inf])
def test_without_a_finite_reference_no_line_is_drawn(reference: float | None) -> None:
    (axes,) = loss_curve({"loss": (EPOCHS, LEVEL)}, reference, "least squares").axes

    assert legend_names(axes) == ["loss"]


def test_names_are_literal() -> None:
    figure = loss_curve({"_$a$": (EPOCHS, LEVEL)}, 1.0, "_$b$", value_label="$c$")

    assert legend_names(figure.axes[0]) == ["_$a$", "_$b$ (1)"]
    assert all(is_literal(figure, text) for text in ("_$a$", "_$b$", "$c$"))
