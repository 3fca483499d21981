"""A torch Dataset of the user's, map-style or iterable-style, through torch's DataLoader."""

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from seedbed.data.random import permutations
from seedbed.errors import DataError
from seedbed.schema.data import TorchDataset as Options


class EpochOrder(Sampler[int]):
    """The row order of an epoch, a pure function of (seed, epoch): device `rank`'s share."""

    def __init__(self, rows: int, seed: int, shuffle: bool, rank: int, world_size: int) -> None:
        self.rows = rows
        self.seed = seed
        self.shuffle = shuffle
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next pass has; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-(self.rows - self.rank) // self.world_size)

    def __iter__(self) -> Iterator[int]:
        order = permutations(self.seed, self.epoch, self.rows)
        rows = order if self.shuffle else torch.arange(self.rows)
        return iter(rows[self.rank :: self.world_size].tolist())


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
        """Return raw inputs as the model takes them: floats."""
        return inputs.float()

    def evaluation_loader(self, split: str) -> "DataLoader[Any]":
        """Batches of a split in the dataset's own order."""
        return self._loader(split, shuffle=False)

    def train_dataloader(self) -> "DataLoader[Any]":
        """Batches of the training rows, in the order of the epoch."""
        return self._loader("train", shuffle=self.options.shuffle)

    def val_dataloader(self) -> Any:
        """Batches of the validation rows; none where there are none."""
        return self.evaluation_loader("val") if self.has_split("val") else []

    def test_dataloader(self) -> Any:
        """Batches of the test rows; none where there are none."""
        return self.evaluation_loader("test") if self.has_split("test") else []

    def _loader(self, split: str, shuffle: bool) -> "DataLoader[Any]":
        if split not in self._datasets:
            raise DataError(f"data.{split} is null: there is no {split} split")
        dataset, options = self._datasets[split], self.options
        world_size = self.trainer.world_size if self.trainer else 1
        rank = self.trainer.global_rank if self.trainer else 0
        sampler = None
        if not isinstance(dataset, IterableDataset):
            sampler = EpochOrder(len(dataset), options.seed, shuffle, rank, world_size)  # type: ignore[arg-type]
        batch_size = options.batch_size or (len(dataset) if sampler is not None else 1)  # type: ignore[arg-type]
        return DataLoader(
            dataset,
            batch_size=max(1, batch_size // world_size),
            sampler=sampler,
            drop_last=options.drop_last and split == "train",
            num_workers=options.num_workers,
            persistent_workers=options.num_workers > 0,
        )
