"""Losses of a user's own in the place of a task's, in runs, sweeps and saved runs."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.composing import composed, specified
from tests.engines.fused.comparison import BLOBS, LINE, RATES, TWO, compare, together
from tests.experiments import built, finished, record, trained
from tests.training.tasks.own_losses import quantile
from torch import nn
from torch.nn import functional

from seedbed.commands.evaluate import evaluate
from seedbed.commands.predict import predict
from seedbed.config.overrides import with_free_keys
from seedbed.config.validation import check
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.errors import ConfigError, RunFolderError
from seedbed.experiment.build import build_task
from seedbed.training.tasks import Task

OWN = "++task.loss._target_=tests.training.tasks.own_losses."
TORCH = "++task.loss._target_=torch.nn."
SHORT = ("trainer.max_epochs=2", "logger=none")


def task_of(*words: str) -> Task:
    return build_task(specified(*words))


@pytest.mark.parametrize(
    ("data", "words", "expected"),
    [
        ("linear_noise", f"{TORCH}SmoothL1Loss ++task.loss.beta=0.3", nn.SmoothL1Loss(beta=0.3)),
        ("linear_noise", f"{TORCH}functional.l1_loss", nn.L1Loss()),
        ("linear_noise", f"{OWN}quantile ++task.loss.share=0.2", None),
        ("clusters", f"{TORCH}BCEWithLogitsLoss", nn.BCEWithLogitsLoss()),
        ("clusters", f"{TORCH}SoftMarginLoss", nn.SoftMarginLoss()),
        ("blobs", f"{TORCH}MultiMarginLoss", nn.MultiMarginLoss()),
    ],
)
def test_the_loss_is_that_of_the_class_or_function(data: str, words: str, expected: Any) -> None:
    task = task_of(f"data={data}", *words.split())
    outputs = {"linear_noise": 2, "clusters": 1, "blobs": 3}[data]
    output = torch.randn(5, outputs, generator=torch.Generator().manual_seed(0))
    if data == "linear_noise":
        target = output * 0.5 + 1.0
        given = output, target
    else:
        target = torch.arange(5) % max(2, outputs)
        given = (output.squeeze(1), target.float()) if outputs == 1 else (output, target)
    reference = expected or (lambda *pair: quantile(*pair, share=0.2))
    assert task.loss(output, task.target(target, output)) == reference(*given)
    if expected is None:
        return
    # One that has a reduction takes weights, whole ones as so many rows.
    weight = torch.tensor([1.0, 0, 2, 1, 0])
    repeated = (part.repeat_interleave(weight.long(), 0) for part in given)
    weighted = task.loss(output, task.target(target, output), weight)
    torch.testing.assert_close(weighted, reference(*repeated))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{OWN}Focl", "task.loss._target_: tests.training.tasks.own_losses.Focl: tests.trai"),
        (f"{OWN}Focal ++task.loss.gama=2", "Focal cannot be made: TypeError"),
        (f"{OWN}by_rows", "by_rows gives 6 numbers, of shape (6, 1), and a loss is one number"),
        (f"{OWN}a_float", "a_float gives a float, and a loss is one number"),
        (f"{OWN}hard", "hard cannot be differentiated"),
        (f"{OWN}of_three", "of_three fails on outputs of shape (rows, 1) and targets of shape (r"),
        (f"{OWN}Learns", "Learns has parameters of its own"),
        (f"{TORCH}CTCLoss", "CTCLoss fails on outputs of shape (rows, 1)"),
        (f"{TORCH}L1Loss ++task.loss.reduction=sum", "task.loss.reduction: sum; the loss of a"),
        (f"{TORCH}NLLLoss", "takes logarithms of probabilities, and the model gives logits: use"),
        ("++task.loss._target_=math.pi", "task.loss"),
        (f"{OWN}quantile data.weight=feature_0", "quantile does not take the weights of rows, wh"),
    ],
)
def test_a_loss_that_cannot_be_minimized_is_refused(tmp_path: Path, words: str, said: str) -> None:
    rows = ("data=linear_noise", "data.rows=20", "data.features=2")
    if "weight=" in words:
        rows = (*rows, "data.feature_names=[feature_0,feature_1]")
    with pytest.raises(ConfigError) as caught:
        finished(built(tmp_path, *rows, *SHORT, *words.split()))
    assert said in str(caught.value)
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("+task.loss.gamma=2",), "task.loss: a loss of yours is named by task.loss._target_=MODU"),
        (("task.loss=losses.Focal",), "A class of yours is named by task.loss._target_=losses.Fo"),
        ((f"{OWN}quantile", "task.huber_delta=2"), "task.huber_delta: not with a loss of yours"),
        ((f"{OWN}quantile", "gradient=analytic"), "gradient=analytic is written out for model=li"),
    ],
)
def test_keys_that_do_not_go_with_it_are_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(composed(*words))
    assert said in str(caught.value)


def test_words_of_the_command_line_add_its_keys() -> None:
    added = ["task.loss._target_=x.Y", "+task.loss.gamma=1", "data.val._target_=x.Rows"]
    left = ["task.loss=mse", "task.lossy=1", "data.val_size=0.2", "~task.loss.gamma"]
    words = with_free_keys([*added, *left])
    assert words == [*(f"++{word.lstrip('+')}" for word in added), *left]
    check(composed("data=clusters", "task.loss={_target_: torch.nn.SoftMarginLoss}"))


def test_class_weights_reach_a_loss_that_takes_weights(tmp_path: Path) -> None:
    focal = (f"{OWN}Focal", "++task.loss.gamma=0")
    words = ("data=clusters", "data.rows=40", "task.class_weights=[1,3]", *SHORT)
    losses = []
    for number, more in enumerate((focal, ())):
        trained(tmp_path / str(number), *words, *more)
        losses.append(record(tmp_path / str(number))["metrics"]["train/loss"])
    # Without its exponent the focal loss is the cross-entropy.
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_saved_run_evaluates_with_trust_and_predicts_without(tmp_path: Path) -> None:
    trained(tmp_path, *TWO, *SHORT, "data.val_size=4", f"{OWN}Focal", "++task.loss.gamma=2")
    run = f"run={tmp_path}"
    with pytest.raises(RunFolderError, match=r"task.loss._target_ names .*trust=\[tests"):
        evaluate(composed(run, "split=val", verb="evaluate"), [])
    evaluate(
        composed(run, "split=val", "trust=[tests.training.tasks.own_losses]", verb="evaluate"), []
    )
    predict(composed(run, "input=[[1,2]]", verb="predict"), [])
    measured = json.loads((tmp_path / "evaluate-val.json").read_text())["metrics"]
    assert measured["val/loss"] == pytest.approx(record(tmp_path)["metrics"]["val/loss"])


def test_jobs_side_by_side_have_it_as_alone(tmp_path: Path) -> None:
    compare(tmp_path / "own", (*TWO, f"{OWN}Focal", "++task.loss.gamma=2"), RATES[:2])
    compare(tmp_path / "torch", (*BLOBS, f"{TORCH}MultiMarginLoss"), RATES[:2])


def test_rows_without_weight_have_neither_loss_nor_slope() -> None:
    task = task_of("data=clusters", f"{OWN}Focal")
    output = torch.randn(3, 1, requires_grad=True)
    loss = task.loss(output, torch.tensor([0, 1, 1]), torch.zeros(3))
    assert loss == 0
    assert torch.autograd.grad(loss, output)[0].tolist() == [[0], [0], [0]]


def test_a_loss_that_counts_its_calls_trains_alone(tmp_path: Path) -> None:
    with pytest.raises(CannotFuse, match=r"^calls of the loss changes while it trains$"):
        together(tmp_path, (*LINE, f"{OWN}Counting", "trainer.max_epochs=1"), [(), ("seed=1",)])


def test_it_is_given_scaled_targets(tmp_path: Path) -> None:
    words = ("data=crop_yield", "data.target_scale=standard", "data.batch_size=null")
    experiment = trained(tmp_path, *words, "optimizer.lr=0", *SHORT, f"{TORCH}L1Loss")
    table = experiment.data.table("train")
    loss = functional.l1_loss(experiment.module.net(table.inputs), table.targets).item()
    assert record(tmp_path)["metrics"]["train/loss"] == pytest.approx(loss)
