"""Reading of many image files at once, with all that are broken named together."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seedbed.data.images.decoding import BrokenImage, Header, decoded, read_header, without_warnings
from seedbed.data.images.form import Form
from seedbed.data.images.progress import progress
from seedbed.errors import ConfigError

MOST_NAMED = 10
# So many files are handed out at once to each thread: a future a file would cost more than a read.
_AT_ONCE = 32

Read = TypeVar("Read")


@dataclass(frozen=True)
class Files:
    """Image files.

    Attributes:
        folder: folder that their names begin in.
        names: their names, in order.
        source: what they are called in messages as a whole, key and value.
    """

    folder: Path
    names: Sequence[str]
    source: str


def read_headers(files: Files) -> list[Header]:
    """Return the header of each file; raise ConfigError that names those that are broken."""
    headers: list[Header] = [Header(0, 0, 0)] * len(files.names)

    def read(place: int) -> None:
        headers[place] = read_header(files.folder / files.names[place])

    _each(files, read, "looking at image")
    return headers


def decode_into(images: NDArray[np.uint8], files: Files, form: Form) -> None:
    """Decode files into an array, (files, channels, height, width), in their order.

    Raises ConfigError that names the files that are broken, ten of them at most.
    """

    def decode(place: int) -> None:
        images[place] = decoded(files.folder / files.names[place], form)

    _each(files, decode, "decoding image")


def _each(files: Files, work: Callable[[int], None], what: str) -> None:
    """Do the work of every file in threads: decoders let others run meanwhile."""
    names = files.names
    broken: dict[int, str] = {}

    def some(places: range) -> None:
        for place in places:
            try:
                work(place)
            except BrokenImage as error:
                broken[place] = str(error)
            advance()

    parts = [
        range(start, min(start + _AT_ONCE, len(names))) for start in range(0, len(names), _AT_ONCE)
    ]
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    with (
        without_warnings(),
        progress(what, len(names)) as advance,
        ThreadPoolExecutor(threads, "images") as pool,
    ):
        try:
            for _ in pool.map(some, parts):
                pass
        except BaseException:  # Nobody waits for the rest.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if broken:
        raise ConfigError(_of_broken(files, broken))


def _of_broken(files: Files, broken: dict[int, str]) -> str:
    named = [f"{files.names[place]} ({broken[place]})" for place in sorted(broken)]
    more = f", and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
    return (
        f"{files.source}: {len(named):,} of {len(files.names):,} images cannot be read: "
        f"{', '.join(named[:MOST_NAMED])}{more}"
    )
