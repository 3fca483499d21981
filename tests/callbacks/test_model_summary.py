"""Summary of a model's layers and parameters."""

from pathlib import Path

import pytest
from tests.experiments import built, finished
from torch import nn

from seedbed.callbacks.model_summary import summary_text
from seedbed.models import MLP


def test_a_line_gives_the_parameters_of_each_layer() -> None:
    # 3 x 8 + 8 and 8 x 2 + 2 parameters.
    lines = summary_text(MLP([3], 2, hidden=[8]), max_depth=2).splitlines()
    assert lines[0] == "model MLP: 50 parameters"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["hidden_linear", "32"],
        ["output_linear", "18"],
    ]


def test_frozen_parameters_are_not_counted_as_trained() -> None:
    net = MLP([3], 2, hidden=[8])
    net.hidden_linear.requires_grad_(False)
    assert summary_text(net, 2).startswith("model MLP: 50 parameters, 18 of them trained\n")


@pytest.mark.parametrize(("depth", "names"), [(1, ["0"]), (2, ["0", "0.0"])])
def test_max_depth_limits_the_levels_of_modules(depth: int, names: list[str]) -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)))
    assert [line.split()[0] for line in summary_text(net, depth).splitlines()[1:]] == names


def test_the_model_summary_is_printed_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ("callbacks=default", "model=mlp", "model.hidden=[8]", "trainer.max_epochs=1")
    finished(built(tmp_path, "logger=none", *overrides))
    assert "model MLP: 50 parameters" in capsys.readouterr().out
