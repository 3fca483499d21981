"""Datasets: how rows are loaded, split and cut into batches. Knows nothing of training."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedbed.data.data_module import DataModule
from seedbed.data.datasets.array_file import ArrayFile
from seedbed.data.datasets.blobs import Blobs
from seedbed.data.datasets.clusters import Clusters
from seedbed.data.datasets.crop_yield import CropYield
from seedbed.data.datasets.fashion_mnist import FashionMNIST
from seedbed.data.datasets.linear_noise import LinearNoise
from seedbed.data.datasets.no_data import NoData
from seedbed.data.datasets.thermometer import Thermometer
from seedbed.data.in_memory import InMemoryData
from seedbed.data.in_memory.source import Source
from seedbed.data.table import Table
from seedbed.data.torch_datasets.torch_dataset import TorchDataset

if TYPE_CHECKING:
    from seedbed.data.datasets.table_file import TableFile
    from seedbed.data.images.image_folder import ImageFolder

__all__ = [
    "ArrayFile",
    "Blobs",
    "Clusters",
    "CropYield",
    "DataModule",
    "FashionMNIST",
    "ImageFolder",
    "InMemoryData",
    "LinearNoise",
    "NoData",
    "Source",
    "Table",
    "TableFile",
    "Thermometer",
    "TorchDataset",
]

# Only when asked for: Pillow and polars take their time to import.
_LATER = {
    "ImageFolder": "seedbed.data.images.image_folder",
    "TableFile": "seedbed.data.datasets.table_file",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
