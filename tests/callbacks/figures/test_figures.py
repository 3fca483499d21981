"""Figures of a run: which are drawn, when, from which numbers, and at what cost to the run."""

import inspect
import os
import signal
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.experiments import Experiment, curve, finished, record, weights
from tests.quick import built, composed, trained
from torch import nn
from torch.utils.data import Dataset

from seedbed import figures
from seedbed.callbacks.figures.figure import evaluating
from seedbed.callbacks.figures.labels import class_names, feature_labels, target_labels
from seedbed.config.spec import DataFacts, run_spec
from seedbed.engines.lightning.data_module import LightningData
from seedbed.errors import ConfigError, Interrupted
from seedbed.runs.folder import RunFolder

LINE = ("data=thermometer", "optimizer.lr=1e-5")
POINTS = ("data=clusters", "data.rows=60", "optimizer.lr=0.01")


def add(name: str, **keys: Any) -> list[str]:
    """Return the overrides that add a figure to a run."""
    return [
        f"+callback@callbacks.{name}={name}",
        *(f"callbacks.{name}.{key}={value}" for key, value in keys.items()),
    ]


def files(folder: Path) -> list[str]:
    """Return the names of the figures."""
    return sorted(path.name for path in (folder / "figures").glob("*"))


def pictures(folder: Path, tag: str) -> list[tuple[int, bytes]]:
    """Return the images that TensorBoard shows under a tag: epoch and PNG."""
    accumulator = EventAccumulator(str(folder), size_guidance={"images": 0})
    accumulator.Reload()
    if tag not in accumulator.Tags()["images"]:
        return []
    return [(image.step, image.encoded_image_string) for image in accumulator.Images(tag)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that collects, by name, what a function of seedbed.figures is given."""

    def collect(function: str) -> list[dict[str, Any]]:
        draw, calls = getattr(figures, function), []

        def instead(*arguments: Any, **keywords: Any) -> Any:
            bound = inspect.signature(draw).bind(*arguments, **keywords)
            bound.apply_defaults()
            calls.append(dict(bound.arguments))
            return empty()

        monkeypatch.setattr(figures, function, instead)
        return calls

    return collect


def empty() -> Any:
    """Return a figure that is drawn at once."""
    from matplotlib.figure import Figure

    return Figure(figsize=(1, 1), dpi=10)


class Points(Dataset):
    """Rows of the user's own, each with its sum."""

    def __init__(self, features: int = 3) -> None:
        self.inputs = torch.linspace(-1, 1, 12 * features).view(12, features)
        self.targets = self.inputs.sum(1, keepdim=True)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inputs[index], self.targets[index]


class Pictures(Dataset):
    """Four grey images of one of two classes."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((1, 2, 2), index / 4), torch.tensor(index % 2)


def of_the_user(name: str, task: str, shape: list[int], outputs: int) -> list[str]:
    """Return the overrides for a dataset of this module."""
    return [
        "data=torch_dataset",
        f"task={task}",
        f"data.train._target_={__name__}.{name}",
        f"data.task={task}",
        f"data.input_shape={str(shape).replace(' ', '')}",
        f"data.output_size={outputs}",
    ]


IMAGES = (*of_the_user("Pictures", "multiclass", [1, 2, 2], 2), "model=mlp", "model.hidden=[2]")
FUNCTION = ("data=none", "model=bowl", "optimizer.lr=0.1")

# Every figure with a run that it fits.
FIGURES = {
    "loss_curve": LINE,
    "fit": LINE,
    "predicted_against_true": (),
    "decision_boundary": POINTS,
    "loss_landscape": LINE,
    "line_recovery": ("data=linear_noise",),
    "minimization_path": FUNCTION,
    "confusion_matrix": POINTS,
    "worst_mistakes": IMAGES,
}


# ---- Where they go -------------------------------------------------------------------------------


def test_every_figure_is_tried_here() -> None:
    others = {"checkpoint", "early_stopping", "gradient_converged", "learning_rate"}
    others |= {"loss_converged", "model_summary", "parameter_values", "progress"}
    folder = Path(__file__).parents[3] / "configs" / "callback"
    assert {path.stem for path in folder.glob("*.yaml")} - others == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_lies_in_the_run_folder_and_in_tensorboard(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(tmp_path, *FIGURES[name], *add(name), "trainer.max_epochs=2")
    assert "not drawn" not in capsys.readouterr().err
    assert files(tmp_path) == [f"{name}.png"]
    content = (tmp_path / "figures" / f"{name}.png").read_bytes()
    image = Image.open(BytesIO(content))
    image.load()
    assert image.format == "PNG"
    assert min(image.size) > 100
    # It is not a white sheet.
    assert len(set(image.convert("L").getdata())) > 10
    assert pictures(tmp_path, name) == [(2, content)]


def test_every_so_many_epochs_have_a_file_of_their_own(tmp_path: Path, drawn) -> None:
    drawn("fit_on_range")
    trained(tmp_path, *LINE, *add("fit", every_n_epochs=2), "trainer.max_epochs=5")
    assert files(tmp_path) == ["fit-epoch-0002.png", "fit-epoch-0004.png", "fit.png"]
    assert [epoch for epoch, _ in pictures(tmp_path, "fit")] == [2, 4, 5]


def test_figures_need_no_tensorboard(tmp_path: Path, drawn) -> None:
    drawn("fit_on_range")
    trained(tmp_path, *LINE, *add("fit"), "trainer.max_epochs=1", "logger=none")
    assert files(tmp_path) == ["fit.png"]


# ---- What a run may not notice -------------------------------------------------------------------

DROPOUT = ("model=mlp", "model.dropout=0.5", "model.hidden=[8]", "optimizer=adam", "seed=3")
HELD_OUT = ("data.val_size=3", "data.test_size=3")


@pytest.mark.parametrize(
    "data",
    [("data=crop_yield", *HELD_OUT), of_the_user("Points", "regression", [3], 1)],
    ids=["in memory", "torch dataset"],
)
def test_the_training_is_bit_for_bit_the_same_with_figures(
    tmp_path: Path, drawn, data: list[str]
) -> None:
    drawn("predicted_against_true")
    drawn("loss_curve")
    overrides = (*DROPOUT, *data, "trainer.max_epochs=4", "logger=none")
    figures = (*add("predicted_against_true", every_n_epochs=1), *add("loss_curve"))
    without = weights(trained(tmp_path / "without", *overrides))
    with_figures = trained(tmp_path / "with", *overrides, *figures)
    assert len(files(tmp_path / "with")) == 6
    for name, value in weights(with_figures).items():
        assert torch.equal(value, without[name]), name
    assert with_figures.module.net.training


def test_modules_get_back_the_mode_that_each_had() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    net[2].eval()
    with evaluating(net):
        assert not any(module.training for module in net.modules())
    assert [module.training for module in net] == [True, True, False]
    with pytest.raises(ZeroDivisionError), evaluating(net):
        raise ZeroDivisionError
    assert [module.training for module in net] == [True, True, False]


def test_a_figure_that_fails_is_told_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: Any, **keywords: Any) -> None:
        raise ZeroDivisionError("of the test")

    monkeypatch.setattr(figures, "fit_on_range", fail)
    overrides = (*LINE, *add("fit", every_n_epochs=1), "trainer.max_epochs=2")
    experiment = trained(tmp_path, *overrides)
    said = "seedbed: callbacks.fit: not drawn: ZeroDivisionError: of the test"
    assert capsys.readouterr().err.splitlines().count(said) == 3
    assert record(tmp_path)["status"] == "completed"
    assert experiment.trainer.current_epoch == 2
    assert not (tmp_path / "figures").exists()
    assert pictures(tmp_path, "fit") == []


# ---- What does not fit ---------------------------------------------------------------------------

UNFIT = {
    "fit": [("data=crop_yield",), ("data=clusters",), FUNCTION],
    "predicted_against_true": [("data=clusters",), FUNCTION],
    "decision_boundary": [("data=crop_yield",), ("data=blobs", "model=mlp")],
    "line_recovery": [
        ("data=crop_yield",),
        (*LINE, "model=mlp"),
        (*LINE, "model.bias=false"),
        (*LINE, "task.loss=huber"),
    ],
    "minimization_path": [LINE],
    "confusion_matrix": [LINE, FUNCTION],
    "worst_mistakes": [LINE, POINTS],
}


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        pytest.param(name, overrides, id=f"{name}-{number}")
        for name, runs in UNFIT.items()
        for number, overrides in enumerate(runs)
    ],
)
def test_a_run_that_a_figure_does_not_fit_is_refused(
    tmp_path: Path, name: str, overrides: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match=rf"^callbacks\.{name}: needs "):
        built(tmp_path, *overrides, *add(name))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("[weight]", "it must name two numbers"),
        ("[weight,weight]", "it must name two numbers"),
        ("[weight,'weight[0,0]']", "two numbers"),
        ("[weight,bais]", "the model has no parameter 'bais'. Did you mean 'bias'?"),
        ("['weight[0,1]',bias]", "'weight[0,1]' is not one number"),
    ],
)
def test_a_landscape_lies_over_two_numbers(tmp_path: Path, parameters: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        built(tmp_path, *LINE, *add("loss_landscape", parameters=parameters))
    assert said in str(refused.value)
    assert str(refused.value).startswith("callbacks.loss_landscape")


@pytest.mark.parametrize(
    "overrides",
    [
        (*add("fit"),),
        (*add("loss_landscape"),),
        (*LINE, *add("loss_landscape", points=1)),
        (*LINE, *add("fit", every_n_epochs=0)),
        (*LINE, *add("fit", range="[3,3]")),
    ],
)
def test_a_mistake_in_a_figure_leaves_nothing(
    refused: Callable[..., str], overrides: tuple[str, ...]
) -> None:
    assert refused("train", *overrides, function=None).startswith("seedbed: callbacks.")


def test_a_line_is_recovered_from_rows_in_memory_only(tmp_path: Path) -> None:
    # Of other rows neither the line that made them nor least squares is known.
    data = of_the_user("Points", "regression", [1], 1)
    with pytest.raises(ConfigError, match="line_recovery"):
        built(tmp_path, *data, "+data.train.features=1", *add("line_recovery"))


# ---- What they show ------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["null", "max"])
def test_a_fit_shows_readings_and_curve_in_the_units_of_the_data(
    tmp_path: Path, drawn, scale: str
) -> None:
    (calls, more) = drawn("fit_on_range"), (f"data.input_scale={scale}", "data.val_size=3")
    experiment = trained(tmp_path, *LINE, *more, *add("fit"), "trainer.max_epochs=2")
    (shown,) = calls
    splits = experiment.data._splits
    factor = 1.0 if scale == "null" else 1 / splits["train"].inputs.max().item()
    slope, offset = (value.item() for value in weights(experiment).values())
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
    assert (shown["input_label"], shown["target_label"]) == (
        "reading (unknown)",
        "temperature (C)",
    )


def test_a_fit_has_the_range_that_was_asked_for(tmp_path: Path, drawn) -> None:
    calls = drawn("fit_on_range")
    trained(tmp_path, *LINE, *add("fit", range="[-10,200]"), "trainer.max_epochs=1")
    assert calls[0]["range_inputs"][[0, -1]].tolist() == [-10, 200]
    assert calls[0]["held_out"] is None


@pytest.mark.parametrize(
    ("sizes", "split"),
    [((), "train"), (("data.val_size=4",), "val"), (HELD_OUT, "test")],
)
def test_predictions_are_those_of_the_split_that_says_most(
    tmp_path: Path, drawn, sizes: tuple[str, ...], split: str
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
    assert shown["target_labels"] == ["apples (t/ha)", "oranges (t/ha)"]


def test_a_test_split_is_shown_with_the_best_weights(tmp_path: Path, drawn) -> None:
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


def test_a_test_that_is_left_out_is_not_shown(tmp_path: Path, drawn) -> None:
    calls = drawn("predicted_against_true")
    more = ("trainer.limit_test_batches=0", "trainer.max_epochs=1")
    experiment = trained(tmp_path, *HELD_OUT, *more, *add("predicted_against_true"))
    (shown,) = calls
    assert shown["true"].tolist() == experiment.data._splits["val"].targets.float().tolist()


def test_a_boundary_is_where_the_model_decides(tmp_path: Path, drawn) -> None:
    calls = drawn("decision_boundary")
    more = ("data.val_size=20", "data.input_scale=0.5", "data.class_names=[upper,lower]")
    keys = {"every_n_epochs": 2, "points": 15}
    experiment = trained(
        tmp_path, *POINTS, *more, *add("decision_boundary", **keys), "trainer.max_epochs=3"
    )
    second, last = calls
    table = experiment.data._splits["val"]
    weight, bias = (value.double().numpy() for value in weights(experiment).values())

    def probability(points: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(0.5 * points @ weight.T + bias)))[..., 0]

    np.testing.assert_allclose(last["points"], table.inputs[:15].numpy(), rtol=1e-5)
    assert last["classes"].tolist() == table.targets[:15].tolist()
    predicted = (probability(table.inputs[:15].numpy()) > 0.5).astype(int)
    assert last["predicted"].tolist() == predicted.tolist()
    # Rows of the grid are those of the second input.
    plane = np.stack(np.meshgrid(last["first"], last["second"]), axis=-1)
    np.testing.assert_allclose(last["probability"], probability(plane), rtol=1e-4)
    assert last["first"].min() < last["points"][:, 0].min()
    assert last["second"].max() > last["points"][:, 1].max()
    assert last["class_names"] == ("upper", "lower")
    right = (predicted == table.targets[:15].numpy()).mean()
    assert last["title"] == f"epoch 3: {right:.1%} of 15 points right"
    assert second["title"].startswith("epoch 2: ")


@pytest.mark.parametrize("every", ["null", "1"])
def test_a_loss_curve_has_every_epoch_up_to_its_own(tmp_path: Path, drawn, every: str) -> None:
    calls = drawn("loss_curve")
    overrides = (*LINE, "data.val_size=2", "trainer.log_every_n_epochs=3", "trainer.max_epochs=4")
    trained(tmp_path / "whole", *LINE, "data.val_size=2", "trainer.max_epochs=4")
    trained(tmp_path, *overrides, *add("loss_curve", every_n_epochs=every))
    for name in ("train/loss", "val/loss"):
        epochs, values = calls[-1]["curves"][name]
        assert epochs.tolist() == [1, 2, 3, 4]
        expected = list(curve(tmp_path / "whole", name).values())
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert set(calls[-1]["curves"]) == {"train/loss", "val/loss"}
    if every == "1":
        shown = [call["curves"].get("train/loss", ([], []))[0] for call in calls]
        assert [len(epochs) for epochs in shown] == [1, 2, 3, 4, 4]


def test_a_loss_curve_has_the_published_loss_of_least_squares(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_curve")
    trained(tmp_path, *LINE, *add("loss_curve"), "trainer.max_epochs=1")
    assert calls[0]["reference"] == pytest.approx(2.927645, abs=2e-6)
    assert calls[0]["reference_name"] == "least squares"


def test_a_run_that_diverged_shows_how(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_curve")
    overrides = ("experiment=thermometer_diverges", *add("loss_curve"), *add("fit"))
    finished(built(tmp_path, *overrides))
    assert record(tmp_path)["status"] == "diverged"
    epochs, values = calls[0]["curves"]["train/loss"]
    assert epochs.tolist() == list(range(1, 11))
    np.testing.assert_allclose(values, list(curve(tmp_path).values()), rtol=1e-6)
    # Of the weights that it ended with there is nothing to show.
    assert files(tmp_path) == ["loss_curve.png"]


def by_hand(epochs: int, rate: float, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return weight and bias of gradient descent from (1, 0), (epochs + 1, 2)."""
    weight, bias, path = 1.0, 0.0, [(1.0, 0.0)]
    for _ in range(epochs):
        error = weight * inputs + bias - targets
        weight, bias = weight - rate * 2 * (error * inputs).mean(), bias - rate * 2 * error.mean()
        path.append((weight, bias))
    return np.array(path)


def losses(points: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the mean squared error at points (..., 2) of weight and bias."""
    error = points[..., :1] * inputs + points[..., 1:] - targets
    return (error**2).mean(axis=-1)


ONE_AND_ZERO = (
    "+initial_weights.parameters.weight=[[1.0]]",
    "+initial_weights.parameters.bias=[0.0]",
    "trainer.precision=64-true",
    "data.batch_size=null",
)


def test_a_landscape_has_the_path_and_the_losses_around_it(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    keys = {"points": 7, "parameters": "[bias,'weight[0,0]']", "log": "false"}
    experiment = trained(
        tmp_path,
        *(*LINE, *ONE_AND_ZERO, *add("loss_landscape", **keys), "data.input_scale=0.1"),
        *("optimizer.lr=1e-3", "trainer.max_epochs=5"),
    )
    rows = experiment.data._splits["train"]
    inputs, targets = 0.1 * rows.inputs.numpy()[:, 0], rows.targets.numpy()[:, 0]
    (shown,) = calls
    path = by_hand(5, 1e-3, inputs, targets)[:, ::-1]
    np.testing.assert_allclose(shown["path"], path, rtol=1e-9, atol=1e-12)
    plane = np.stack(np.meshgrid(shown["first"], shown["second"]), axis=-1)
    expected = losses(plane[..., ::-1], inputs, targets)
    np.testing.assert_allclose(shown["loss"], expected, rtol=1e-9)
    # Least squares, published in the units of the readings, where the model holds it.
    assert shown["reference"] == pytest.approx([-17.304785, 5.36772], abs=1e-4)
    assert shown["reference_name"] == "least squares"
    assert (shown["labels"], shown["log"]) == (("bias", "weight[0,0]"), False)
    for place, axis in enumerate((shown["first"], shown["second"])):
        seen = [*path[:, place], shown["reference"][place]]
        assert axis.min() < min(seen)
        assert axis.max() > max(seen)


def test_a_landscape_of_a_network_has_no_reference(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    elements = "['hidden_linear.weight[1,0]','output_linear.bias']"
    overrides = ("model=mlp", "model.hidden=[2]", *LINE, "trainer.max_epochs=2", "optimizer=adam")
    experiment = trained(
        tmp_path, *overrides, *add("loss_landscape", parameters=elements, points=3)
    )
    (shown,) = calls
    assert shown["reference"] is None
    assert shown["path"].shape == (3, 2)
    found = weights(experiment)
    end = found["hidden_linear.weight"][1, 0].item(), found["output_linear.bias"].item()
    assert shown["path"][-1].tolist() == list(end)


def test_a_recovered_line_is_compared_with_the_true_one(tmp_path: Path, drawn) -> None:
    calls = drawn("line_recovery")
    overrides = ("data=linear_noise", "data.rows=30", "data.data_seed=2", "data.input_scale=2")
    experiment = trained(
        tmp_path,
        *(*overrides, *ONE_AND_ZERO, "optimizer.lr=0.05", "trainer.max_epochs=4"),
        *add("line_recovery", points=5),
    )
    (shown,) = calls
    rows = experiment.data._splits["train"]
    inputs, targets = 2 * rows.inputs.numpy()[:, 0], rows.targets.numpy()[:, 0]
    path = by_hand(4, 0.05, inputs, targets)
    np.testing.assert_allclose(shown["path"], path, rtol=1e-9)
    np.testing.assert_allclose(shown["losses"], losses(path, inputs, targets), rtol=1e-9)
    np.testing.assert_allclose(shown["inputs"], inputs, rtol=1e-12)
    np.testing.assert_allclose(shown["targets"], targets, rtol=1e-12)
    plane = np.stack(np.meshgrid(shown["first"], shown["second"]), axis=-1)
    np.testing.assert_allclose(shown["loss"], losses(plane, inputs, targets), rtol=1e-9)
    line = experiment.data.true_line()
    assert shown["true"] == pytest.approx([line.weight.item() / 2, line.bias.item()])
    assert shown["reference_name"] == "true line"
    assert shown["step_name"] == "epoch"


def test_the_way_down_a_bowl(tmp_path: Path, drawn) -> None:
    calls = drawn("minimization_path_2d")
    overrides = (*FUNCTION, "trainer.precision=64-true", "trainer.max_epochs=3")
    trained(tmp_path, *overrides, *add("minimization_path", points=6))
    (shown,) = calls
    # Along x the distance to -1 shrinks to 0.8, along y that to 0 to 0.9.
    expected = [[-1 + 11 * 0.8**k, 10 * 0.9**k] for k in range(4)]
    np.testing.assert_allclose(shown["path"], expected, rtol=1e-12)
    x, y = np.meshgrid(shown["first"], shown["second"])
    np.testing.assert_allclose(shown["values"], (x + 1) ** 2 + 0.5 * y**2, rtol=1e-12)
    assert shown["values"].shape == (6, 6)
    assert (shown["labels"], shown["value_label"]) == (("x", "y"), "f(x, y)")


def test_the_way_down_a_parabola(tmp_path: Path, drawn) -> None:
    calls = drawn("minimization_path_1d")
    overrides = ("data=none", "model=parabola", "optimizer.lr=0.25", "trainer.precision=64-true")
    trained(tmp_path, *overrides, "trainer.max_epochs=3", *add("minimization_path"))
    (shown,) = calls
    path = np.array([2 + 48 * 0.5**k for k in range(4)])
    np.testing.assert_allclose(shown["path"], path, rtol=1e-12)
    np.testing.assert_allclose(shown["path_values"], path**2 - 4 * path - 1, rtol=1e-12)
    np.testing.assert_allclose(shown["values"], shown["x"] ** 2 - 4 * shown["x"] - 1, rtol=1e-9)
    assert shown["x"].min() < path.min() < path.max() < shown["x"].max()
    assert shown["labels"] == ("x", "f(x)")


@pytest.mark.parametrize("data", ["clusters", "blobs"])
def test_a_confusion_matrix_counts_true_classes_by_row(tmp_path: Path, drawn, data: str) -> None:
    calls = drawn("confusion_matrix")
    overrides = (f"data={data}", "data.rows=200", "optimizer=adam", "optimizer.lr=0.01")
    experiment = trained(
        tmp_path, *overrides, "trainer.max_epochs=1", *add("confusion_matrix"), "data.test_size=90"
    )
    (shown,) = calls
    table = experiment.data._splits["test"]
    with torch.no_grad():
        outputs = nn.functional.linear(table.inputs.float(), *weights(experiment).values())
    classes = 2 if data == "clusters" else 3
    predicted = (outputs[:, 0] > 0).long() if data == "clusters" else outputs.argmax(1)
    expected = np.zeros((classes, classes), int)
    for true, found in zip(table.targets.tolist(), predicted.tolist(), strict=True):
        expected[true, found] += 1
    assert shown["counts"].tolist() == expected.tolist()
    # Some are taken for others, and not as often the other way round.
    assert expected.tolist() != expected.T.tolist()
    assert shown["class_names"] == [str(number) for number in range(classes)]


def test_the_surest_mistakes_come_first(tmp_path: Path, drawn) -> None:
    calls = drawn("worst_mistakes")
    # Whatever the image, class 1 gets a probability of sigmoid(4 pixel): image 2 is surest.
    trained(
        tmp_path,
        *(*of_the_user("Pictures", "multiclass", [1, 2, 2], 2), "data.class_names=[cat,dog]"),
        *("+initial_weights.parameters.weight=[[0,0,0,0],[1,1,1,1]]", "optimizer.lr=0.0"),
        *("+initial_weights.parameters.bias=[0.0,0.1]", "trainer.max_epochs=1"),
        *add("worst_mistakes", images=5),
    )
    (shown,) = calls
    assert list(shown["true"]) == ["cat", "cat"]
    assert list(shown["predicted"]) == ["dog", "dog"]
    expected = [1 / (1 + np.exp(-(4 * pixel + 0.1))) for pixel in (0.5, 0.0)]
    np.testing.assert_allclose(shown["probability"], expected, rtol=1e-5)
    assert shown["images"].shape == (2, 2, 2)
    assert shown["images"][0, 0, 0] > shown["images"][1, 0, 0]


def test_no_more_mistakes_are_shown_than_asked_for(tmp_path: Path, drawn) -> None:
    calls = drawn("worst_mistakes")
    given = "+initial_weights.parameters.bias=[0.0,5.0]"
    data = of_the_user("Pictures", "multiclass", [1, 2, 2], 2)
    trained(tmp_path, *data, given, *add("worst_mistakes", images=1), "trainer.max_epochs=1")
    assert len(calls[0]["images"]) == 1


def facts(**names: tuple[str, ...]) -> DataFacts:
    return DataFacts("regression", (1,), 1, **names)


def test_labels_are_names_with_units_where_there_is_one_for_each() -> None:
    data = run_spec(composed()).facts
    assert feature_labels(data, 3) == ["temperature (F)", "rainfall (mm)", "humidity (%)"]
    assert feature_labels(data, 4) == ["input 1", "input 2", "input 3", "input 4"]
    assert target_labels(facts(target_names=("height",)), 1) == ["height"]
    assert target_labels(facts(), 1) == ["target"]
    assert class_names(facts(class_names=("a", "b")), 2) == ["a", "b"]
    assert class_names(facts(class_names=("a", "b")), 3) == ["0", "1", "2"]


# ---- Runs that are taken up ----------------------------------------------------------------------


class Signal(pl.Callback):
    """Asks this process to stop at the start of an epoch (counted from 0)."""

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == 2:
            os.kill(os.getpid(), signal.SIGTERM)


def taken_up(folder: Path, overrides: list[str], from_signal: bool) -> Experiment:
    """Stop a run in the middle of an epoch, or after one, and go on."""
    if from_signal:
        experiment = built(folder, *overrides, "trainer.max_epochs=4")
        experiment.trainer.callbacks.append(Signal())
        with pytest.raises(Interrupted):
            finished(experiment)
    else:
        trained(folder, *overrides, "trainer.max_epochs=2")
    again = built(folder, *overrides, "trainer.max_epochs=4")
    last = str(RunFolder(folder).checkpoint("last"))
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=last, weights_only=True
    )
    return again


@pytest.mark.parametrize("from_signal", [True, False])
def test_path_and_curve_of_a_run_that_is_taken_up_are_whole(
    tmp_path: Path, drawn, from_signal: bool
) -> None:
    paths, curves = drawn("loss_landscape"), drawn("loss_curve")
    overrides = [*LINE, "data.batch_size=4", "logger=none", *add("loss_landscape", points=2)]
    overrides += add("loss_curve")
    trained(tmp_path / "whole", *overrides, "trainer.max_epochs=4")
    whole_path, whole_curve = paths[-1]["path"], curves[-1]["curves"]["train/loss"]
    taken_up(tmp_path / "cut", overrides, from_signal)
    np.testing.assert_allclose(paths[-1]["path"], whole_path, rtol=1e-12)
    assert len(whole_path) == 5
    for found, expected in zip(curves[-1]["curves"]["train/loss"], whole_curve, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_curve_outlives_a_process_that_was_killed_after_an_epoch(tmp_path: Path, drawn) -> None:
    curves = drawn("loss_curve")

    class Kill(pl.Callback):
        """Ends the run without any of its last words, as a power cut would."""

        def on_train_epoch_start(self, trainer, pl_module) -> None:
            if trainer.current_epoch == 2:
                # What the checkpoint callback wrote after the epoch is all there is.
                trainer.callbacks[:] = [self]
                raise ZeroDivisionError

    overrides = [*LINE, *add("loss_curve"), "callbacks.checkpoint.every_seconds=0"]
    overrides += ["trainer.max_epochs=4", "logger=none"]
    experiment = built(tmp_path, *overrides)
    experiment.trainer.callbacks.insert(0, Kill())
    with pytest.raises(ZeroDivisionError):
        experiment.trainer.fit(experiment.module, datamodule=LightningData(experiment.data))
    again = built(tmp_path, *overrides)
    last = str(RunFolder(tmp_path).checkpoint("last"))
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=last, weights_only=True
    )
    assert curves[-1]["curves"]["train/loss"][0].tolist() == [1, 2, 3, 4]


def test_two_figures_of_a_kind_have_names_of_their_own(tmp_path: Path) -> None:
    near = ("+callback@callbacks.near=fit", "callbacks.near.range=[0,10]")
    two = (*near, "+callback@callbacks.far=loss_landscape", *add("loss_landscape", points=2))
    trained(tmp_path, *LINE, *two, "callbacks.far.points=2", *add("fit"), "trainer.max_epochs=1")
    assert files(tmp_path) == ["far.png", "fit.png", "loss_landscape.png", "near.png"]
    assert len(pictures(tmp_path, "near")) == len(pictures(tmp_path, "fit")) == 1
    with pytest.raises(ConfigError, match=r"^callbacks\.mine: "):
        built(tmp_path / "refused", "+callback@callbacks.mine=fit")


def test_rows_of_the_user_are_widened_for_figures_as_they_are_for_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (*of_the_user("Points", "regression", [1], 1), "+data.train.features=1")
    keys = ("trainer.precision=64-true", "trainer.max_epochs=1")
    trained(tmp_path, *data, *keys, *add("fit"), *add("predicted_against_true"))
    assert files(tmp_path) == ["fit.png", "predicted_against_true.png"]
    assert "not drawn" not in capsys.readouterr().err


def test_a_reference_off_the_plane_says_so(tmp_path: Path, drawn) -> None:
    calls = drawn("loss_landscape")
    over = add("loss_landscape", points=2, parameters="['weight[0,0]','weight[0,1]']")
    trained(tmp_path, "data=linear_noise", "data.features=2", "trainer.max_epochs=1", *over)
    assert calls[-1]["reference_name"] == "true line (its other numbers differ)"


def test_an_epoch_is_shown_once_in_tensorboard(tmp_path: Path) -> None:
    trained(tmp_path, *LINE, "trainer.max_epochs=2", *add("fit", every_n_epochs=1))
    assert [step for step, _ in pictures(tmp_path, "fit")] == [1, 2]
