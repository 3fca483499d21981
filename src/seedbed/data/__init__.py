"""Datasets: how rows are loaded, split and cut into batches. Knows nothing of training."""

from seedbed.data.data_module import DataModule
from seedbed.data.datasets.array_file import ArrayFile
from seedbed.data.datasets.blobs import Blobs
from seedbed.data.datasets.clusters import Clusters
from seedbed.data.datasets.crop_yield import CropYield
from seedbed.data.datasets.fashion_mnist import FashionMNIST
from seedbed.data.datasets.linear_noise import LinearNoise
from seedbed.data.datasets.no_data import NoData
from seedbed.data.datasets.thermometer import Thermometer
from seedbed.data.datasets.torch_dataset import TorchDataset
from seedbed.data.in_memory import InMemoryData

__all__ = [
    "ArrayFile",
    "Blobs",
    "Clusters",
    "CropYield",
    "DataModule",
    "FashionMNIST",
    "InMemoryData",
    "LinearNoise",
    "NoData",
    "Thermometer",
    "TorchDataset",
]
