"""Datasets: how rows are loaded, split and cut into batches. Knows nothing of training."""

from seedbed.data.blobs import Blobs
from seedbed.data.clusters import Clusters
from seedbed.data.crop_yield import CropYield
from seedbed.data.data_module import DataModule
from seedbed.data.fashion_mnist import FashionMNIST
from seedbed.data.in_memory import InMemoryData
from seedbed.data.linear_noise import LinearNoise
from seedbed.data.no_data import NoData
from seedbed.data.thermometer import Thermometer
from seedbed.data.torch_dataset import TorchDataset

__all__ = [
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
