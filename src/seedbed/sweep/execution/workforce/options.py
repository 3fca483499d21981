"""Options of a sweep, as its launch.json holds them."""

from pathlib import Path

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.reading.json_files import converted
from seedbed.sweep.queue.launch import Launch, launch_file


def options_of(launch: Launch, saved: Path) -> SweepOptions:
    """Return the keys of `sweep`; raises RunFolderError where one is damaged."""
    return converted(launch_file(saved), launch.options, SweepOptions)
