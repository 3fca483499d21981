"""TensorBoard events in the run folder itself."""

import socket
import time
import warnings
from argparse import Namespace
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from os import getpid
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn

from seedbed.training.evaluation_mode import evaluation_mode

_file_number = count()


def event_file_name(number: int) -> str:
    """Return a name that TensorBoard takes for an event file; `number` tells files apart."""
    parts = (int(time.time()), socket.gethostname(), getpid(), number)
    return "events.out.tfevents." + ".".join(map(str, parts))


def text_summary(tag: str, content: str) -> Any:
    """Return the summary of a text, shown as a code block."""
    from torch.utils.tensorboard.summary import text

    return text(tag, "    " + content.replace("\n", "\n    "))


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
    """One TensorBoard event file, written in blocks by the calling thread.

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
        self._records = RecordWriter(self.path.open("wb"))
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
        """Hand everything to the operating system."""
        self._records.flush()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._records.close()


class TensorBoard(Logger):
    """Writes scalars, texts, the model's graph and the HParams row of one run.

    All numbers of one call share one event.
    """

    def __init__(self, folder: Path, graph: bool = True, flush_secs: float = 10) -> None:
        super().__init__()
        self.folder = folder
        self.graph = graph
        self.flush_secs = flush_secs
        self._file: EventFile | None = None

    @property
    def name(self) -> str:
        """Nothing: the run folder is the log folder."""
        return ""

    @property
    def version(self) -> str:
        """Nothing: the run folder is the log folder."""
        return ""

    @property
    def events(self) -> EventFile:
        """The event file, made when first needed."""
        if self._file is None:
            self._file = EventFile(self.folder, self.flush_secs)
        return self._file

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Write numbers at a step, in one event."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in metrics.items()]
        self.events.add(Summary(value=values), step)

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Do nothing: hyperparameters are written with the final metrics (`log_outcome`)."""

    @rank_zero_only
    def log_outcome(self, hyperparameters: Mapping[str, Any]) -> None:
        """Write the row of the HParams page."""
        for summary in outcome_summaries(hyperparameters):
            self.events.add(summary)

    @rank_zero_only
    def log_text(self, tag: str, content: str) -> None:
        """Write a text as a code block."""
        self.events.add(text_summary(tag, content))

    @rank_zero_only
    def log_image(self, tag: str, png: bytes, step: int) -> None:
        """Write a picture at a step."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        # The header of a PNG holds its width and height.
        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
        self.events.add(Summary(value=[Summary.Value(tag=tag, image=image)]), step)

    @rank_zero_only
    def log_graph(self, model: nn.Module, input_array: Tensor | None = None) -> None:
        """Write the graph of the model; one that torch cannot trace is left out."""
        if not self.graph or input_array is None:
            return
        from torch.utils.tensorboard._pytorch_graph import graph

        # torch prints why it failed; whoever's model it is will see that in training.
        with warnings.catch_warnings(), torch.no_grad(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            try:
                with evaluation_mode(model):
                    traced, _ = graph(model, input_array)
            except Exception:  # Tracing runs the model's own code, which may raise anything.
                return
        self.events.add_graph(traced)

    @rank_zero_only
    def save(self) -> None:
        """Flush to disk."""
        if self._file is not None:
            self._file.flush()

    @rank_zero_only
    def discard(self) -> None:
        """Close the file and remove it."""
        if self._file is not None:
            self._file.close()
            self._file.path.unlink()
            self._file = None

    @rank_zero_only
    def close(self) -> None:
        """Flush and close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
