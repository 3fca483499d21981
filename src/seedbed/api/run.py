"""A run, opened from its folder."""

import os
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.api.config import Config
from seedbed.api.figures import Figures
from seedbed.api.metrics import Metrics
from seedbed.api.notebook.cards import run_card
from seedbed.api.places import folder_of, is_sweep
from seedbed.api.reading import reading
from seedbed.api.trust import modules_of
from seedbed.catalogue.collection import entry_of
from seedbed.config.project import outputs_folder
from seedbed.errors import RunFolderError, plain
from seedbed.runs.folder import RunFolder, open_run
from seedbed.runs.record import read_record
from seedbed.terminal.words import relative

if TYPE_CHECKING:
    import polars as pl
    from torch import nn


class Run:
    """Run, opened from its folder; what is asked of one that trains is as of now.

    The folder may be somebody else's. Nothing in it is run, and nothing outside of it is read or
    written; what its config names is made only where it is Seedbed's or torch's own, or lies in a
    module of `trust`.

    Args:
        folder: Its folder; that of a job of a sweep is one, too.
        trust: Modules of yours that it may load classes from, where its model or data are, beside
            those of the project file in the working folder; a text is one module.

    Raises:
        seedbed.RunFolderError: The folder is none of a run, or its files lead out of it.

    Examples:
        >>> import seedbed
        >>> folder = seedbed.train("data=crop_yield", "trainer.max_epochs=2", progress=False).folder
        >>> run = seedbed.Run(folder)
        >>> run.status, run.epoch, run.config.data.batch_size
        ('completed', 2, 5)
        >>> run.curves.get_column("epoch").to_list()
        [1, 2]
        >>> run.predict([[75, 63, 44]]).columns
        ['apples (t/ha)', 'oranges (t/ha)']
    """

    def __init__(self, folder: str | os.PathLike[str], *, trust: str | Sequence[str] = ()) -> None:
        self._trust = modules_of(trust)
        path = folder_of("Run", folder)
        if is_sweep(path):
            raise RunFolderError(
                f"run={path}: the folder of a sweep; open it by seedbed.Sweep or seedbed.load"
            )
        self._folder: RunFolder = open_run(path, outputs_folder())

    # What became of it

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def record(self) -> Mapping[str, Any]:
        """The fields of run.json: versions, git, data and device among them."""
        return read_record(self._folder.record)

    @property
    def status(self) -> str:
        """What became of it.

        `running`, `completed`, `stopped_early`, `diverged`, `interrupted` or `failed`.
        """
        return str(self.record["status"])

    @property
    def error(self) -> str | None:
        """Why it failed, diverged or was interrupted; None where it did not."""
        return _text(self.record.get("error"))

    @property
    def command(self) -> str:
        """The command that began it."""
        return _text(self.record.get("command")) or ""

    @property
    def name(self) -> str | None:
        """Its name, where one was given."""
        return _text(self.record.get("name"))

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the last epoch, and those of the test rows; nan where it is no number.

        Of a run that goes on, or was killed, they are those of its newest checkpoint, or as far as
        they are logged.
        """
        noted = self.record.get("metrics") or self._kept("last").get("metrics")
        return _numbers(noted) or Metrics(self._logged())

    def _logged(self) -> dict[str, float]:
        """Return the newest logged numbers of the metrics that the best epoch has."""
        names = self.best_metrics
        if not names:
            return {}
        curves = self.curves
        columns = {name: curves.get_column(name) for name in names if name in curves.columns}
        points = {name: column.drop_nulls() for name, column in columns.items()}
        return {name: column[-1] for name, column in points.items() if len(column)}

    @property
    def best_metrics(self) -> dict[str, float]:
        """The metrics of the best epoch; empty where none is kept."""
        return _numbers(self._kept("best").get("metrics"))

    @property
    def epoch(self) -> int | None:
        """The last whole epoch, from 1; None where there is none yet."""
        record = self.record
        progress = record.get("progress") or {}
        kept: int | None = self._kept("last").get("epoch")
        return record.get("metrics_epoch") or progress.get("epoch") or kept

    @property
    def best_epoch(self) -> int | None:
        """The best epoch, by the optimized metric; None where none is kept."""
        return self._kept("best").get("epoch")

    def _kept(self, name: str) -> Mapping[str, Any]:
        record = self.record
        if not record.get("metrics"):
            from seedbed.runs.loading import with_checkpoints  # OmegaConf, for few runs.

            record = with_checkpoints(record, self._folder)
        return (record.get("checkpoints") or {}).get(name) or {}

    @property
    def config(self) -> Config:
        """The config, which cannot be changed: `config.optimizer.lr`."""
        from seedbed.runs.shown_config import shown_config  # OmegaConf, which a status needs not.

        return Config(shown_config(self._folder))

    @property
    def curves(self) -> "pl.DataFrame":
        """The logged numbers: a row an epoch, or a logged optimizer step, a column a metric."""
        from seedbed.api.frames.curves import curves_of_jobs

        return curves_of_jobs({0: self._folder.path}, column=None)

    @property
    def figures(self) -> Figures:
        """The figures by name; a notebook shows each."""
        return Figures(self._folder.path, self._folder.figures)

    # What it can do

    def predict(
        self,
        data: Any = None,
        *,
        split: str | None = None,
        checkpoint: str = "best",
        apply_softmax: bool = True,
        accelerator: str = "auto",
        file: str | None = None,
    ) -> Any:
        """Return what the run predicts for rows, prepared as its own.

        For an array, a tensor or a `.npy` file that is an array: values, (rows, targets), or the
        probability of each class, (rows, classes). For anything else it is a DataFrame with the
        columns that `seedbed predict` writes: of pandas where the rows were, else of polars.

        Args:
            data: Raw rows: an array, a DataFrame of polars or pandas, a list of rows, a list of
                mappings, a mapping of columns, or the path of a file or a folder.
            split: In place of rows, those of the run's own: train, val or test.
            checkpoint: Which weights: `best` or `last`.
            apply_softmax: Whether a classification gives probabilities, or else logits.
            accelerator: auto, cpu or gpu.
            file: Where the data of a split are now; None: where the run says.

        Raises:
            seedbed.ConfigError: The rows do not fit; the message says which, and why.
            seedbed.RunFolderError: The run is damaged, or names code that is not trusted.
        """
        from seedbed.api.predicting import Choices, predict

        choices = Choices(checkpoint, accelerator, file, split, apply_softmax=apply_softmax)
        return predict(self._folder, self._folder, self._trust, data, choices)

    def evaluate(
        self,
        data: Any = None,
        *,
        split: str | None = None,
        targets: str | None = None,
        checkpoint: str = "best",
        accelerator: str = "auto",
        file: str | None = None,
    ) -> dict[str, float]:
        """Return the metrics of the run on one of its splits, or on new rows with their targets.

        Nothing is written.

        Args:
            data: New rows with their targets, in place of a split: the path of a file or a folder;
                of a table a DataFrame or a list of mappings, too.
            split: train, val or test (default).
            targets: `.npy` file of the targets, where `data` is one of inputs.
            checkpoint: Which weights: `best` or `last`.
            accelerator: auto, cpu or gpu.
            file: Where the data of a split are now; None: where the run says.
        """
        from seedbed.api.predicting import Choices, evaluate

        choices = Choices(checkpoint, accelerator, file, split)
        return evaluate(self._folder, self._folder, self._trust, data, targets, choices)

    def model(self, checkpoint: str = "best", *, accelerator: str = "cpu") -> "nn.Module":
        """Return the network with its weights, in evaluation mode.

        It takes inputs as the run prepares them, and returns outputs before a softmax and before
        targets are scaled back; `prepare` gives such inputs, and `predict` does all of it.

        Args:
            checkpoint: Which weights: `best` or `last`.
            accelerator: auto, cpu or gpu: where it is put.
        """
        from seedbed.api.predicting import Choices, opened

        with reading(self._folder, self._trust) as trusted:
            member = opened(self._folder, trusted, Choices(checkpoint, accelerator))
            return member.module.net

    def prepare(self, data: Any) -> Any:
        """Return raw rows as the network takes them: a tensor, (rows, *input shape).

        Args:
            data: As in `predict`; of rows that cannot be predicted there are none.
        """
        from seedbed.api.predicting import prepared

        return prepared(self._folder, self._trust, data)

    def report(
        self, path: str | os.PathLike[str] = "report.html", *, overwrite: bool = False
    ) -> Path:
        """Write the report page, one HTML file that needs no network, and return its path.

        Args:
            path: The file; one that is such a page already is written anew.
            overwrite: Whether it may be written over a file that is none.

        Raises:
            seedbed.ConfigError: It cannot be written there.
        """
        from seedbed.api.page import write

        return write(path, overwrite, [], [self._folder.path])

    # How it is shown

    def __repr__(self) -> str:
        """Return folder, status, and the metric that picks its best epoch."""
        metric = str(self.record.get("optimized_metric"))
        value = (self.best_metrics or self.metrics).get(metric)
        best = "" if value is None else f", {metric} {value:.6g}"
        return plain(f"Run({relative(self.folder)!r}): {self._state()}{best}")

    def _state(self) -> str:
        """Return what became of it in words; of one that trains how far it is."""
        return entry_of(self.folder).state

    def _repr_html_(self) -> str:
        facts = {
            "name": self.name or "",
            "error": self.error or "",
            "command": self.command,
            "figures": ", ".join(self.figures),
        }
        metric = str(self.record.get("optimized_metric") or "train/loss")
        folder, epochs = relative(self.folder), self._epochs()
        return run_card(folder, self._state(), facts, epochs, self.curves, metric)

    def _epochs(self) -> dict[str, dict[str, float]]:
        """Return the metrics of the best and the last epoch by what these are called."""
        best, last = self.best_metrics, self.metrics
        epoch, best_epoch = self.epoch, self.best_epoch
        if best and best == last and epoch == best_epoch:
            return {f"epoch {epoch} (best, last)": last}
        pairs = (("best", best, best_epoch), ("last", last, epoch))
        return {
            name if at is None else f"epoch {at} ({name})": metrics
            for name, metrics, at in pairs
            if metrics
        }


def _text(value: object) -> str | None:
    """Return a text that steers no terminal; None where there is none."""
    return None if value is None else plain(str(value))


def _numbers(metrics: Mapping[str, float | None] | None) -> Metrics:
    """Return metrics as numbers; a record has null for what is not finite."""
    numbers = {name: nan if value is None else value for name, value in (metrics or {}).items()}
    return Metrics(numbers)
