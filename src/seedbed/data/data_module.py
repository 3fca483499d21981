"""Base class of the data of a run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seedbed.data.labelled.rows import LabelledRows
from seedbed.data.scaling import Scaling
from seedbed.errors import ConfigError, RunFolderError
from seedbed.models.linear_map import LinearMap

# The split of rows that a run was not trained on, and is measured on.
INPUT = "input"


class Rows(NamedTuple):
    """Rows of a split as they are before any scaling.

    Attributes:
        numbers: their numbers in the dataset, counted from 0.
        batch: the rows together: a pair (inputs, targets), if they are right.
    """

    numbers: Sequence[int] | Tensor
    batch: Any


@dataclass(frozen=True)
class Facts:
    """Facts of rows.

    Attributes:
        task: task that they pose: regression, binary or multiclass.
        input_shape: shape of one input.
        output_size: numbers that a model puts out per row.
        feature_names: name of each input; empty where they have none.
        target_names: name of each target of a regression.
        class_names: name of each class.
        category_sizes: number of values of each of the last inputs that are codes of a category.
        in_memory: whether the rows are held in memory as tensors.
    """

    task: str
    input_shape: tuple[int, ...]
    output_size: int
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    category_sizes: tuple[int, ...] = ()
    in_memory: bool = True


@dataclass(frozen=True)
class Placement:
    """Placement of a run's batches: device, floating-point type and process.

    Attributes:
        device: device of inputs and targets.
        dtype: floating-point type of inputs and of the targets of a regression.
        rank: number of this process, from 0; it takes every `world_size`-th row of a batch.
        world_size: number of processes that share every batch.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    rank: int = 0
    world_size: int = 1


class DataModule:
    """Base class of all datasets, the user's own included: splits, and loaders of their batches.

    Attributes:
        placement: device, type and process of the batches.
        current_epoch: function that returns the epoch in training, counted from 0.
        repeats_first_epoch: whether every epoch draws the batches of the first one.
        fingerprint: hash that says which rows these are; None where that is not known.
        fingerprint_of: what it is the hash of, or why there is none, in words.
        input_scaling: scaling of the inputs; None where they are as they are.
        notes: lines for people about the rows, before training.
    """

    placement = Placement()
    current_epoch: Callable[[], int] = staticmethod(lambda: 0)
    repeats_first_epoch = False
    fingerprint: str | None = None
    fingerprint_of: str = "none: a DataModule of your own, which sets no fingerprint"
    input_scaling: Scaling | None = None
    notes: Sequence[str] = ()

    @classmethod
    def made(cls, options: Any) -> "DataModule":
        """Return the data module of options; another class may take it over."""
        return cls(options)  # type: ignore[call-arg]

    def place(
        self,
        placement: Placement,
        current_epoch: Callable[[], int] = lambda: 0,
        repeats_first_epoch: bool = False,
    ) -> None:
        """Set where batches go and which epoch is in training; called before `setup`.

        Args:
            placement: Device, type and process of the batches.
            current_epoch: Function that returns the current epoch, from 0.
            repeats_first_epoch: Whether all epochs draw the batches of the first.
        """
        self.placement = placement
        self.current_epoch = current_epoch
        self.repeats_first_epoch = repeats_first_epoch

    def prepare_data(self) -> None:
        """Download what is missing; called once on a machine, by the first process."""

    def setup(self, stage: str) -> None:
        """Load and split the rows; `stage` is `fit`, `test` or `predict`."""

    @property
    def preparation(self) -> Mapping[str, Any] | None:
        """What was fitted to the training rows, as plain values; None (default): nothing."""
        return None

    def use_preparation(self, preparation: Mapping[str, Any], source: object) -> None:
        """Use what a run has fitted, instead of fitting anything; called before `setup`.

        Args:
            preparation: What the property `preparation` was when the run was trained.
            source: Where it was read, for messages.

        Raises:
            RunFolderError: It is something else.
        """
        raise RunFolderError(f"{source}: {type(self).__name__} fits nothing, and something is kept")

    def require_source(self, fingerprint: str | None) -> None:
        """Compare the files of the rows with those of a run; called before `setup`.

        Nothing of a file is read as rows, or shown, before. Data that are no files of the user's
        have nothing to compare here (default).

        Args:
            fingerprint: That of the run's record; None where it has none.

        Raises:
            ConfigError: The files are others.
        """

    @property
    def at_hand(self) -> bool:
        """Whether the rows can be had without a download; true by default."""
        return True

    def description(self) -> Any:
        """Return a table of rich's that says what the columns are; None (default): nothing."""
        return None

    @classmethod
    def files(cls, options: Any) -> Sequence[Path]:
        """Return the files that `facts` reads; none by default."""
        return ()

    @classmethod
    def facts(cls, options: Any) -> Facts:
        """Return facts of the rows that follow from them, and are inferred where a config asks.

        Args:
            options: The options of the data; keys that are to be inferred are missing in it, and
                one that is given must be honoured.

        Raises:
            ConfigError: The rows cannot be had, or this class does not tell their facts.
        """
        raise ConfigError(f"data: {cls.__name__} tells no facts of its rows: give them by key")

    def has_split(self, split: str) -> bool:
        """Return whether any rows are in `train`, `val` or `test` (after `setup`)."""
        raise NotImplementedError

    def rows(self, split: str) -> int | None:
        """Return the number of rows of a split; None (default) where it is not known."""
        return None

    def row_numbers(self, split: str) -> Tensor | None:
        """Return the numbers of a split's rows, (rows,) int64, in their order (after `setup`).

        They are counted from 0 in the data that are split, or in the set of its own that the split
        has. None where rows have no numbers (default): those of a stream.
        """
        return None

    def id_columns(self, split: str) -> Mapping[str, Sequence[Any]]:
        """Return what tells the rows of a split apart, by the name of the column; {} by default."""
        return {}

    def labelled_rows(self, source: str, targets: str | None = None) -> LabelledRows:
        """Return new rows with known targets; after `setup("predict")`.

        Args:
            source: Name of their file or folder.
            targets: Name of the .npy file of their targets, where the other one holds inputs alone.

        Raises:
            ConfigError: They are wrong, or data of this kind take none (default).
        """
        raise ConfigError(
            f"input={source}: {type(self).__name__} makes its rows itself and takes no others to "
            "be measured on; split=test measures those of the run"
        )

    def use_labelled(self, rows: LabelledRows, *, own_batches: bool = False) -> None:
        """Hold these rows alone, as the split `INPUT`; with `own_batches` in batches of the run."""
        raise NotImplementedError

    def true_line(self) -> LinearMap | None:
        """Return the linear map that made the targets from raw inputs; None: not known."""
        return None

    def train_dataloader(self) -> Any:
        """Return batches of the training rows, in the order of the epoch."""
        raise NotImplementedError

    def evaluation_loader(self, split: str) -> Any:
        """Return this process's share of the batches of a split, always in the same order."""
        raise NotImplementedError

    def val_dataloader(self) -> Any:
        """Return batches of the validation rows; an empty list where there are none."""
        return self.evaluation_loader("val") if self.has_split("val") else []

    def test_dataloader(self) -> Any:
        """Return batches of the test rows; an empty list where there are none."""
        return self.evaluation_loader("test") if self.has_split("test") else []

    def all_rows(self, split: str) -> Any:
        """Return batches of all rows of a split in every process, for figures."""
        return self.evaluation_loader(split)

    def rows_to_check(self, split: str) -> Iterator[Rows]:
        """Yield rows of a split that are looked at before training; none by default."""
        yield from ()

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return raw inputs, (rows, *input_shape), as the model takes them."""
        raise NotImplementedError
