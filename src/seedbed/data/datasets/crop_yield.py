"""Yields of apples and oranges (t/ha) of regions; 5 rows, or 15 with ten more of the same kind."""

from seedbed.config.schema.data import CropYield as Options
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.table import read_shipped_csv


class CropYield(InMemoryData):
    """Temperature (F), rainfall (mm) and humidity (%) to apples and oranges (t/ha)."""

    options: Options

    def load(self) -> Source:
        """Return the first `options.rows` rows of the shipped table."""
        inputs, targets = ["temperature", "rainfall", "humidity"], ["apples", "oranges"]
        return Source(read_shipped_csv("crop_yield.csv", inputs, targets, self.options.rows))
