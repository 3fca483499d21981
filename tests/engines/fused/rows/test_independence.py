"""Which networks see the rows of a batch one by one, so that rows may be added to it."""

import pytest
import torch
from torch import Tensor, nn

from seedbed.data.table import Table
from seedbed.engines.fused.rows.independence import why_rows_depend
from seedbed.models import CNN, MLP, Linear
from seedbed.training.tasks import Multiclass, Regression


class Centered(nn.Linear):
    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(inputs - inputs.mean(dim=0))


class ByNumber(nn.Linear):
    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(inputs) / len(inputs)


class Averaging(nn.Linear):
    """Trains as if rows were alone, but evaluates with an average of all that it has seen."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * inputs.detach().mean(dim=0)
        return super().forward(inputs)


class Squared(Regression):
    """A loss that knows of no weights."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        return (output - target).square().mean()


def table(*shape: int) -> Table:
    torch.manual_seed(0)
    return Table(torch.randn(20, *(shape or (3,))), torch.randn(20, 2))


@pytest.mark.parametrize(
    "net",
    [
        Linear([3], 2),
        MLP([3], 2, hidden=[4], dropout=0.5),
        nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 2)),
    ],
)
def test_rows_that_do_not_know_of_each_other(net: nn.Module) -> None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert why_rows_depend(net, Regression(loss="mae"), table()) == ""
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_images_and_classes() -> None:
    images = Table(table(1, 8, 8).inputs, torch.arange(20) % 3)
    net = CNN([1, 8, 8], 3, [2], [3], 2, [4])
    assert why_rows_depend(net, Multiclass(3, label_smoothing=0.1), images) == ""


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (
            nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)),
            "a row of a batch changes what Sequential makes of the others (BatchNorm1d)",
        ),
        (Centered(3, 2), "a row of a batch changes what Centered makes of the others"),
        (Averaging(), "a row of a batch changes what Averaging makes of the others"),
        (ByNumber(3, 2), "the number of rows of a batch changes what ByNumber makes of them"),
    ],
)
def test_rows_that_know_of_each_other(net: nn.Module, reason: str) -> None:
    assert why_rows_depend(net, Regression(), table()) == reason


def test_a_loss_that_takes_no_weights() -> None:
    reason = why_rows_depend(Linear([3], 2), Squared(), table())
    assert reason.startswith("rows that weigh nothing do not go through Linear: TypeError")
