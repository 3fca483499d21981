"""A torch Dataset of the user's, map-style or iterable-style, through torch's DataLoader."""

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
from hydra.utils import instantiate
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from seedbed.data.random import permutations
from seedbed.errors import DataError
from seedbed.schema.data import TorchDataset as Options


class EpochOrder(Sampler[int]):
    """The row order of an epoch, a pure function of (seed, epoch)."""

    def __init__(self, rows: int, seed: int, shuffle: bool) -> None:
        self.rows = rows
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next pass has; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            return iter(permutations(self.seed, self.epoch, self.rows).tolist())
        return iter(range(self.rows))


class SharedBatches(Sampler[list[int]]):
    """Device `rank`'s share of every batch: as many batches on each of `world_size` devices.

    A last batch of fewer rows than devices is left out.
    """

    def __init__(
        self, sampler: EpochOrder, batch_size: int, drop_last: bool, rank: int, world_size: int
    ) -> None:
        self.sampler = sampler  # Lightning looks here for `set_epoch`.
        self.batch_size = min(batch_size, len(sampler))
        self.drop_last = drop_last
        self.rank = rank
        self.world_size = world_size

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole if self.drop_last or rest < self.world_size or not rest else whole + 1

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sampler)
        for batch in range(len(self)):
            rows = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield rows[self.rank :: self.world_size]


class TorchDataset(pl.LightningDataModule):
    """Wraps the datasets that the config names; each row is a pair (inputs, target)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.fingerprint: str | None = None
        self.input_scale = 1.0
        self._datasets: dict[str, Dataset[Any]] = {}

    def setup(self, stage: str) -> None:
        """Make the datasets from the config."""
        for split in ("train", "val", "test"):
            node = getattr(self.options, split)
            if node is None or split in self._datasets:
                continue
            dataset = instantiate(node)
            if not isinstance(dataset, Dataset):
                kind = type(dataset).__name__
                raise DataError(f"data.{split}: {kind} is not a torch.utils.data.Dataset")
            self._datasets[split] = dataset

    def has_split(self, split: str) -> bool:
        """Tell whether the config names a dataset for the split (after `setup`)."""
        return split in self._datasets

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return raw inputs as the model takes them: floats of the trainer's precision."""
        precision = str(self.trainer.precision) if self.trainer else ""
        return inputs.double() if precision.startswith("64") else inputs.float()

    def evaluation_loader(self, split: str) -> "DataLoader[Any]":
        """Batches of all rows of a split, in the dataset's own order."""
        return self._loader(split, shuffle=False, drop_last=False)

    def train_dataloader(self) -> "DataLoader[Any]":
        """Batches of the training rows, in the order of the epoch."""
        return self._loader("train", self.options.shuffle, self.options.drop_last)

    def val_dataloader(self) -> Any:
        """Batches of the validation rows; none where there are none."""
        return self.evaluation_loader("val") if self.has_split("val") else []

    def test_dataloader(self) -> Any:
        """Batches of the test rows; none where there are none."""
        return self.evaluation_loader("test") if self.has_split("test") else []

    def _loader(self, split: str, shuffle: bool, drop_last: bool) -> "DataLoader[Any]":
        if split not in self._datasets:
            raise DataError(f"data.{split} is null: there is no {split} split")
        dataset, options = self._datasets[split], self.options
        workers: dict[str, Any] = {
            "num_workers": options.num_workers,
            "persistent_workers": options.num_workers > 0,
        }
        if isinstance(dataset, IterableDataset):
            # Such a dataset shares its rows among devices itself.
            return DataLoader(dataset, options.batch_size or 1, drop_last=drop_last, **workers)
        rows = len(dataset)  # type: ignore[arg-type]
        rank = self.trainer.global_rank if self.trainer else 0
        world_size = self.trainer.world_size if self.trainer else 1
        order = EpochOrder(rows, options.seed, shuffle)
        batch_size = options.batch_size or rows
        batches = SharedBatches(order, batch_size, drop_last, rank, world_size)
        return DataLoader(dataset, batch_sampler=batches, **workers)
