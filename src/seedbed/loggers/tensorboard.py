"""TensorBoard logger of one run."""

import warnings
from argparse import Namespace
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.loggers.logger import rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn

from seedbed.loggers.event_cut import cut_events
from seedbed.loggers.event_file import EventFile, image_summary, outcome_summaries, text_summary
from seedbed.loggers.folder_logger import FolderLogger
from seedbed.loggers.labels import Labels
from seedbed.training.evaluation_mode import evaluation_mode

# How the name of the file ends that the user's own code writes.
OWN_WRITER = ".own"


class _LazyWriter:
    """SummaryWriter of torch's that makes its file when it is first used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._made is None:
            from torch.utils.tensorboard import SummaryWriter

            self._made = SummaryWriter(str(self._folder), filename_suffix=OWN_WRITER)
        return getattr(self._made, name)

    def end(self) -> None:
        """Close the file, if there is one."""
        if self._made is not None:
            self._made.close()


class TensorBoard(FolderLogger):
    """Logger of scalars, texts, images, the model's graph and the HParams row of one run.

    Args:
        folder: The run folder.
        graph: Whether the graph of the model is written.
        flush_secs: Seconds after which what was written is on disk.
    """

    def __init__(self, folder: Path, graph: bool = True, flush_secs: float = 10) -> None:
        super().__init__(folder)
        self.graph = graph
        self.flush_secs = flush_secs
        self._file: EventFile | None = None
        self._writer: Any = None

    @property
    def events(self) -> EventFile:
        """The event file, made when first needed."""
        if self._file is None:
            self._file = EventFile(self.folder, self.flush_secs)
        return self._file

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """torch's SummaryWriter, for a LightningModule or callback of the user's that wants one."""
        # Lightning looks at it in every run.
        self._writer = self._writer or _LazyWriter(self.folder)
        return self._writer

    @rank_zero_only
    def go_on(self, epoch: int, step: int) -> None:
        """Take out of the event files what the run logs again; its own code's are left."""
        for path in sorted(self.folder.glob("events.out.tfevents.*")):
            if not path.name.endswith(OWN_WRITER) and not path.is_symlink():
                cut_events(path, epoch, step)

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
    def log_labels(self, labels: Labels) -> None:
        """Write name, tags and notes as texts, where they were given."""
        for tag, content in labels.texts().items():
            self.log_text(tag, content)

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
        self.events.add(image_summary(tag, png), step)

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
        """Close the files and remove them."""
        self._close_writer()
        for path in self.folder.glob(f"events.out.tfevents.*{OWN_WRITER}"):
            path.unlink()
        if self._file is not None:
            self._file.close()
            self._file.path.unlink()
            self._file = None

    @rank_zero_only
    def close(self, status: str = "completed") -> None:
        """Flush and close the files."""
        self._close_writer()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.end()
            self._writer = None
