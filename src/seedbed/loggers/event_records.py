"""TensorBoard events of many runs at once, as `seedbed.loggers.TensorBoard` writes one run's.

Protobuf and a record take 0.04 ms an event, which is seconds for a thousand curves. Events of the
same tags differ in a few bytes only: time, step and values. So protobuf makes one event of them,
and the bytes that differ are filled in for all at once.

An event file is the records one after the other: `header_event`, texts, scalars, `outcome_events`.
"""

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedbed.loggers.event_file import outcome_summaries, text_summary

Bytes = NDArray[np.uint8]

# A record is the event's length, a checksum of that, the event, a checksum of it. So many bytes
# stand before and after an event.
_BEFORE, _AFTER = 12, 4
# Where an event holds its time and its step, each after a byte that says which field it is.
_TIME, _STEP = slice(1, 9), 10
_POLYNOMIAL = 0x82F63B78


def header_event(wall_time: float) -> bytes:
    """Return the record that every event file begins with; times are seconds since 1970."""
    return _event(wall_time, file_version="brain.Event:2")


def text_event(tag: str, content: str, wall_time: float) -> bytes:
    """Return the record of a text."""
    return _event(wall_time, summary=text_summary(tag, content))


def outcome_events(hyperparameters: Mapping[str, Any], wall_time: float) -> bytes:
    """Return the records of a row of the HParams page."""
    records = [_event(wall_time, summary=summary) for summary in outcome_summaries(hyperparameters)]
    return b"".join(records)


def scalar_events(
    steps: Sequence[NDArray[np.int64]],
    values: Sequence[Mapping[str, NDArray[np.float64]]],
    wall_times: Mapping[int, float] | float,
) -> list[bytes]:
    """Return the scalars of every run, a record a step that holds all tags.

    Of each run, `steps` are (points,) and `values` by tag (points,); what is nan was not logged.
    `wall_times` are the times of the steps, or one for all.
    """
    starts = np.cumsum([0, *map(len, steps)])
    records = [b""] * int(starts[-1])
    for tags, runs in _runs_by_tags(values).items():
        places = np.concatenate([np.arange(starts[run], starts[run + 1]) for run in runs])
        chosen = np.concatenate([steps[run] for run in runs]).astype(np.int64)
        table = np.concatenate([_table(tags, values[run]) for run in runs])
        times = _times(chosen, wall_times)
        for present, rows in _layouts(chosen, table):
            names = [tag for tag, here in zip(tags, present, strict=True) if here]
            if names:
                block = _scalar_records(names, chosen[rows], times[rows], table[rows][:, present])
                for place, record in zip(places[rows].tolist(), _rows(block), strict=True):
                    records[place] = record
    return [b"".join(records[start:end]) for start, end in pairwise(starts)]


def _runs_by_tags(
    values: Sequence[Mapping[str, NDArray[np.float64]]],
) -> dict[tuple[str, ...], list[int]]:
    runs: dict[tuple[str, ...], list[int]] = {}
    for run, by_tag in enumerate(values):
        if by_tag:
            runs.setdefault(tuple(by_tag), []).append(run)
    return runs


def _table(tags: Sequence[str], values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the values of a run, (points, tags)."""
    return np.stack([values[tag] for tag in tags], axis=1)


def _times(
    steps: NDArray[np.int64], wall_times: Mapping[int, float] | float
) -> NDArray[np.float64]:
    if not isinstance(wall_times, Mapping):
        return np.full(len(steps), float(wall_times))
    unique, place = np.unique(steps, return_inverse=True)
    return np.array([wall_times[step] for step in unique.tolist()], dtype=np.float64)[place]


def _layouts(
    steps: NDArray[np.int64], table: NDArray[np.float64]
) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Return which tags (tags,) are there in which rows, by events that are laid out alike."""
    kinds = np.column_stack([~np.isnan(table), _step_lengths(steps)]).astype(np.uint8)
    rows: dict[bytes, list[int]] = {}
    for row, key in enumerate(_rows(kinds)):
        rows.setdefault(key, []).append(row)
    return [
        (np.frombuffer(key, np.uint8)[:-1].astype(bool), np.array(same))
        for key, same in rows.items()
    ]


def _scalar_records(
    tags: Sequence[str],
    steps: NDArray[np.int64],
    times: NDArray[np.float64],
    values: NDArray[np.float64],
) -> Bytes:
    """Return records (events, length) of values (events, tags); the steps are equally long."""
    event, ends = _example(tags, int(steps[0]))
    length = int(_step_lengths(steps[:1])[0])
    records = np.empty((len(steps), _BEFORE + len(event) + _AFTER), np.uint8)
    records[:, :_BEFORE] = np.frombuffer(_before(len(event)), np.uint8)
    data = records[:, _BEFORE:-_AFTER]
    data[:] = np.frombuffer(event, np.uint8)
    data[:, _TIME] = _rows_of_bytes(times, "<f8")
    data[:, _STEP : _STEP + length] = _step_bytes(steps, length)
    with np.errstate(over="ignore"):  # Beyond float32 is infinity, for protobuf as well.
        for end, column in zip(ends, values.T, strict=True):
            data[:, end - 4 : end] = _rows_of_bytes(column, "<f4")
    records[:, -_AFTER:] = _rows_of_bytes(_checksums(data), "<u4")
    return records


def _example(tags: Sequence[str], step: int) -> tuple[bytes, list[int]]:
    """Return an event of scalars and where each value ends: with the message of its tag."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [Summary.Value(tag=tag, simple_value=0.0) for tag in tags]
    event = Event(wall_time=1.0, step=step, summary=Summary(value=values)).SerializeToString()
    after = [Summary(value=values[place + 1 :]).ByteSize() for place in range(len(tags))]
    return event, [len(event) - size for size in after]


def _step_lengths(steps: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return how many bytes a step takes, seven bits each; protobuf leaves out a zero."""
    lengths: NDArray[np.intp] = np.count_nonzero(steps[:, None] >> np.arange(0, 63, 7), axis=1)
    return lengths


def _step_bytes(steps: NDArray[np.int64], length: int) -> Bytes:
    """Return steps as protobuf writes them, (steps, length): all but the last byte are marked."""
    groups = (steps[:, None] >> (7 * np.arange(length)) & 0x7F).astype(np.uint8)
    groups[:, :-1] |= 0x80
    return groups


def _rows_of_bytes(numbers: NDArray[np.number], kind: str) -> Bytes:
    return numbers.astype(kind)[:, None].view(np.uint8)


def _rows(block: Bytes) -> list[bytes]:
    whole, length = block.tobytes(), block.shape[1]
    return [whole[start : start + length] for start in range(0, len(whole), length)]


def _event(wall_time: float, **fields: Any) -> bytes:
    """Return the record of one event."""
    from tensorboard.compat.proto.event_pb2 import Event

    event: bytes = Event(wall_time=wall_time, **fields).SerializeToString()
    return _before(len(event)) + event + _checksum(event)


@cache
def _before(length: int) -> bytes:
    """Return what stands before an event of this length."""
    packed = struct.pack("<Q", length)
    return packed + _checksum(packed)


def _checksum(data: bytes) -> bytes:
    return _checksums(np.frombuffer(data, np.uint8)[None]).astype("<u4").tobytes()


def _checksums(data: Bytes) -> NDArray[np.uint32]:
    """Return the masked CRC-32C of each row of (rows, length), at least four bytes long.

    A remainder is the exclusive or of what each byte contributes at its distance from the end. So
    one row is summed up whole, and of the others only the bytes in which they differ from it.
    """
    length = data.shape[1]
    tables = _contributions(1 << (length - 1).bit_length())[length - 1 :: -1]
    # The register starts as ones: as if the first four bytes were inverted.
    first = np.bitwise_xor.reduce(tables[:4, 0xFF])
    first ^= np.bitwise_xor.reduce(tables[np.arange(length), data[0]])
    remainders = np.full(len(data), ~first, np.uint32)
    for place in np.flatnonzero((data != data[0]).any(axis=0)):
        remainders ^= tables[place][data[:, place] ^ data[0, place]]
    masked: NDArray[np.uint32] = np.add(
        remainders >> 15 | remainders << 17, 0xA282EAD8, dtype=np.uint32
    )
    return masked


@cache
def _contributions(length: int) -> NDArray[np.uint32]:
    """Return what a byte contributes to the remainder, by its distance from the end: (length, 256).

    The first row is the table of CRC-32C; each byte that follows shifts once more.
    """
    row = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = np.where(row & 1, row >> 1 ^ np.uint32(_POLYNOMIAL), row >> 1)
    table = np.empty((length, 256), np.uint32)
    table[0] = row
    for place in range(1, length):
        table[place] = table[0][table[place - 1] & 0xFF] ^ table[place - 1] >> 8
    return table
