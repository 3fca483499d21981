"""A torch Dataset of the user's, map-style or iterable-style, through torch's DataLoader."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from seedbed.config.instantiation import make
from seedbed.config.schema.data import TorchDataset as Options
from seedbed.data.data_module import DataModule
from seedbed.data.random import permutations
from seedbed.errors import ConfigError, DataError


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
    """Device `rank`'s share of every batch.

    In training each of `world_size` devices needs as many batches as the others, so a last batch of
    fewer rows than devices is left out. An evaluation sees every row.
    """

    def __init__(
        self,
        sampler: EpochOrder,
        batch_size: int,
        drop_last: bool,
        rank: int,
        world_size: int,
        evaluation: bool = False,
    ) -> None:
        self.sampler = sampler  # Lightning looks here for `set_epoch`.
        self.batch_size = min(batch_size, len(sampler))
        self.drop_last = drop_last
        self.rank = rank
        self.world_size = world_size
        self.fewest = rank + 1 if evaluation else world_size

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole if self.drop_last or rest < self.fewest else whole + 1

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sampler)
        for batch in range(len(self)):
            rows = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield rows[self.rank :: self.world_size]


class TorchDataset(DataModule):
    """Wraps the datasets that the config names; each row is a pair (inputs, target)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self._datasets: dict[str, Dataset[Any]] = {}

    def setup(self, stage: str) -> None:
        """Make the datasets from the config."""
        for split in ("train", "val", "test"):
            node = getattr(self.options, split)
            if node is None or split in self._datasets:
                continue
            self._datasets[split] = make(f"data.{split}", Dataset, node)

    def has_split(self, split: str) -> bool:
        """Tell whether the config names a dataset for the split (after `setup`)."""
        return split in self._datasets

    def rows(self, split: str) -> int | None:
        """Return the number of rows of a map-style dataset (after `setup`)."""
        dataset: Any = self._datasets.get(split)
        return len(dataset) if hasattr(dataset, "__len__") else None

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return raw inputs as the model takes them: floats of the run's type."""
        return inputs.to(self.placement.dtype)

    def evaluation_loader(self, split: str) -> "DataLoader[Any]":
        """Batches of all rows of a split, in the dataset's own order."""
        return self._loader(split, evaluation=True)

    def all_rows(self, split: str) -> "DataLoader[Any]":
        """Batches of all rows of a split, whatever the number of devices."""
        return self._loader(split, evaluation=True, shared=False)

    def train_dataloader(self) -> "DataLoader[Any]":
        """Batches of the training rows, in the order of the epoch."""
        return self._loader("train", evaluation=False)

    def _loader(self, split: str, evaluation: bool, shared: bool = True) -> "DataLoader[Any]":
        if split not in self._datasets:
            raise DataError(f"data.{split} is null: there is no {split} split")
        dataset, options = self._datasets[split], self.options
        drop_last = options.drop_last and not evaluation
        workers: dict[str, Any] = {
            "num_workers": options.num_workers,
            "persistent_workers": options.num_workers > 0,
        }
        if isinstance(dataset, IterableDataset):
            # Such a dataset shares its rows among devices itself.
            return DataLoader(dataset, options.batch_size or 1, drop_last=drop_last, **workers)
        rows = len(dataset)  # type: ignore[arg-type]
        rank = self.placement.rank if shared else 0
        world_size = self.placement.world_size if shared else 1
        order = EpochOrder(rows, options.seed, options.shuffle and not evaluation)
        batch_size = options.batch_size or rows
        if batch_size < world_size:
            raise ConfigError(f"data.batch_size={batch_size} is below the {world_size} devices")
        batches = SharedBatches(order, batch_size, drop_last, rank, world_size, evaluation)
        return DataLoader(dataset, batch_sampler=batches, **workers)
