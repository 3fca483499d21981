"""Targets that are scaled in training, and rows with weights, in a whole run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from tests.callbacks.figures.runs import add
from tests.experiments import record, trained

from seedbed import figures

# Three inputs of 11 training rows, two targets; the third input is the weight as well.
RUN = (
    *("data=crop_yield", "data.val_size=4", "data.target_scale=standard"),
    *("data.input_scale=standard", "data.weight=humidity", "data.batch_size=null"),
    *("optimizer=lbfgs", "optimizer.lr=1", "optimizer.max_iter=50", "trainer.max_epochs=20"),
    *("optimizer.line_search_fn=strong_wolfe", "logger=none", "task.metrics=[mae,r2]"),
    *add("predicted_against_true"),
)


def test_losses_are_in_scaled_units_and_all_else_in_the_targets_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[np.ndarray, np.ndarray]] = []
    drawing = figures.predicted_against_true

    def drawn(true: np.ndarray, predicted: np.ndarray, *more: object) -> object:
        shown.append((true, predicted))
        return drawing(true, predicted, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(figures, "predicted_against_true", drawn)
    experiment = trained(tmp_path, *RUN)
    train, val = (experiment.data._splits[split] for split in ("train", "val"))
    weights = train.inputs[:, 2].numpy()
    exact = LinearRegression().fit(train.inputs, train.targets, sample_weight=weights)
    predicted = exact.predict(val.inputs)
    written = record(tmp_path)
    metrics, report = written["metrics"], written["parameters"]
    error = np.abs(predicted - val.targets.numpy())
    assert metrics["val/mae"] == pytest.approx(error.mean(), rel=1e-3)
    spread = train.targets.numpy().std(axis=0)
    by_row = (error / spread) ** 2
    loss = np.average(by_row.mean(axis=1), weights=val.inputs[:, 2])
    assert metrics["val/loss"] == pytest.approx(loss, rel=1e-3)
    # Trained to the end, the line is the exact one, in the units of the data.
    for line in (report["original_units"], report["least_squares"]):
        np.testing.assert_allclose(line["weight"], exact.coef_, rtol=2e-3)
        np.testing.assert_allclose(line["bias"], exact.intercept_, rtol=2e-3, atol=1e-2)
    losses = report["least_squares"]["metrics"]
    assert losses["val/loss"] == pytest.approx(loss, rel=1e-6)
    assert losses["train/loss"] == pytest.approx(metrics["train/loss"], rel=1e-3)
    [(true, values)] = shown
    np.testing.assert_allclose(true, val.targets, rtol=1e-5)
    np.testing.assert_allclose(values, predicted, rtol=1e-3)
    outputs = experiment.module.net(experiment.data.model_inputs(val.inputs))
    own = experiment.module.task.prediction(outputs).detach()
    np.testing.assert_allclose(own, predicted, rtol=1e-3)
    assert own.dtype == torch.float32
