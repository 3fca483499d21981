"""Crop yields of regions by their weather; a shipped table of 15 rows."""

from seedbed.config.schema.data import CropYield as Options
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.table import read_shipped_csv


class CropYield(InMemoryData):
    """Dataset of temperature (F), rainfall (mm) and humidity (%) to two yields (t/ha)."""

    options: Options

    def load(self) -> Source:
        """Return the first 5 or 15 rows of the table."""
        inputs, targets = ["temperature", "rainfall", "humidity"], ["apples", "oranges"]
        return Source(read_shipped_csv("crop_yield.csv", inputs, targets, self.options.rows))
