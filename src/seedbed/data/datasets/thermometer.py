"""Readings of a thermometer without units and the temperatures; a shipped table of 11 rows."""

from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.table import read_shipped_csv


class Thermometer(InMemoryData):
    """Dataset of one reading (unknown unit) and one temperature (C)."""

    def load(self) -> Source:
        """Return the rows of the table."""
        return Source(read_shipped_csv("thermometer.csv", ["reading"], ["celsius"], 11))
