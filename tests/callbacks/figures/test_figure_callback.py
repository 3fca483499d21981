"""Callbacks that draw: when, where to, and at what cost to the run."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tests.callbacks.figures.runs import (
    FUNCTION,
    HELD_OUT,
    IMAGES,
    LINE,
    POINTS,
    add,
    files,
    of_the_user,
    pictures,
)
from tests.experiments import built, record, trained, weights

from seedbed import figures
from seedbed.errors import ConfigError

# Every figure with a run that it fits.
FIGURES = {
    "loss_curve": LINE,
    "gradients": (),
    "fit": LINE,
    "predicted_against_true": (),
    "decision_boundary": POINTS,
    "loss_landscape": LINE,
    "line_recovery": ("data=linear_noise",),
    "minimization_path": FUNCTION,
    "confusion_matrix": POINTS,
    "worst_mistakes": IMAGES,
}


def test_every_shipped_figure_option_is_covered_here() -> None:
    others = {"checkpoint", "early_stopping", "gradient_converged", "learning_rate"}
    others |= {"loss_converged", "model_summary", "parameter_values", "progress"}
    folder = Path(__file__).parents[3] / "configs" / "callback"
    assert {path.stem for path in folder.glob("*.yaml")} - others == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_written_to_the_run_folder_and_to_tensorboard(
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
    assert len(set(image.convert("L").tobytes())) > 10
    assert pictures(tmp_path, name) == [(2, content)]


def test_every_n_epochs_writes_one_file_per_epoch(tmp_path: Path, drawn) -> None:
    drawn("fit_on_range")
    trained(tmp_path, *LINE, *add("fit", every_n_epochs=2), "trainer.max_epochs=5")
    assert files(tmp_path) == ["fit-epoch-0002.png", "fit-epoch-0004.png", "fit.png"]
    assert [epoch for epoch, _ in pictures(tmp_path, "fit")] == [2, 4, 5]


def test_figures_are_written_without_a_tensorboard_logger(tmp_path: Path, drawn) -> None:
    drawn("fit_on_range")
    trained(tmp_path, *LINE, *add("fit"), "trainer.max_epochs=1", "logger=none")
    assert files(tmp_path) == ["fit.png"]


DROPOUT = ("model=mlp", "model.dropout=0.5", "model.hidden=[8]", "optimizer=adam", "seed=3")


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


def test_a_failing_figure_is_reported_and_the_run_goes_on(
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
def test_a_figure_that_does_not_suit_the_run_is_refused(
    tmp_path: Path, name: str, overrides: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match=rf"^callbacks\.{name}: needs "):
        built(tmp_path, *overrides, *add(name))


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
def test_a_wrong_figure_option_is_refused_before_anything_is_written(
    refused: Callable[..., str], overrides: tuple[str, ...]
) -> None:
    assert refused("train", *overrides, function=None).startswith("seedbed: callbacks.")


def test_two_figures_of_one_class_are_written_under_their_own_names(tmp_path: Path) -> None:
    near = ("+callback@callbacks.near=fit", "callbacks.near.range=[0,10]")
    two = (*near, "+callback@callbacks.far=loss_landscape", *add("loss_landscape", points=2))
    trained(tmp_path, *LINE, *two, "callbacks.far.points=2", *add("fit"), "trainer.max_epochs=1")
    assert files(tmp_path) == ["far.png", "fit.png", "loss_landscape.png", "near.png"]
    assert len(pictures(tmp_path, "near")) == len(pictures(tmp_path, "fit")) == 1
    with pytest.raises(ConfigError, match=r"^callbacks\.mine: "):
        built(tmp_path / "refused", "+callback@callbacks.mine=fit")


def test_rows_of_a_torch_dataset_take_the_precision_of_the_trainer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (*of_the_user("Points", "regression", [1], 1), "+data.train.features=1")
    keys = ("trainer.precision=64-true", "trainer.max_epochs=1")
    trained(tmp_path, *data, *keys, *add("fit"), *add("predicted_against_true"))
    assert files(tmp_path) == ["fit.png", "predicted_against_true.png"]
    assert "not drawn" not in capsys.readouterr().err


def test_each_epoch_is_logged_to_tensorboard_once(tmp_path: Path) -> None:
    trained(tmp_path, *LINE, "trainer.max_epochs=2", *add("fit", every_n_epochs=1))
    assert [step for step, _ in pictures(tmp_path, "fit")] == [1, 2]
