"""How many CPU threads a run takes: one where a step is small."""

import pytest
import torch
from torch import nn

from seedbed.engines.lightning.threads import SMALL_STEP, threads_of_a_step
from seedbed.models import CNN, MLP, Parabola

IMAGE = torch.zeros(1, 1, 28, 28)


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)


class Bilinear(nn.Module):
    """A layer of one's own, whose multiplications nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 3))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return ((inputs @ self.weight) * inputs).sum(1, keepdim=True)


def test_a_small_step_takes_one_thread() -> None:
    assert threads_of_a_step(MLP([3], 2), torch.zeros(1, 3), 1000) == 1
    assert threads_of_a_step(Parabola(1.0, 1.0, 0.0, 0.0), None, None) == 1


def test_the_rows_of_a_batch_make_a_step_large() -> None:
    # A layer of 100 x 100 weights multiplies 10,000 times a row.
    net, example = nn.Linear(100, 100), torch.zeros(1, 100)
    assert threads_of_a_step(net, example, SMALL_STEP // 10_000 - 1) == 1
    assert threads_of_a_step(net, example, SMALL_STEP // 10_000) == 2


def test_a_convolution_counts_at_every_place() -> None:
    # Its 150 weights multiply at 24 x 24 places: far more than there are weights.
    assert threads_of_a_step(CNN([1, 28, 28], 10), IMAGE, 1000) == 2


def test_an_embedding_multiplies_nothing() -> None:
    net = MLP([3], 2, category_sizes=[40])
    assert threads_of_a_step(net, torch.zeros(1, 3), 1000) == 1


def test_what_is_not_known_takes_the_threads_of_pytorch() -> None:
    assert threads_of_a_step(Bilinear(), torch.zeros(1, 3), 10) == 2
    assert threads_of_a_step(MLP([3], 2), torch.zeros(1, 3), None) == 2
    assert threads_of_a_step(nn.Linear(4, 1), torch.zeros(1, 3), 10) == 2  # It does not run.


def test_looking_at_a_network_leaves_it_as_it_was() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
    state = torch.get_rng_state()
    threads_of_a_step(net, torch.zeros(1, 3), 10)
    assert net.training
    assert torch.equal(torch.get_rng_state(), state)
    assert not net[0]._forward_hooks
