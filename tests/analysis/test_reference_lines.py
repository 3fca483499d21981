"""Reported parameters and reference lines, against numpy and published values."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.experiments import Experiment, built, finished, record, trained, weights
from torch import nn

from seedbed.analysis.reference_lines import (
    MAX_REPORTED_ELEMENTS,
    parameters_report,
    reference_line,
)
from seedbed.config.schema import data as schema
from seedbed.data import LinearNoise


def by_numpy(inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return weight, bias and loss of numpy's least squares."""
    matrix = np.column_stack((inputs, np.ones(len(inputs))))
    solution = np.linalg.lstsq(matrix, targets, rcond=None)[0]
    loss = float(((matrix @ solution - targets) ** 2).mean())
    return solution[:-1].T, solution[-1], loss


def raw_rows(experiment: Experiment, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Return a split in the units of the data, float64."""
    table = experiment.data._splits[split]
    return table.inputs.double().numpy(), table.targets.double().numpy()


def parameters(folder: Path) -> dict:
    """Return the field of run.json."""
    return record(folder)["parameters"]


def test_record_and_table_compare_a_linear_model_with_least_squares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = trained(tmp_path, "data.val_size=3", "data.test_size=2", "trainer.max_epochs=2")
    found = parameters(tmp_path)

    assert set(found) == {"trained", "input_scale", "original_units", "least_squares"}
    for name, value in weights(experiment).items():
        assert found["trained"][name] == value.tolist()
        np.testing.assert_allclose(found["original_units"][name], value.numpy(), rtol=0, atol=0)
    assert found["input_scale"] == 1.0
    weight, bias, loss = by_numpy(*raw_rows(experiment))
    exact = found["least_squares"]
    np.testing.assert_allclose(exact["weight"], weight, rtol=1e-6)
    np.testing.assert_allclose(exact["bias"], bias, rtol=1e-6)
    assert exact["metrics"]["train/loss"] == pytest.approx(loss, rel=1e-6)
    for split in ("val", "test"):
        inputs, targets = raw_rows(experiment, split)
        held_out = ((inputs @ weight.T + bias - targets) ** 2).mean()
        assert exact["metrics"][f"{split}/loss"] == pytest.approx(held_out, rel=1e-6)
    assert set(exact["metrics"]) == {"train/loss", "val/loss", "test/loss"}
    # No optimizer does better on what it is trained on.
    assert exact["metrics"]["train/loss"] < record(tmp_path)["metrics"]["train/loss"]

    lines = capsys.readouterr().out.splitlines()
    row = next(line.split() for line in lines if line.split()[:1] == ["weight[1,2]"])
    assert row[1:5] == ["oranges", "per", "humidity", f"{found['trained']['weight'][1][2]:.6g}"]
    assert row[5:] == [f"{exact['weight'][1][2]:.6g}"]
    assert any("least squares" in line for line in lines)


@pytest.mark.parametrize(("rows", "loss"), [(5, 0.48312), (15, 0.90945)])
def test_the_crops_give_the_published_losses_of_least_squares(
    tmp_path: Path, rows: int, loss: float
) -> None:
    trained(tmp_path, f"data.rows={rows}", "trainer.max_epochs=1", "logger=none")
    metrics = parameters(tmp_path)["least_squares"]["metrics"]
    assert metrics["train/loss"] == pytest.approx(loss, abs=5e-6)


@pytest.mark.parametrize(("scale", "factor"), [("max", 1 / 81.9), ("0.1", 0.1), ("-2", -2.0)])
def test_parameters_are_reported_for_scaled_and_unscaled_inputs(
    tmp_path: Path, scale: str, factor: float
) -> None:
    overrides = ("data=thermometer", f"data.input_scale={scale}", "trainer.max_epochs=3")
    experiment = trained(tmp_path, *overrides, "optimizer.lr=1e-4", "logger=none")
    found = parameters(tmp_path)

    assert found["input_scale"] == pytest.approx(factor, rel=1e-6)
    slope, offset = weights(experiment)["weight"].item(), weights(experiment)["bias"].item()
    assert found["trained"] == {"weight": [[slope]], "bias": [offset]}
    assert found["original_units"]["weight"][0][0] == pytest.approx(slope * factor, rel=1e-6)
    assert found["original_units"]["bias"] == [offset]
    # Published, and in the units of the readings whatever they are trained in.
    exact = found["least_squares"]
    assert exact["weight"][0][0] == pytest.approx(0.536772, abs=2e-6)
    assert exact["bias"][0] == pytest.approx(-17.304785, abs=2e-5)
    assert exact["metrics"]["train/loss"] == pytest.approx(2.927645, abs=2e-6)


def test_unscaled_parameters_predict_from_unscaled_inputs(tmp_path: Path) -> None:
    overrides = ("data=thermometer", "data.input_scale=max", "optimizer.lr=0.05")
    experiment = trained(tmp_path, *overrides, "trainer.max_epochs=50", "logger=none")
    line = parameters(tmp_path)["original_units"]
    with torch.no_grad():
        (output,) = experiment.module.net(torch.tensor([[56.3 / 81.9]]))
    assert line["weight"][0][0] * 56.3 + line["bias"][0] == pytest.approx(output.item(), rel=1e-5)


@pytest.mark.parametrize("scale", ["null", "0.5"])
def test_a_known_true_line_is_reported_beside_least_squares(tmp_path: Path, scale: str) -> None:
    overrides = ("data=linear_noise", "data.features=2", "data.targets=2", "data.data_seed=3")
    more = (f"data.input_scale={scale}", "trainer.max_epochs=1", "logger=none")
    experiment = trained(tmp_path, *overrides, *more)
    found = parameters(tmp_path)

    options = {"task": "regression", "input_shape": [2], "output_size": 2}
    data = LinearNoise(schema.LinearNoise(**options, features=2, targets=2, data_seed=3))
    known = data.true_line()
    assert found["true_line"]["weight"] == pytest.approx(known.weight.numpy(), rel=1e-12)
    assert found["true_line"]["bias"] == pytest.approx(known.bias.numpy(), rel=1e-12)
    inputs, targets = raw_rows(experiment)
    noise = targets - inputs @ known.weight.numpy().T - known.bias.numpy()
    metrics = found["true_line"]["metrics"]
    assert metrics == {"train/loss": pytest.approx((noise**2).mean(), rel=1e-5)}
    # Least squares follows the noise.
    assert found["least_squares"]["metrics"]["train/loss"] < metrics["train/loss"]
    weight, bias, _ = by_numpy(inputs, targets)
    np.testing.assert_allclose(found["least_squares"]["weight"], weight, rtol=1e-5)
    np.testing.assert_allclose(found["least_squares"]["bias"], bias, rtol=1e-5)

    # What a figure compares with lies where the model does.
    module = experiment.module
    line = reference_line(experiment.data, module.net, module.task)
    assert line.name == "true line"
    factor = 0.5 if scale == "0.5" else 1.0
    torch.testing.assert_close(line.trained_as.weight, known.weight / factor)
    torch.testing.assert_close(line.trained_as.bias, known.bias)


def test_without_a_bias_least_squares_has_none(tmp_path: Path) -> None:
    overrides = ("data=thermometer", "model.bias=false", "optimizer.lr=1e-5")
    experiment = trained(tmp_path, *overrides, "trainer.max_epochs=1", "logger=none")
    found = parameters(tmp_path)
    inputs, targets = raw_rows(experiment)
    slope = (inputs * targets).sum() / (inputs**2).sum()
    assert set(found["least_squares"]) == {"weight", "metrics"}
    assert set(found["original_units"]) == {"weight"}
    assert found["least_squares"]["weight"][0][0] == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        (("task.loss=mae",), {"trained", "input_scale", "original_units"}),
        (("task.loss=huber",), {"trained", "input_scale", "original_units"}),
        (("data=clusters",), {"trained", "input_scale", "original_units"}),
        (("model=mlp", "model.hidden=[2]"), {"trained"}),
        (("data=none", "model=bowl"), {"trained"}),
    ],
)
def test_least_squares_is_reported_for_linear_models_on_mse_alone(
    tmp_path: Path, overrides: tuple[str, ...], keys: set[str]
) -> None:
    experiment = trained(tmp_path, *overrides, "trainer.max_epochs=1", "logger=none")
    found = parameters(tmp_path)
    assert set(found) == keys
    assert found["trained"] == {k: v.tolist() for k, v in weights(experiment).items()}


class Rows(torch.utils.data.Dataset):
    """Rows of the user's own."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((2,), float(index)), torch.tensor([2.0 * index])


def test_rows_that_are_not_in_memory_have_no_least_squares(tmp_path: Path) -> None:
    trained(
        tmp_path,
        "data=torch_dataset",
        f"data.train._target_={__name__}.Rows",
        "data.task=regression",
        "data.input_shape=[2]",
        "data.output_size=1",
        "trainer.max_epochs=1",
        "logger=none",
    )
    assert set(parameters(tmp_path)) == {"trained", "input_scale", "original_units"}


@pytest.mark.parametrize(("extra", "reported"), [(0, True), (1, False)])
def test_models_above_the_limit_report_no_parameters(extra: int, reported: bool) -> None:
    net = nn.Conv1d(1, MAX_REPORTED_ELEMENTS + extra, 1, bias=False)
    assert bool(parameters_report(None, net, None)) == reported


def test_run_json_of_a_large_model_has_no_parameters(tmp_path: Path) -> None:
    trained(tmp_path, "model=mlp", "model.hidden=[200]", "trainer.max_epochs=1", "logger=none")
    assert "parameters" not in record(tmp_path)


def test_reported_parameters_are_those_of_the_last_epoch(tmp_path: Path) -> None:
    # With a test split the module holds the best epoch's weights at the end, not the last one's.
    overrides = ("data.val_size=5", "data.test_size=2", "optimizer.lr=2e-4")
    experiment = built(tmp_path, *overrides, "trainer.max_epochs=3", "logger=none")
    finished(experiment)
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert parameters(tmp_path)["trained"]["weight"] == last["net.weight"].tolist()
    assert record(tmp_path)["checkpoints"]["best"]["epoch"] == 1
    assert parameters(tmp_path)["trained"]["weight"] != weights(experiment)["weight"].tolist()


def test_the_true_line_is_measured_by_the_loss_of_the_task(tmp_path: Path) -> None:
    keys = ("data=linear_noise", "task.loss=mae", "trainer.max_epochs=1")
    inputs, targets = raw_rows(trained(tmp_path, *keys))
    true = parameters(tmp_path)["true_line"]
    error = inputs @ np.array(true["weight"]).T + np.array(true["bias"]) - targets
    assert true["metrics"]["train/loss"] == pytest.approx(np.abs(error).mean(), rel=1e-6)


def test_the_true_line_has_a_bias_where_the_model_has_none(tmp_path: Path) -> None:
    keys = ("data=linear_noise", "model.bias=false", "data.features=3", "trainer.max_epochs=1")
    inputs, targets = raw_rows(trained(tmp_path, *keys))
    found = parameters(tmp_path)
    assert "bias" not in found["least_squares"]
    true = found["true_line"]
    error = inputs @ np.array(true["weight"]).T + np.array(true["bias"]) - targets
    assert true["metrics"]["train/loss"] == pytest.approx((error**2).mean(), rel=1e-6)


class Bent(nn.Linear):
    """Has the parameters of a line and computes something else."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().forward(inputs**2)


def test_a_subclass_with_its_own_forward_is_no_linear_map(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "data=linear_noise", "trainer.max_epochs=1")
    net = Bent(1, 1)
    assert reference_line(experiment.data, net, experiment.module.task) is None
    assert set(parameters_report(experiment.data, net, experiment.module.task)) == {"trained"}


def test_names_with_brackets_are_literal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ('data.feature_names=["speed [m/s]"]', 'data.target_names=[":smile: [/i]"]')
    trained(tmp_path, "data=thermometer", "optimizer.lr=1e-5", "trainer.max_epochs=1", *names)
    assert ":smile: [/i] per speed [m/s]" in capsys.readouterr().out


def test_given_initial_values_are_not_rounded_in_double_precision(tmp_path: Path) -> None:
    given = ("trainer.precision=64-true", "initial_weights.parameters.bias=[0.1,0.2]")
    experiment = built(tmp_path, "+" + given[1], given[0])
    assert weights(experiment)["bias"].tolist() == [0.1, 0.2]
