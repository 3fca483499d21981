"""Bytes of tensors that some code allocates, against sums by hand."""

import torch
from torch.func import vmap

from seedbed.sweep.planning.memory.allocations import Allocations


def test_what_there_is_and_the_most_there_was() -> None:
    given = torch.ones(1000)
    with Allocations(given) as counted:
        first = given + 1
        assert (counted.now, counted.most) == (4000, 4000)
        second = torch.cat([first, given]).double()  # 8000 in between, and 16000.
        assert (counted.now, counted.most) == (20_000, 28_000)
        del first
        assert (counted.now, counted.most) == (16_000, 28_000)
        third = second.mul(2)[:10]
        assert counted.now == 32_000  # What a part lies in.
        del second, third
    assert (counted.now, counted.most) == (0, 32_000)
    torch.zeros(10_000)
    assert counted.most == 32_000


def test_nothing_is_new_in_views_and_in_place() -> None:
    given = {"weights": torch.ones(10, 100), "others": [torch.ones(5)]}
    with Allocations(given) as counted:
        given["weights"].view(1000).add_(1)
        given["weights"][:5].t()
        given["others"][0].sub_(given["others"][0])
    assert counted.most == 0


def test_memory_of_a_gradient_is_seen() -> None:
    weights, inputs = torch.ones(50, 20), torch.ones(50, 20)

    def loss(weights: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        return (weights * inputs).exp().sum()

    with Allocations(weights, inputs) as counted:
        leaf = weights.requires_grad_()
        total = vmap(loss)(leaf, inputs).sum()
        # The product is gone; exp keeps its result, 50 x 20 float32.
        assert counted.now == 4000 + total.nbytes
        [gradient] = torch.autograd.grad(total, [leaf])
        assert counted.now >= gradient.nbytes
    assert counted.most >= 8000
