"""Schema of the `data=` options: the dataset, its splits and its batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any, ClassVar

from omegaconf import MISSING, DictConfig, OmegaConf

from seedbed.config.schema.data.augmentation import Augment
from seedbed.config.schema.field import Schema, key
from seedbed.errors import nearest

SPLITS = ("train", "val", "test")
TASKS = ("regression", "binary", "multiclass", "minimize")
KINDS_OF_SPLIT = ("random", "stratified", "group", "time", "column")
SCALES = ("none", "max", "standard", "min_max", "robust")

_seed = partial(key, default=0, at_least=0, varies=True, independent=True)


def held_out_rows(size: float, rows: int) -> int:
    """Return the number of rows that a size holds out.

    Args:
        size: Below 1 a fraction of the rows, rounded, at least one row; else a count. 0 is none.
        rows: Number of rows of the table.
    """
    if size >= 1 or size == 0:
        return int(size)
    return max(1, round(size * rows))


def all_held_out(rows: int, val_size: float, test_size: float) -> str:
    """Return what to say where a split of `rows` rows leaves none for training, or nothing."""
    held_out = held_out_rows(val_size, rows) + held_out_rows(test_size, rows)
    if held_out < rows:
        return ""
    return (
        f"data.val_size={val_size:g} and data.test_size={test_size:g} hold out {held_out} of "
        f"{rows} rows: none is left for training"
    )


@dataclass
class Data(Schema, fuses=False):
    """Data module; it fuses where the fused engine reads its rows."""

    _target_: str = key("class of the data module", MISSING)
    task: str = key("task that the data pose", MISSING, one_of=TASKS)
    input_shape: list[int] = key("shape of one input", MISSING, at_least=1)
    output_size: int = key("number of model outputs per row", MISSING, at_least=1)
    batch_size: int | None = key(
        "batch size over all devices, in rows; null: all rows (full batch)",
        None,
        at_least=1,
        varies=True,
    )


@dataclass
class Dataset(Data):
    """Dataset of rows, each an input and a target, drawn in batches."""

    shuffle: bool = key("reshuffle the training rows every epoch", True)
    drop_last: bool = key("drop the last training batch if it is smaller", False)
    seed: int = _seed("seed of the order of the batches")
    feature_names: list[str] = key("names of the inputs", [])
    feature_units: list[str] = key("units of the inputs", [])
    target_names: list[str] = key("names of the targets", [])
    target_units: list[str] = key("units of the targets", [])
    class_names: list[str] = key("names of the classes", [])
    category_sizes: list[int] = key(
        "number of values of each of the last inputs that are codes of a category",
        [],
        at_least=1,
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield lists of names that are not as long as the outputs are many."""
        for names in ("class_names", "target_names"):
            count, size = len(node[names]), node.output_size
            if names == "class_names" and node.task == "binary":
                size = 2
            if count not in (0, size):
                yield f"data.{names}: {count} names for {size} {names.partition('_')[0]}(s)"


@dataclass
class InMemoryData(Dataset, fuses=True):
    """Dataset held in memory as tensors, without worker processes."""

    # A test set of the dataset's own takes the place of rows held out.
    has_test_set: ClassVar[bool] = False
    # Where no key `rows` tells how many there are.
    known_rows: ClassVar[int | None] = None

    val_size: float = key(
        "size of the validation set: a fraction below 1, or a number of rows",
        0.0,
        at_least=0,
        varies=True,
    )
    test_size: float = key(
        "size of the test set: a fraction below 1, or a number of rows",
        0.0,
        at_least=0,
        varies=True,
    )
    train_size: float | None = key(
        "size of the training set, drawn of what is left: a fraction of all rows below 1, or a "
        "number of rows; null: all",
        None,
        above=0,
        varies=True,
    )
    split: str | None = key(
        "random, stratified (by class), group, time (forward) or column; null: by the task",
        None,
        one_of=KINDS_OF_SPLIT,
        varies=True,
    )
    split_by: str | None = key(
        "column of the groups or times, or of the words train, val, test; null: none",
        None,
        varies=True,
    )
    folds: int | None = key(
        "number of folds of all rows but the test rows; null: none", None, at_least=2, varies=True
    )
    fold: int | None = key("fold that validates, from 0; null: none", None, at_least=0, varies=True)
    weight: str | None = key(
        "column of sample weights, which weigh the losses; null: none", None, varies=True
    )
    split_seed: int = _seed("seed of the split into training, validation and test set")
    input_scale: Any = key(
        "factor on the inputs, or max, standard, min_max or robust; null: as they are",
        None,
        varies=True,
    )
    target_scale: str | None = key(
        "standard: targets of mean 0 and deviation 1 in training; null: as they are",
        None,
        one_of=("none", "standard"),
        varies=True,
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a scale that is none, and held-out rows that are no number or all rows."""
        yield from super().problems(node, config, key)
        scale = node.input_scale
        number = isinstance(scale, int | float) and not isinstance(scale, bool)
        known = scale is None or (isinstance(scale, str) and scale in SCALES)
        if not known and not (number and isfinite(scale) and scale != 0):
            words = ", ".join(f"'{word}'" for word in SCALES)
            hint = nearest(scale, SCALES) if isinstance(scale, str) else ""
            yield (
                f"data.input_scale: '{scale}' is not null, {words} or a factor other than 0"
                + (f".{hint}" if hint else "")
            )
        if node.target_scale == "standard" and node.task in ("binary", "multiclass"):
            yield "data.target_scale: standard is for numbers, and these targets are classes"
        yield from cls._kind_problems(node)
        yield from cls._fold_problems(node)
        yield from cls._split_problems(node)

    @classmethod
    def _kind_problems(cls, node: DictConfig) -> Iterator[str]:
        if node.split in ("group", "time", "column"):
            if node.split_by is None:
                yield f"data.split={node.split}: data.split_by is needed, the name of a column"
        elif node.split_by is not None:
            words = "data.split=group, data.split=time or data.split=column"
            yield f"data.split_by={node.split_by}: it goes with {words}"
        if node.split == "stratified" and node.task == "regression":
            yield "data.split: stratified is by class, and these targets are numbers"

    @classmethod
    def _fold_problems(cls, node: DictConfig) -> Iterator[str]:
        folds, fold = node.folds, node.fold
        if folds is None and fold is not None:
            yield f"data.fold={fold}: data.folds is null, and says how many there are"
        if folds is None:
            return
        if fold is None:
            yield f"data.folds={folds}: data.fold, from 0 to {folds - 1}, says which validates"
        elif fold >= folds:
            yield f"data.fold={fold}: of {folds} folds, the last is {folds - 1}"
        if node.val_size:
            yield f"data.val_size={node.val_size:g}: with data.folds the fold validates; 0 is right"

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return the number of rows that are split: fixed, or that of the key `rows`."""
        return cls.known_rows or node.rows

    @classmethod
    def _split_problems(cls, node: DictConfig) -> Iterator[str]:
        sizes = {name: node[name] for name in ("val_size", "test_size")}
        all_sizes = {**sizes, "train_size": node.train_size or 0.0}
        broken = [name for name, size in all_sizes.items() if size >= 1 and size != int(size)]
        for name in broken:
            yield f"data.{name}: {all_sizes[name]} is neither a fraction below 1 nor a whole number"
        if broken:
            return
        if sum(size for size in sizes.values() if size < 1) >= 1:
            yield "data.val_size and data.test_size leave no rows for training"
            return
        # Of a class of the user's own under the same keys, nothing is known.
        rows = cls.row_count(node) if node._target_ == cls._target_ else None
        problem = rows and all_held_out(
            rows, node.val_size, 0.0 if cls.has_test_set else node.test_size
        )
        if problem:
            yield problem


@dataclass
class CropYield(InMemoryData, target="seedbed.data.CropYield"):
    """Crop yields of regions, from temperature, rainfall and humidity."""

    rows: int = key("number of rows: 5 or 15", 15)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a number of rows that the table does not come in."""
        if node.rows not in (5, 15):
            yield f"data.rows: {node.rows} is not one of 5, 15"
        yield from super().problems(node, config, key)


@dataclass
class Thermometer(InMemoryData, target="seedbed.data.Thermometer", known_rows=11):
    """Readings of a thermometer in unknown units."""


@dataclass
class Clusters(InMemoryData, target="seedbed.data.Clusters"):
    """Gaussian clusters of two classes."""

    layout: str = key(
        "pair: two clusters; xor: four clusters that no line separates",
        "pair",
        one_of=("pair", "xor"),
    )
    sample: str = key(
        "fixed: the same rows every epoch; stream: new rows every step",
        "fixed",
        one_of=("fixed", "stream"),
    )
    rows: int = key("number of rows of a fixed sample", 1000, at_least=1)
    batches_per_epoch: int = key("number of steps per epoch of a stream", 5, at_least=1)
    data_seed: int = _seed("seed of the sampled rows")

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what a stream, which is never split, does not have."""
        yield from super().problems(node, config, key)
        names = ("train_size", "split", "folds", "weight") if node.sample == "stream" else ()
        for name in names:
            if node[name] is not None:
                yield f"data.{name}={node[name]}: a stream is not split; data.sample=fixed is"

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return the number of rows of a fixed sample; a stream has no end."""
        return super().row_count(node) if node.sample == "fixed" else None


@dataclass
class Blobs(InMemoryData, target="seedbed.data.Blobs"):
    """Gaussian blobs, one per class."""

    rows: int = key("number of rows", 1000, at_least=1)
    features: int = key("number of inputs per row", 2, at_least=1)
    classes: int = key("number of blobs, one per class", 3, at_least=2)
    spread: float = key("standard deviation of each blob", 1.0, above=0)
    data_seed: int = _seed("seed of the sampled rows and centres")


@dataclass
class LinearNoise(InMemoryData, target="seedbed.data.LinearNoise"):
    """Linear function of the inputs with Gaussian noise."""

    rows: int = key("number of rows", 1000, at_least=1)
    features: int = key("number of inputs per row", 1, at_least=1)
    targets: int = key("number of targets per row", 1, at_least=1)
    noise: float = key(
        "standard deviation of the Gaussian noise on the targets",
        0.04,
        at_least=0,
        varies=True,
        independent=True,
    )
    data_seed: int = _seed("seed of the sampled rows, true weights and noise")


@dataclass
class Images(InMemoryData):
    """Dataset of images in memory, (channels, height, width), whose pixels are from 0 to 1."""

    augment: Augment = key("changes of the training images", Augment)
    classes: list[Any] = key(
        "classes whose rows are kept, by name or number from 0, in their new order; []: all", []
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield changes of the images that reach beyond them."""
        yield from super().problems(node, config, key)
        if len(node.input_shape) == 3:
            yield from Augment.too_large(node.augment, list(node.input_shape), f"{key}.augment")


@dataclass
class FashionMNIST(
    Images, target="seedbed.data.FashionMNIST", known_rows=60_000, has_test_set=True
):
    """Fashion-MNIST: grey images of clothing in ten classes (Xiao et al., 2017)."""

    folder: str = key("folder of the four downloaded files", MISSING, is_path=True)

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return the number of rows that are split: of each class there are as many."""
        return 6_000 * len(node.classes) or super().row_count(node)


@dataclass
class NoData(Data, target="seedbed.data.NoData"):
    """No data: the model is a function to minimize."""


# Keys of data in memory that rows which stay in a Dataset of the user's cannot have.
_IN_MEMORY = (
    *("val_size", "test_size", "train_size", "split", "folds", "weight"),
    *("input_scale", "target_scale"),
)


@dataclass
class TorchDataset(InMemoryData, target="seedbed.data.TorchDataset"):
    """Datasets of the user's own: torch.utils.data.Dataset."""

    in_memory: bool = key(
        "read all rows once into memory, to be split, scaled and fused", MISSING, fuses=(True,)
    )
    train: Any = key("training dataset: _target_ and arguments", MISSING)
    val: Any = key("validation dataset: _target_ and arguments; null: none", None)
    test: Any = key("test dataset: _target_ and arguments; null: none", None)
    num_workers: int = key("number of worker processes that load rows; 0: none", 0, at_least=0)
    collate_fn: Any = key(
        "function that makes a batch of a list of rows; null: torch's", {"_target_": None}
    )

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return None: only the dataset knows."""
        return None

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield keys that do not go with rows in memory, or with those that are not."""
        yield from super().problems(node, config, key)
        if isinstance(node.collate_fn, int | float | str):
            yield f"data.collate_fn: {node.collate_fn!r} is no mapping with the _target_ of one"
            return
        if OmegaConf.is_missing(node, "in_memory"):  # Only the rows can tell, later.
            return
        if not node.in_memory:
            for name in _IN_MEMORY:
                if node[name] not in (None, 0.0, "none"):
                    yield (
                        f"data.{name}={node[name]}: the rows are not in memory; "
                        "data.in_memory=true reads them"
                    )
            return
        if node.collate_fn and node.collate_fn.get("_target_"):
            yield "data.collate_fn: rows in memory need none; data.in_memory=false goes through it"
        for split in ("val", "test"):
            if node[split] is not None and node[f"{split}_size"]:
                size = node[f"{split}_size"]
                yield f"data.{split}_size={size:g}: data.{split} holds these rows; 0 is right"
