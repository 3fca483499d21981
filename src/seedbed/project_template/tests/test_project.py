"""What is in the project, and that every preset of it trains."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from project_name.data import Spirals
from project_name.model import Residual
from project_name.training import Focal, Lion

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("experiment", ["spirals", "own_parts", "own_module"])
def test_an_experiment_learns(tmp_path: Path, experiment: str) -> None:
    words = [f"experiment={experiment}", "trainer.max_epochs=10", f"paths.outputs={tmp_path}"]
    subprocess.run([sys.executable, "-m", "seedbed", "train", *words], cwd=ROOT, check=True)
    [record] = tmp_path.glob("runs/*/*/run.json")
    metrics = json.loads(record.read_text())["metrics"]
    assert metrics["test/accuracy"] > 0.8


def test_the_network_puts_out_what_it_is_asked_for() -> None:
    assert Residual([2], 3, width=4, depth=5)(torch.zeros(7, 2)).shape == (7, 3)


def test_half_of_the_points_are_in_each_class() -> None:
    inputs, targets = Spirals(rows=100).tensors
    assert inputs.shape == (100, 2)
    assert targets.sum() == 50


def test_without_gamma_the_focal_loss_is_the_cross_entropy() -> None:
    logits, targets = torch.tensor([0.3, -2.0]), torch.tensor([1.0, 0.0])
    expected = functional.binary_cross_entropy_with_logits(logits, targets)
    torch.testing.assert_close(Focal(gamma=0.0)(logits, targets), expected)


def test_a_step_of_lion_has_the_length_of_its_rate() -> None:
    parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    parameter.grad = torch.tensor([5.0, -0.1])
    Lion([parameter], lr=0.1).step()
    torch.testing.assert_close(parameter.data, torch.tensor([0.9, -1.9]))
