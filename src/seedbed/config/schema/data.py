"""What a `data=` option holds: the dataset, its splits and how batches are drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from omegaconf import MISSING

from seedbed.config.schema.field import key

SPLITS = ("train", "val", "test")
TASKS = ("regression", "binary", "multiclass", "minimize")


@dataclass
class Data:
    """Keys that every data option has; `fuses` tells whether many jobs can take batches at once."""

    fuses: ClassVar[bool] = False

    _target_: str = key("class that loads the data", MISSING)
    task: str = key("which task the data pose", MISSING, one_of=TASKS)
    input_shape: list[int] = key("shape of one input", MISSING, at_least=1)
    output_size: int = key("numbers the model puts out per row", MISSING, at_least=1)
    batch_size: int | None = key("rows a step, over all devices; null: all rows", None, at_least=1)


@dataclass
class Dataset(Data):
    """Keys of data that are rows of inputs and targets, drawn in batches."""

    shuffle: bool = key("draw the training rows in a new order every epoch", True)
    drop_last: bool = key("leave out the last training batch if it is smaller", False)
    seed: int = key(
        "seed of the order of the batches", 0, at_least=0, varies=True, independent=True
    )
    feature_names: list[str] = key("name of each input", [])
    feature_units: list[str] = key("unit of each input", [])
    target_names: list[str] = key("name of each target", [])
    target_units: list[str] = key("unit of each target", [])
    class_names: list[str] = key("name of each class", [])

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield lists of names that are not as long as the outputs are many."""
        for names in ("class_names", "target_names"):
            count, size = len(node[names]), node.output_size
            if names == "class_names" and node.task == "binary":
                size = 2
            if count not in (0, size):
                yield f"data.{names}: {count} names for {size} {names.partition('_')[0]}(s)"


@dataclass
class InMemoryData(Dataset):
    """Keys of data that lie in memory as tensors, cut into batches without worker processes."""

    fuses: ClassVar[bool] = True

    val_size: float = key("rows held out for validation: a fraction, or a count", 0.0, at_least=0)
    test_size: float = key("rows held out for the test: a fraction, or a count", 0.0, at_least=0)
    split_seed: int = key(
        "seed that picks the rows held out", 0, at_least=0, varies=True, independent=True
    )
    input_scale: Any = key(
        "inputs as they are (null), times a factor, or divided by 'max'", None, varies=True
    )

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield a scale that is none, and held-out rows that are no number or all rows."""
        yield from super().problems(node, config, key)
        scale = node.input_scale
        number = isinstance(scale, int | float) and not isinstance(scale, bool)
        if scale is not None and scale != "max" and not (number and isfinite(scale) and scale != 0):
            yield f"data.input_scale: '{scale}' is not null, 'max' or a factor other than 0"
        sizes = {name: node[name] for name in ("val_size", "test_size")}
        for name, size in sizes.items():
            if size >= 1 and size != int(size):
                yield f"data.{name}: {size} is neither a fraction below 1 nor a whole number"
        if sum(size for size in sizes.values() if size < 1) >= 1:
            yield "data.val_size and data.test_size leave no rows for training"


@dataclass
class CropYield(InMemoryData):
    """Keys of `data=crop_yield`."""

    _target_: str = key("class that loads the data", "seedbed.data.CropYield")
    rows: int = key("5 rows, or 15", 15)

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield a number of rows that the table does not come in."""
        if node.rows not in (5, 15):
            yield f"data.rows: {node.rows} is not one of 5, 15"
        yield from super().problems(node, config, key)


@dataclass
class Thermometer(InMemoryData):
    """Keys of `data=thermometer`."""

    _target_: str = key("class that loads the data", "seedbed.data.Thermometer")


@dataclass
class Clusters(InMemoryData):
    """Keys of `data=clusters`."""

    _target_: str = key("class that loads the data", "seedbed.data.Clusters")
    layout: str = key(
        "pair: two clouds; xor: four clouds that no line separates", "pair", one_of=("pair", "xor")
    )
    sample: str = key(
        "fixed: the same rows every epoch; stream: fresh rows every step",
        "fixed",
        one_of=("fixed", "stream"),
    )
    rows: int = key("rows of a fixed sample", 1000, at_least=1)
    batches_per_epoch: int = key("steps an epoch takes of the stream", 5, at_least=1)
    data_seed: int = key("seed that draws the rows", 0, at_least=0, varies=True, independent=True)


@dataclass
class Blobs(InMemoryData):
    """Keys of `data=blobs`."""

    _target_: str = key("class that loads the data", "seedbed.data.Blobs")
    rows: int = key("rows drawn", 1000, at_least=1)
    features: int = key("inputs a row", 2, at_least=1)
    classes: int = key("number of blobs, a class each", 3, at_least=2)
    spread: float = key("standard deviation of a blob", 1.0, above=0)
    data_seed: int = key(
        "seed that draws the rows and the centres", 0, at_least=0, varies=True, independent=True
    )


@dataclass
class LinearNoise(InMemoryData):
    """Keys of `data=linear_noise`."""

    _target_: str = key("class that loads the data", "seedbed.data.LinearNoise")
    rows: int = key("rows drawn", 1000, at_least=1)
    features: int = key("inputs a row", 1, at_least=1)
    targets: int = key("targets a row", 1, at_least=1)
    noise: float = key(
        "standard deviation of the noise on the targets",
        0.04,
        at_least=0,
        varies=True,
        independent=True,
    )
    data_seed: int = key(
        "seed that draws the rows, the true weights and the noise",
        0,
        at_least=0,
        varies=True,
        independent=True,
    )


@dataclass
class FashionMNIST(InMemoryData):
    """Keys of `data=fashion_mnist`."""

    _target_: str = key("class that loads the data", "seedbed.data.FashionMNIST")
    folder: str = key("where the four files are kept", MISSING)


@dataclass
class NoData(Data):
    """Keys of `data=none`."""

    _target_: str = key("class that loads the data", "seedbed.data.NoData")


@dataclass
class TorchDataset(Dataset):
    """Keys of `data=torch_dataset`."""

    _target_: str = key("class that loads the data", "seedbed.data.TorchDataset")
    train: Any = key("_target_ and arguments of the training dataset", MISSING)
    val: Any = key("_target_ and arguments of the validation dataset; null: none", None)
    test: Any = key("_target_ and arguments of the test dataset; null: none", None)
    num_workers: int = key("processes that load rows; 0: none", 0, at_least=0)
