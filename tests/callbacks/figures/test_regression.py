"""What the figures of regressions are drawn from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.callbacks.figures.runs import HELD_OUT, LINE, add, pictures
from tests.experiments import built, trained, weights
from torch import nn

from seedbed.runs.folder import RunFolder


@pytest.mark.parametrize(("scale", "target_scale"), [("null", "null"), ("max", "standard")])
def test_a_fit_shows_readings_and_curve_in_the_units_of_the_data(
    tmp_path: Path, drawn, scale: str, target_scale: str
) -> None:
    scales = (f"data.input_scale={scale}", f"data.target_scale={target_scale}")
    calls, more = drawn("fit_on_range"), (*scales, "data.val_size=3")
    experiment = trained(tmp_path, *LINE, *more, *add("fit"), "trainer.max_epochs=2")
    (shown,) = calls
    splits = experiment.data._splits
    factor = 1.0 if scale == "null" else 1 / splits["train"].inputs.max().item()
    slope, offset = (value.item() for value in weights(experiment).values())
    if target_scale == "standard":
        spread = splits["train"].targets.std(correction=0).item()
        slope, offset = slope * spread, offset * spread + splits["train"].targets.mean().item()
    inputs = torch.cat((splits["train"].inputs, splits["val"].inputs)).view(-1).numpy()
    targets = torch.cat((splits["train"].targets, splits["val"].targets)).view(-1).numpy()
    np.testing.assert_allclose(shown["inputs"], inputs, rtol=1e-6)
    np.testing.assert_allclose(shown["targets"], targets, rtol=1e-6)
    np.testing.assert_allclose(shown["fitted"], slope * factor * inputs + offset, rtol=1e-5)
    assert shown["held_out"].tolist() == [False] * 8 + [True] * 3
    curve_inputs = shown["range_inputs"]
    margin = 0.05 * (81.9 - 21.8)
    assert curve_inputs[[0, -1]] == pytest.approx([21.8 - margin, 81.9 + margin])
    expected = slope * factor * curve_inputs + offset
    np.testing.assert_allclose(shown["range_outputs"], expected, rtol=1e-5)
    assert shown["title"] == "training rows and validation rows"
    sign = "-" if offset < 0 else "+"
    equation = f"{slope * factor:.4g} · reading (unknown) {sign} {abs(offset):.4g}"
    assert shown["equation"].replace("\u00a0", " ") == f"temperature (C) = {equation}"
    assert (shown["input_label"], shown["target_label"]) == (
        "reading (unknown)",
        "temperature (C)",
    )


def test_the_range_option_sets_the_ends_of_the_fitted_curve(tmp_path: Path, drawn) -> None:
    calls = drawn("fit_on_range")
    trained(tmp_path, *LINE, *add("fit", range="[-10,200]"), "trainer.max_epochs=1")
    assert calls[0]["range_inputs"][[0, -1]].tolist() == [-10, 200]
    assert calls[0]["held_out"] is None
    assert calls[0]["title"] == "training rows"


@pytest.mark.parametrize(
    ("sizes", "split", "label"),
    [
        ((), "train", "training rows"),
        (("data.val_size=4",), "val", "validation rows"),
        (HELD_OUT, "test", "test rows"),
    ],
)
def test_predictions_are_of_the_test_split_else_validation_else_training_rows(
    tmp_path: Path, drawn, sizes: tuple[str, ...], split: str, label: str
) -> None:
    calls = drawn("predicted_against_true")
    overrides = (*sizes, *add("predicted_against_true"), "trainer.max_epochs=2")
    experiment = trained(tmp_path, *overrides)
    (shown,) = calls
    table = experiment.data._splits[split]
    assert shown["true"].tolist() == table.targets.float().tolist()
    with torch.no_grad():
        outputs = nn.functional.linear(table.inputs.float(), *weights(experiment).values())
    np.testing.assert_allclose(shown["predicted"], outputs.numpy(), rtol=1e-5)
    assert shown["rows_label"] == label
    assert shown["target_labels"] == ["apples (t/ha)", "oranges (t/ha)"]


def test_the_test_split_is_drawn_with_the_best_weights(tmp_path: Path, drawn) -> None:
    # A rate that is much too high: the first epoch is the best.
    calls = drawn("predicted_against_true")
    trained(
        tmp_path,
        *(*HELD_OUT, *add("predicted_against_true"), "optimizer.lr=2e-4", "trainer.max_epochs=3"),
    )
    best, last = (
        torch.load(RunFolder(tmp_path).checkpoint(name), weights_only=True)["state_dict"]
        for name in ("best", "last")
    )
    experiment = built(tmp_path / "again", *HELD_OUT)
    experiment.data.setup("fit")
    inputs = experiment.data._splits["test"].inputs.float()
    right, wrong = (
        nn.functional.linear(inputs, kept["net.weight"], kept["net.bias"]).numpy()
        for kept in (best, last)
    )
    (shown,) = calls
    np.testing.assert_allclose(shown["predicted"], right, rtol=1e-5)
    assert not np.allclose(shown["predicted"], wrong, rtol=0.1)
    assert [epoch for epoch, _ in pictures(tmp_path, "predicted_against_true")] == [3]


def test_without_a_test_phase_the_validation_split_is_drawn(tmp_path: Path, drawn) -> None:
    calls = drawn("predicted_against_true")
    more = ("trainer.limit_test_batches=0", "trainer.max_epochs=1")
    experiment = trained(tmp_path, *HELD_OUT, *more, *add("predicted_against_true"))
    (shown,) = calls
    assert shown["true"].tolist() == experiment.data._splits["val"].targets.float().tolist()


def test_a_linear_model_of_a_few_inputs_has_its_equations_and_another_has_none(
    tmp_path: Path, drawn
) -> None:
    calls = drawn("predicted_against_true")
    words = ("trainer.max_epochs=1", *add("predicted_against_true"))
    given = (
        "+initial_weights.parameters.weight=[[0.25,1e-7,-3],[1,0,12345.67]]",
        "+initial_weights.parameters.bias=[0.0,-2.5]",
        "optimizer.lr=0",
    )
    trained(tmp_path / "linear", "data=crop_yield", *given, *words)
    trained(tmp_path / "mlp", "data=crop_yield", "model=mlp", *words)
    assert [text.replace("\u00a0", " ") for text in calls[0]["equations"]] == [
        "apples (t/ha) = 0.25 · temperature + 1e-07 · rainfall - 3 · humidity",
        "oranges (t/ha) = 1 · temperature + 0 · rainfall + 1.235e+04 · humidity - 2.5",
    ]
    assert calls[1]["equations"] == []
