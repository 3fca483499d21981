"""Networks of the user's that are exported, or cannot be."""

from collections.abc import Sequence

import pytorch_lightning as pl
import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Network that can be traced."""

    def __init__(self, inputs: Sequence[int], outputs: int) -> None:
        super().__init__()
        [columns] = inputs
        self.inner = nn.Linear(columns, columns)
        self.norm = nn.BatchNorm1d(columns)
        self.outer = nn.Linear(columns, outputs)

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs of rows."""
        return self.outer(input + torch.relu(self.norm(self.inner(input))))


class Decides(Residual):
    """Network that asks for the values of its inputs."""

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs of rows."""
        return super().forward(input if input.sum() > 0 else -input)


class DecidesByRow(Residual):
    """Network that asks for the values of its inputs in a comprehension."""

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs of rows."""
        return super().forward(torch.stack([-row if row[0] > 0 else row for row in input]))


class Packs(Residual):
    """Network with a part of torch's that cannot be traced."""

    def __init__(self, inputs: Sequence[int], outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.cell = nn.LSTM(1, 1, batch_first=True)

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs of rows."""
        lengths = torch.full((len(input),), input.shape[1])
        packed = nn.utils.rnn.pack_padded_sequence(input[..., None], lengths, batch_first=True)
        return super().forward(input + self.cell(packed)[1][0][-1])


class ByNumPy(Residual):
    """Network that leaves torch on its way."""

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs of rows."""
        return super().forward(torch.from_numpy(input.numpy().copy()))


class Noisy(Residual):
    """Network that draws random numbers."""

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs of rows."""
        return super().forward(input + torch.randn_like(input))


class WithoutForward(pl.LightningModule):
    """LightningModule that has a training_step alone."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(2, 1)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return a loss."""
        loss = (self.net(batch[0]) - batch[1].reshape(-1, 1)).square().mean()
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer."""
        return torch.optim.SGD(self.parameters(), lr=0.01)


class WithForward(WithoutForward):
    """LightningModule that puts out logits."""

    def forward(self, input: Tensor) -> Tensor:
        """Return logits of rows."""
        return self.net(input)
