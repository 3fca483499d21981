"""TensorBoard events in the run folder itself."""

import warnings
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn


class TensorBoard(Logger):
    """Writes scalars, texts, figures, the model's graph and the HParams row of one run.

    All numbers of one call share one event, which costs a fraction of an event each.
    """

    def __init__(self, folder: Path, graph: bool = True, flush_secs: int = 10) -> None:
        super().__init__()
        self.folder = folder
        self.graph = graph
        self.flush_secs = flush_secs
        self._writer: Any = None

    @property
    def name(self) -> str:
        """Nothing: the run folder is the log folder."""
        return ""

    @property
    def version(self) -> str:
        """Nothing: the run folder is the log folder."""
        return ""

    @property
    def writer(self) -> Any:
        """The torch SummaryWriter, made when first needed."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.folder), flush_secs=self.flush_secs)
        return self._writer

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Write numbers at a step, in one event."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in metrics.items()]
        self.writer.file_writer.add_summary(Summary(value=values), step)

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Do nothing: hyperparameters are written with the final metrics (`log_outcome`)."""

    @rank_zero_only
    def log_outcome(self, hyperparameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Write the row of the HParams page: hyperparameters, and which scalars are its metrics."""
        from torch.utils.tensorboard.summary import hparams

        for summary in hparams(dict(hyperparameters), dict(metrics)):
            self.writer.file_writer.add_summary(summary)

    @rank_zero_only
    def log_text(self, tag: str, text: str) -> None:
        """Write a text as a code block."""
        self.writer.add_text(tag, "    " + text.replace("\n", "\n    "))

    @rank_zero_only
    def log_graph(self, model: nn.Module, input_array: Tensor | None = None) -> None:
        """Write the graph of the model; one that torch cannot trace is left out."""
        if not self.graph or input_array is None:
            return
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            training = model.training
            try:
                self.writer.add_graph(model.eval(), input_array)
            except Exception:  # Tracing runs the model's own code, which may raise anything.
                return
            finally:
                model.train(training)

    @rank_zero_only
    def save(self) -> None:
        """Flush to disk."""
        if self._writer is not None:
            self._writer.flush()

    @rank_zero_only
    def close(self) -> None:
        """Flush and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
