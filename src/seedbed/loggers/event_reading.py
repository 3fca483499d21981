"""Scalars in the TensorBoard event files of many runs at once, read without protobuf.

Protobuf takes 0.01 ms an event, which is seconds for a thousand curves. Events of the same tags
differ in a few bytes only: time, step and values (see `seedbed.loggers.event_records`). So one of
them is taken apart, and from the others of its length that agree with it elsewhere numbers are
taken all at once. What the messages look like is TensorFlow's event.proto and summary.proto.

The files may be a stranger's: sizes have limits, links are not followed, and what is damaged ends a
file, as in TensorBoard.
"""

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seedbed.errors import RunFolderError
from seedbed.reading.content import MEBIBYTE

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]
# Places of runs, or of events, with the steps and values there.
_Points = tuple[Whole, Whole, NDArray[np.float32]]
# Tags, places of events, their steps, and a column of values a tag.
_Block = tuple[list[str], Whole, Whole, NDArray[np.float32]]

PREFIX = "events.out.tfevents."
# Larger records are pictures, texts and graphs.
MOST_OF_RECORD = MEBIBYTE
# What is read before it is taken apart.
BATCH_BYTES = 64 * MEBIBYTE
MOST_TAGS, MOST_POINTS = 10_000, 100_000_000
# A record is its length, a checksum of that, the event, and a checksum of it.
_HEADER, _CHECKSUM = 12, 4
# The wire types of protobuf: a varint, eight bytes, a length and so many bytes, four bytes.
_VARINT, _EIGHT, _COUNTED, _FOUR = 0, 1, 2, 5
# Numbers of fields: of an event its step and its summary, of that the values, of these tag and
# number.
_STEP, _SUMMARY, _VALUE, _TAG, _NUMBER = 2, 5, 1, 1, 2


@dataclass(frozen=True)
class TagPoints:
    """Points of one tag, of several runs.

    Attributes:
        runs: place of the run among those that were asked for, (points,), ascending.
        steps: epoch, or optimizer step, (points,), ascending in each run, each once.
        values: the values, (points,), float64 of what the file holds as float32.
    """

    runs: Whole
    steps: Whole
    values: NDArray[np.float64]


def read_scalars(folders: Sequence[Path]) -> dict[str, TagPoints]:
    """Return the scalars in the event files that lie in some folders, by their tags.

    Where a step was logged twice the later value counts. Folders without such files have no points.

    Raises:
        RunFolderError: There are more tags, or more points, than are read.
    """
    parts: dict[str, list[_Points]] = {}
    count = 0
    for events, runs in _batches(folders):
        for tag, points in _of_events(events, runs).items():
            parts.setdefault(tag, []).append(points)
            count += len(points[0])
        if len(parts) > MOST_TAGS or count > MOST_POINTS:
            what = f"{MOST_TAGS:,} names" if len(parts) > MOST_TAGS else f"{MOST_POINTS:,} points"
            raise RunFolderError(f"{folders[runs[-1]]}: more than {what} of curves")
    return {tag: _in_order(points) for tag, points in parts.items()}


def _batches(folders: Sequence[Path]) -> Iterator[tuple[list[bytes], list[int]]]:
    """Yield events and the places of their runs, in the order in which they were written."""
    events: list[bytes] = []
    runs: list[int] = []
    size = 0
    for run, folder in enumerate(folders):
        for event in _events_of(folder):
            events.append(event)
            runs.append(run)
            size += len(event)
            if size > BATCH_BYTES:
                yield events, runs
                events, runs, size = [], [], 0
    if events:
        yield events, runs


def _of_events(events: Sequence[bytes], runs: Sequence[int]) -> dict[str, _Points]:
    """Return the points of each tag, in the order of the events."""
    lengths = np.fromiter(map(len, events), np.int64, len(events))
    content = np.frombuffer(b"".join(events), np.uint8)
    starts = np.cumsum(lengths) - lengths
    of_run = np.array(runs, np.int64)
    blocks: dict[str, list[_Points]] = {}
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        rows = content[starts[places][:, None] + np.arange(length)]
        for tags, chosen, steps, values in _same_length(rows, places):
            for tag, column in zip(tags, values.T, strict=True):
                blocks.setdefault(tag, []).append((chosen, steps, column))
    return {tag: _by_record(several, of_run) for tag, several in blocks.items()}


def _by_record(blocks: Sequence[_Points], of_run: Whole) -> _Points:
    """Return the points of a tag, whose events are known, in the order of these."""
    records, steps, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    order = np.argsort(records, kind="stable")
    return of_run[records[order]], steps[order], values[order]


def _in_order(parts: Sequence[_Points]) -> TagPoints:
    runs, steps, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((steps, runs))  # It is stable, so that of equal steps the last is the later.
    runs, steps, values = runs[order], steps[order], values[order]
    is_last = np.ones(len(runs), bool)
    is_last[:-1] = (np.diff(runs) != 0) | (np.diff(steps) != 0)
    return TagPoints(runs[is_last], steps[is_last], values[is_last].astype(np.float64))


# Files and records


def _events_of(folder: Path) -> Iterator[bytes]:
    """Yield the events of a run's files, one file after another, but for those that are large."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(PREFIX))
    except OSError:
        return
    for name in names:
        try:
            descriptor = os.open(
                folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError:  # A link, or gone meanwhile.
            continue
        with open(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield from _events(file)


def _events(file: BinaryIO) -> Iterator[bytes]:
    while len(header := file.read(_HEADER)) == _HEADER:
        (length,) = struct.unpack_from("<Q", header)
        if length >= 1 << 31:  # Damaged: it may be anything.
            return
        if length > MOST_OF_RECORD:
            file.seek(length + _CHECKSUM, os.SEEK_CUR)
            continue
        event = file.read(length + _CHECKSUM)
        if len(event) < length + _CHECKSUM:  # The last one of a run that goes on, or was killed.
            return
        yield event[:-_CHECKSUM]


# Events


class _Layout(NamedTuple):
    """Where an event holds what differs between events of the same tags.

    Attributes:
        tags: the tags.
        values: the place of the first byte of each value.
        step: the bytes of the step; empty where it is 0.
        kept: the bits of each byte in which events of this layout agree, (length,).
    """

    tags: list[str]
    values: list[int]
    step: range
    kept: Bytes


def _same_length(rows: Bytes, places: Whole) -> Iterator[_Block]:
    """Yield the scalars of events of the same length, (events, length), whose places are given."""
    while len(rows):
        layout = _layout(rows[0].tobytes())
        same = np.zeros(len(rows), bool)
        same[0] = True
        if layout is not None:
            same = ((rows ^ rows[0]) & layout.kept == 0).all(axis=1)
            yield _block(rows[same], places[same], layout)
        rows, places = rows[~same], places[~same]
        if same.sum() == 1:  # Each is another, as texts are: to compare all with each takes long.
            half = (len(rows) + 1) // 2
            for at in range(half):
                if (own := _layout(rows[at].tobytes())) is not None:
                    yield _block(rows[at : at + 1], places[at : at + 1], own)
            rows, places = rows[half:], places[half:]


def _block(rows: Bytes, places: Whole, layout: _Layout) -> _Block:
    return layout.tags, places, _steps(rows, layout), _values(rows, layout)


def _steps(rows: Bytes, layout: _Layout) -> Whole:
    steps = np.zeros(len(rows), np.uint64)
    for place, at in enumerate(layout.step):
        steps |= (rows[:, at] & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * place)
    return steps.view(np.int64)


def _values(rows: Bytes, layout: _Layout) -> NDArray[np.float32]:
    chosen = rows[:, np.array(layout.values)[:, None] + np.arange(4)]
    return np.ascontiguousarray(chosen).view("<f4")[..., 0]


def _layout(event: bytes) -> _Layout | None:
    """Return the layout of an event; None where it holds no scalar, or is none."""
    kept = np.full(len(event), 0xFF, np.uint8)
    tags, values, step = [], [], range(0)
    try:
        for number, wire, start, end in _fields(event, 0, len(event)):
            if wire == _EIGHT:
                kept[start:end] = 0  # The time.
            elif (number, wire) == (_STEP, _VARINT):
                step = range(start, end)
                kept[start:end] = 0x80
            elif (number, wire) == (_SUMMARY, _COUNTED):
                for tag, at in _scalars(event, start, end):
                    tags.append(tag)
                    values.append(at)
    except (ValueError, IndexError):
        return None
    if not tags:
        return None
    for at in values:
        kept[at : at + 4] = 0
    last_of = {tag: place for place, tag in enumerate(tags)}
    return _Layout(list(last_of), [values[place] for place in last_of.values()], step, kept)


def _scalars(event: bytes, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Yield tag and place of each number in a summary."""
    for number, wire, first, last in _fields(event, start, end):
        scalar = _scalar(event, first, last) if (number, wire) == (_VALUE, _COUNTED) else None
        if scalar is not None:
            yield scalar


def _scalar(event: bytes, start: int, end: int) -> tuple[str, int] | None:
    """Return the tag of a value and where its number is; None where it has none."""
    tag, at = None, None
    for number, wire, first, last in _fields(event, start, end):
        if (number, wire) == (_TAG, _COUNTED):
            tag = event[first:last].decode()
        elif (number, wire) == (_NUMBER, _FOUR):
            at = first
    return None if tag is None or at is None else (tag, at)


def _fields(event: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, start and end of the content of each field of a message.

    Raises ValueError, or IndexError, where it is no message.
    """
    while at < end:
        key, at = _varint(event, at)
        wire = key & 7
        if wire == _VARINT:
            start, (_, after) = at, _varint(event, at)
        elif wire in (_EIGHT, _FOUR):
            start, after = at, at + (8 if wire == _EIGHT else 4)
        elif wire == _COUNTED:
            length, start = _varint(event, at)
            after = start + length
        else:
            raise ValueError(f"wire type {wire}")
        if after > end:
            raise ValueError("a field that goes beyond its message")
        yield key >> 3, wire, start, after
        at = after


def _varint(event: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and the place behind it."""
    value = 0
    for place in range(10):
        byte = event[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number without end")
