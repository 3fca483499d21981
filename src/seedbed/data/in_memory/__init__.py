"""Data in memory: the base class of their datasets, and the rows that these load."""

from seedbed.data.in_memory.module import InMemoryData
from seedbed.data.in_memory.source import Source

__all__ = ["InMemoryData", "Source"]
