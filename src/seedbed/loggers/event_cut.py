"""Cut of the event files of a run that goes on: what it will log again is taken out of them."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from seedbed.files import atomic_file
from seedbed.loggers.metrics_file import AT_STEPS, CLOSING

# The texts and rows of the HParams page that a run writes anew, by how their tags begin.
_ANEW = ("config/", "command/", "_hparams_/")
# A record is its length, a checksum of that, the event, and a checksum of it.
_HEADER, _CHECKSUM = 12, 4


def cut_events(path: Path, epoch: int, step: int) -> None:
    """Leave in an event file what was logged until an epoch and an optimizer step.

    What a run logs at its end, and when it starts, is taken out whenever that was. Records stay as
    they are, byte for byte, but for those that lose a part. A file that loses nothing is left.
    """
    from tensorboard.compat.proto.event_pb2 import Event

    with path.open("rb") as file:
        records = list(_records(file))
        whole = file.tell() == path.stat().st_size
    kept = []
    for record in records:
        event = Event()
        event.ParseFromString(record[_HEADER:-_CHECKSUM])
        stays = _without_later(event, epoch, step)
        if stays is not None:
            kept.append(record if stays == event else _record(stays))
    if kept != records or not whole:
        with atomic_file(path) as file:
            file.writelines(kept)


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Yield the records of an event file; the last one of a run that was killed may lack a part.

    The file is left behind the last whole one.
    """
    while True:
        start = file.tell()
        header = file.read(_HEADER)
        length = struct.unpack("<Q", header[:8])[0] if len(header) == _HEADER else 0
        # Of a damaged file it may be anything.
        rest = file.read(length + _CHECKSUM) if length < 1 << 31 else b""
        if len(header) < _HEADER or len(rest) < length + _CHECKSUM:
            file.seek(start)
            return
        yield header + rest


def _without_later(event: Any, epoch: int, step: int) -> Any:
    """Return what stays of an event; None where nothing does."""
    if event.HasField("graph_def"):
        return None
    if not event.HasField("summary"):
        return event
    values = [value for value in event.summary.value if _stays(value.tag, event.step, epoch, step)]
    if len(values) == len(event.summary.value):
        return event
    if not values:
        return None
    part = type(event)()
    part.CopyFrom(event)
    del part.summary.value[:]
    part.summary.value.extend(values)
    return part


def _stays(tag: str, at: int, epoch: int, step: int) -> bool:
    if tag.startswith((*_ANEW, *CLOSING)):
        return False
    return at <= (step if tag.endswith(AT_STEPS) else epoch)


def _record(event: Any) -> bytes:
    from io import BytesIO

    from tensorboard.summary.writer.record_writer import RecordWriter

    buffer = BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    return buffer.getvalue()
