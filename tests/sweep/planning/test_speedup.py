"""What auto trains side by side: as far as it was measured to take less time."""

import pytest
import torch
from tests.composing import composed

from seedbed.config.spec import run_spec
from seedbed.experiment import build
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of
from seedbed.sweep.planning.speedup import BUSY, why_it_does_not_pay, why_its_step_does_not_pay

QUIET = ("trainer=cpu", "callbacks=quiet", "logger=none")
MLP = ("data=clusters", "model=mlp")
LINE = ("data=linear_noise", "model=linear")
# Seconds side by side over seconds one after another, of 8 jobs on one or two cores.
MEASURED = {
    "0.3 to 0.6": (*MLP, "model.hidden=[180,180]", "data.batch_size=32"),
    "1.1 to 1.2": (*MLP, "model.hidden=[256,256]", "data.batch_size=32"),
    "1.9 to 2": (*MLP, "model.hidden=[512,512]", "data.batch_size=32"),
    "4": (*MLP, "model.hidden=[1024,1024]", "data.batch_size=32"),
    "0.1 to 0.5 by activations": (*MLP, "model.hidden=[64,64]", "data.batch_size=1000"),
    "0.8 to 1 by activations": (*MLP, "model.hidden=[128,128]", "data.batch_size=1000"),
    # As large as images.
    "0.5 by inputs": (*LINE, "data.features=784", "data.batch_size=500"),
    "1 to 1.5 by inputs": (*LINE, "data.features=784", "data.batch_size=1000"),
    "inputs that all share": (
        *LINE,
        "data.features=784",
        "data.batch_size=1000",
        "data.shuffle=false",
    ),
}
PAY = {"0.3 to 0.6", "0.1 to 0.5 by activations", "0.5 by inputs", "inputs that all share"}


def why_not(*words: str) -> str:
    config = composed(*QUIET, *words)
    reason = why_it_does_not_pay(config, 2)
    return reason or why_its_step_does_not_pay(make_group(run_spec(config), [numbers_of(config)]))


@pytest.mark.parametrize("measured", MEASURED)
def test_what_was_faster_pays(measured: str) -> None:
    words = (*MEASURED[measured], "data.rows=1000")
    assert why_not(*words) == ("" if measured in PAY else BUSY)


@pytest.mark.parametrize(("rows", "pays"), [(1000, True), (20_000, False)])
def test_a_batch_may_be_all_rows(rows: int, pays: bool) -> None:
    words = (*MLP, "model.hidden=[64,64]", "data.batch_size=null", f"data.rows={rows}")
    assert why_not(*words) == ("" if pays else BUSY)


def test_a_batch_of_a_table_that_ships_is_known() -> None:
    assert why_not("data=thermometer", "data.batch_size=null") == ""


@pytest.mark.parametrize("words", [(), ("data=none", "model=bowl"), ("model=mlp",)])
def test_small_models_pay(words: tuple[str, ...]) -> None:
    assert why_it_does_not_pay(composed(*QUIET, *words), 2) == ""


def test_a_job_that_has_no_other_trains_alone() -> None:
    reason = "no other job differs in numbers alone"
    assert why_it_does_not_pay(composed(*QUIET), 1) == reason


def test_convolutions_and_many_parameters_are_seen_without_data() -> None:
    images = ("data=fashion_mnist", "data.folder=nowhere")
    assert "convolutions" in why_it_does_not_pay(composed(*QUIET, *images, "model=cnn"), 2)
    wide = (*images, "model=mlp", "model.hidden=[64]")
    assert why_it_does_not_pay(composed(*QUIET, *wide), 2) == BUSY
    assert why_it_does_not_pay(composed(*QUIET, *images, "model=linear"), 2) == ""


def test_on_a_gpu_everything_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "accelerator", lambda asked: "gpu")
    wide = composed(*QUIET, "data=fashion_mnist", "model=cnn")
    assert why_it_does_not_pay(wide, 2) == ""


def test_a_pass_draws_no_random_numbers_of_others() -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    config = composed(*QUIET, *MLP, "model.dropout=0.5", "data.rows=100")
    group = make_group(run_spec(config), [numbers_of(config)])
    torch.manual_seed(4)
    assert why_its_step_does_not_pay(group) == ""
    assert torch.equal(torch.rand(3), expected)


def test_a_network_that_fails_is_left_to_training(monkeypatch: pytest.MonkeyPatch) -> None:
    config = composed(*QUIET)
    group = make_group(run_spec(config), [numbers_of(config)])
    monkeypatch.setattr(type(group.nets[0]), "forward", lambda self, inputs: 1 / 0)
    assert why_its_step_does_not_pay(group) == ""
