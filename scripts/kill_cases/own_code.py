"""Datasets, modules and callbacks of the user's that draw random numbers and keep states."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from seedbed.data import DataModule
from seedbed.data.data_module import Facts

Pair = tuple[Tensor, Tensor]
ROWS = 11


def noise() -> float:
    """A number that Python, NumPy and torch have drawn together."""
    return random.random() + np.random.rand() + torch.rand(()).item()


class Noisy(Dataset[Pair]):
    """Rows that are never the same twice: transforms draw from all three generators."""

    def __init__(self, rows: int = ROWS) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> Pair:
        x = torch.tensor([0.1 * row, noise()])
        return x, x.sum(0, keepdim=True)


class Wide(Noisy):
    """Rows of three inputs and two targets."""

    def __getitem__(self, row: int) -> Pair:
        x = torch.tensor([0.1 * row, noise(), 1.0])
        return x, x[:2]


class Counting(Noisy):
    """Rows with a generator of their own, whose state it can tell and take."""

    def __init__(self, rows: int = ROWS) -> None:
        super().__init__(rows)
        self.generator = torch.Generator().manual_seed(3)

    def __getitem__(self, row: int) -> Pair:
        x = torch.tensor([0.1 * row, torch.rand((), generator=self.generator).item()])
        return x, x.sum(0, keepdim=True)

    def state_dict(self) -> dict[str, Tensor]:
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.generator.set_state(state["generator"])


class NoisyStream(IterableDataset[Pair]):
    """The same rows as a stream, shared among the workers."""

    def __init__(self, rows: int = ROWS) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[Pair]:
        info = get_worker_info()
        first, every = (0, 1) if info is None else (info.id, info.num_workers)
        offset = noise()  # Drawn once a pass.
        for row in range(first, self.rows, every):
            x = torch.tensor([0.1 * row, noise() + offset])
            yield x, x.sum(0, keepdim=True)


class OwnData(DataModule):
    """Data whose loader is torch's own, shuffled by torch."""

    def __init__(self, options: Any) -> None:
        self.options = options

    def has_split(self, split: str) -> bool:
        return split == "train"

    def rows(self, split: str) -> int | None:
        return ROWS if split == "train" else None

    def train_dataloader(self) -> Any:
        generator = torch.Generator().manual_seed(5)
        return DataLoader(Wide(), batch_size=3, shuffle=True, generator=generator)

    def evaluation_loader(self, split: str) -> Any:
        return DataLoader(Wide(), batch_size=3)

    @classmethod
    def facts(cls, options: Any) -> Facts:
        return Facts("regression", (3,), 2, in_memory=False)

    def model_inputs(self, inputs: Tensor) -> Tensor:
        return inputs


class Drawing(nn.Module):
    """A network with dropout, batch norm, and noise of all generators."""

    def __init__(self, input_shape: list[int], output_size: int, **others: object) -> None:
        super().__init__()
        self.first = nn.Linear(input_shape[0], 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.4)
        self.last = nn.Linear(4, output_size)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.drop(torch.tanh(self.norm(self.first(inputs))))
        outputs: Tensor = self.last(hidden)
        return outputs + (0.01 * noise() if self.training else 0.0)


class Automatic(pl.LightningModule):
    """One that Lightning optimizes, with a schedule, and logs means, sums, largest and least."""

    def __init__(self, width: int = 3, outputs: int = 2) -> None:
        super().__init__()
        self.net = Drawing([width], outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.net(inputs)
        return outputs

    def training_step(self, batch: Pair, batch_idx: int) -> Tensor:
        loss = functional.mse_loss(self(batch[0] / 100), batch[1] / 100)
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        self.log("train/largest", loss, on_step=False, on_epoch=True, reduce_fx="max")
        self.log("train/least", loss, on_step=False, on_epoch=True, reduce_fx="min")
        if batch_idx == 1:
            self.log("train/seldom", loss, on_step=False, on_epoch=True, reduce_fx="sum")
        self.log("train/now", loss)
        return loss

    def validation_step(self, batch: Pair, batch_idx: int) -> None:
        loss = functional.mse_loss(self(batch[0] / 100), batch[1] / 100)
        self.log("val/loss", loss + 0.001 * noise())

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), lr=0.05)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.7)]


class Measured(Automatic):
    """One that logs a torchmetric."""

    def __init__(self) -> None:
        super().__init__()
        import torchmetrics

        self.error = torchmetrics.MeanAbsoluteError()

    def training_step(self, batch: Pair, batch_idx: int) -> Tensor:
        output = self(batch[0] / 100)
        self.error(output.detach(), batch[1] / 100)
        self.log("train/error", self.error, on_step=False, on_epoch=True)
        loss = functional.mse_loss(output, batch[1] / 100)
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss


class Manual(Automatic):
    """One that steps by hand: two optimizers, gradients of two batches added up, clipped."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Pair, batch_idx: int) -> None:
        first, second = self.optimizers()
        loss = functional.mse_loss(self(batch[0] / 100), batch[1] / 100)
        self.manual_backward(loss)
        first.step()
        first.zero_grad()
        if batch_idx % 2:
            self.clip_gradients(second, 1.0, "norm")
            second.step()
            second.zero_grad()
        if self.trainer.is_last_batch:
            for schedule in self.lr_schedulers():
                schedule.step()
        self.log("train/loss", loss, on_step=False, on_epoch=True)

    def configure_optimizers(self) -> Any:
        first = torch.optim.Adam(self.net.first.parameters(), lr=0.05)
        second = torch.optim.SGD(self.net.last.parameters(), lr=0.05, momentum=0.9)
        schedules = [torch.optim.lr_scheduler.ExponentialLR(one, 0.9) for one in (first, second)]
        return [first, second], schedules


class Ema(WeightAveraging):
    """A moving average of the weights, in double precision or not."""

    def __init__(self, decay: float = 0.8) -> None:
        from torch.optim.swa_utils import get_ema_avg_fn

        super().__init__(avg_fn=get_ema_avg_fn(decay))


class Logging(pl.Callback):
    """A callback that logs a mean over the steps of an epoch."""

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        pl_module.log("train/number", float(batch_idx) + noise(), on_step=False, on_epoch=True)
