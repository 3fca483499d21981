"""What both engines train, made of the spec of a run."""

import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.composing import specified
from torch import nn

from seedbed.data import Clusters, DataModule
from seedbed.errors import ConfigError
from seedbed.experiment.build import (
    accelerator,
    build_data,
    build_net,
    build_task,
    check_model,
    device,
    example_input,
    floating_point,
)
from seedbed.models import MLP, Parabola
from seedbed.training.tasks import Binary, Regression


class Own(DataModule):
    """Data of a user's own, with a key of their own."""

    def __init__(self, file: str) -> None:
        self.file = file


FACTS = {"task": "regression", "input_shape": (3,), "output_size": 2}


def data_of(node: Any) -> DataModule:
    return build_data(replace(specified(), data=node))


def test_shipped_data_take_their_options() -> None:
    spec = specified("data=clusters", "data.batch_size=17")
    data = build_data(spec)
    assert type(data) is Clusters
    assert data.options is spec.data
    assert data.options.batch_size == 17


def test_data_of_a_users_own_take_their_keys_without_those_that_describe_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "own_data", sys.modules[__name__])
    data = data_of({"_target_": "own_data.Own", **FACTS, "file": "rows.csv"})
    assert isinstance(data, Own)
    assert data.file == "rows.csv"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("seedbed.data.Blobs", "data._target_: seedbed.data.Blobs takes other keys than"),
        ("torch.nn.ReLU", "data._target_: torch.nn.ReLU is not a seedbed.data.DataModule"),
        ("torch.tanh", "data._target_: torch.tanh is not a seedbed.data.DataModule"),
    ],
)
def test_a_class_that_does_not_fit_the_data_is_refused(target: str, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        data_of(replace(specified("data=clusters").data, _target_=target))
    assert str(refusal.value).startswith(said)


def test_the_seed_draws_the_initial_weights() -> None:
    nets = [build_net(specified("model=mlp", f"seed={seed}")) for seed in (3, 3, 4)]
    first, again, other = (nn.utils.parameters_to_vector(net.parameters()) for net in nets)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)

    torch.manual_seed(3)
    hidden = specified("model=mlp").model.hidden
    expected = nn.utils.parameters_to_vector(MLP([3], 2, hidden).parameters())
    torch.testing.assert_close(first, expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("words", "dtype"),
    [
        (("model=mlp",), torch.float32),
        (("model=mlp", "trainer.precision=64-true"), torch.float64),
        # It holds its start in full precision, and trains in the precision of the run.
        (("data=none", "model=parabola"), torch.float32),
        (("data=none", "model=parabola", "trainer.precision=64-true"), torch.float64),
    ],
)
def test_the_network_has_the_precision_of_the_run(
    words: tuple[str, ...], dtype: torch.dtype
) -> None:
    spec = specified(*words)
    assert {parameter.dtype for parameter in build_net(spec).parameters()} == {dtype}
    assert floating_point(spec.trainer.precision) is dtype


def test_given_weights_are_set_by_their_dotted_names() -> None:
    overrides = ("model=mlp", "+initial_weights.parameters.output_linear.bias=[0.25,0.5]")
    assert build_net(specified(*overrides)).output_linear.bias.tolist() == [0.25, 0.5]


def test_a_task_takes_its_options() -> None:
    task = build_task(specified("task.loss=huber", "task.huber_delta=0.5", "task.metrics=[mae]"))
    assert type(task) is Regression
    assert (task.loss_name, task.huber_delta, task.metrics) == ("huber", 0.5, ["mae"])
    metric = "+task.torchmetrics.spread={_target_: torchmetrics.MeanSquaredError}"
    first, second = (build_task(specified(metric)).make_torchmetrics() for _ in range(2))
    assert type(first["spread"]).__name__ == "MeanSquaredError"
    assert first["spread"] is not second["spread"]
    assert type(build_task(specified("data=clusters"))) is Binary


def test_a_class_that_is_no_task_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^task._target_: torch.nn.ReLU is not a seedbed\."):
        build_task(replace(specified(), task={"_target_": "torch.nn.ReLU"}))


@pytest.mark.parametrize(("available", "name"), [(True, "gpu"), (False, "cpu")])
def test_auto_is_the_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, available: bool, name: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert accelerator("auto") == name
    assert device("auto") == torch.device("cuda:0" if available else "cpu")
    assert (accelerator("cpu"), accelerator("gpu")) == ("cpu", "gpu")


def test_an_example_is_one_row_of_zeros_in_the_type_of_the_network() -> None:
    spec = specified("model=mlp", "trainer.precision=64-true")
    example = example_input(spec, build_net(spec))
    assert example is not None
    assert (example.shape, example.dtype) == ((1, 3), torch.float64)
    assert not example.any()
    assert example_input(specified("data=none", "model=parabola"), Parabola(1, 1, 0, 0)) is None


def test_a_network_that_applies_the_sigmoid_of_the_loss_itself_is_refused() -> None:
    spec = specified("data=clusters")
    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    with pytest.raises(ConfigError, match="the outputs pass through a sigmoid"):
        check_model(spec, net, build_task(spec))
    check_model(spec, net[:1], build_task(spec))
