"""Eleven readings of a thermometer without units, and the temperature in degrees Celsius."""

from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.table import read_shipped_csv


class Thermometer(InMemoryData):
    """One reading (unknown unit) to one temperature (C)."""

    def load(self) -> Source:
        """Return the eleven rows of the shipped table."""
        return Source(read_shipped_csv("thermometer.csv", ["reading"], ["celsius"], 11))
