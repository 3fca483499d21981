"""TensorBoard event files and the summaries in them."""

import socket
import time
from collections.abc import Mapping
from itertools import count
from os import getpid
from pathlib import Path
from typing import Any

_file_number = count()


def event_file_name(number: int) -> str:
    """Return a name that TensorBoard takes for an event file; `number` tells files apart."""
    parts = (int(time.time()), socket.gethostname(), getpid(), number)
    return "events.out.tfevents." + ".".join(map(str, parts))


def text_summary(tag: str, content: str) -> Any:
    """Return the summary of a text, shown as a code block."""
    from torch.utils.tensorboard.summary import text

    return text(tag, "    " + content.replace("\n", "\n    "))


def image_summary(tag: str, png: bytes) -> Any:
    """Return the summary of a picture."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    # The header of a PNG holds its width and height.
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=image)])


def outcome_summaries(hyperparameters: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the two summaries of a row of the HParams page; its metrics are the run's scalars.

    torch's first summary, which lists the columns of the page, is left out: TensorBoard would take
    the list of whichever run it finds first for all runs. Without it, it takes every key and every
    scalar of every run.
    """
    from torch.utils.tensorboard.summary import hparams

    _, session_start, session_end = hparams(dict(hyperparameters), {})
    return session_start, session_end


class EventFile:
    """TensorBoard event file, written in blocks by the calling thread.

    torch's SummaryWriter hands every event to a thread, and the two then wait for each other's
    interpreter lock: 0.5 ms an event beside a training loop, against 0.04 ms here.
    """

    def __init__(self, folder: Path, flush_secs: float) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / event_file_name(next(_file_number))
        self.flush_secs = flush_secs
        self._event = Event
        self._records = RecordWriter(self.path.open("xb"))
        self._flushed_at = time.monotonic()
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.flush()

    def add(self, summary: Any, step: int | None = None) -> None:
        """Add a summary at a step."""
        self._write(self._event(wall_time=time.time(), summary=summary, step=step))

    def add_graph(self, graph: Any) -> None:
        """Add the graph of a model."""
        event = self._event(wall_time=time.time(), graph_def=graph.SerializeToString())
        self._write(event)

    def _write(self, event: Any) -> None:
        self._records.write(event.SerializeToString())
        if time.monotonic() - self._flushed_at >= self.flush_secs:
            self.flush()

    def flush(self) -> None:
        """Write everything to disk."""
        self._records.flush()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._records.close()
