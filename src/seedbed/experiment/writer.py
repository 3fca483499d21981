"""Writer of a run's record and events."""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning.loggers import Logger
from torch import Tensor, get_num_threads, nn

from seedbed.data import DataModule
from seedbed.experiment.provenance import ProvenanceKeeper, data_fields
from seedbed.loggers.folder_logger import FolderLogger, HandingOn
from seedbed.loggers.labels import labels_of
from seedbed.loggers.tensorboard import TensorBoard
from seedbed.runs.folder import RunFolder
from seedbed.runs.outcome import RunOutcome
from seedbed.runs.preparation import write_preparation
from seedbed.runs.provenance.environment import device_name
from seedbed.runs.record import Record

# Field of run.json: what the run is called by MLflow and the like.
LOGGED_AS = "logged_as"


class RunWriter:
    """Writer of a run's record and of its loggers.

    Args:
        record: run.json.
        loggers: Lightning's loggers, which get metrics and hyperparameters; those of TensorBoard
            texts and the graph too.
        watched_metric: Metric that picks the best epoch.
        config: The composed config as YAML.
        after: Last epoch and optimizer step of a run that goes on; None (default): it begins.
        keeper: Keeper of the files of provenance; None (default) keeps none.
        objectives: Metrics of all objectives; none (default): the watched one.
    """

    def __init__(
        self,
        record: Record,
        loggers: list[Logger],
        watched_metric: str,
        config: str = "",
        after: tuple[int, int] | None = None,
        keeper: ProvenanceKeeper | None = None,
        objectives: Sequence[str] = (),
    ) -> None:
        self.record = record
        self.keeper = keeper if record.enabled else None
        self.loggers = loggers
        self.watched_metric = watched_metric
        self.objectives = objectives or (watched_metric,)
        self.config = config
        self.after = after

    @property
    def _of_folder(self) -> list[FolderLogger]:
        return [logger for logger in self.loggers if isinstance(logger, FolderLogger)]

    @property
    def _tensorboards(self) -> list[TensorBoard]:
        return [logger for logger in self.loggers if isinstance(logger, TensorBoard)]

    @property
    def _folder(self) -> RunFolder:
        return RunFolder(self.record.path.parent)

    @property
    def _hyperparameters(self) -> dict[str, Any]:
        return dict(self.record.provenance.get("hyperparameters", {}))

    def describe(self, data: DataModule, parameters: int) -> str:
        """Write what the run trains on; return the name of the data option.

        `parameters` is how many numbers it trains.
        """
        fields = self.record.provenance.get("data", {})
        choice = str(fields.get("choice") or type(data).__name__)
        if self.record.enabled:
            described, splits = data_fields(data, choice)
            # The threads are known only now.
            device = {"device": device_name(data.placement.device), "threads": get_num_threads()}
            watched = {"optimized_metric": self.watched_metric}
            model = {"trained_parameters": parameters}
            self.record.provenance |= {"data": described, **device, **watched, **model}
            if self.keeper is not None:
                self.record.provenance |= self.keeper.keep()
                self.keeper.keep_splits(splits)
            self.record.write(RunOutcome())
        if data.preparation is not None and self.record.enabled:
            write_preparation(self._folder.preparation, choice, data.preparation)
        for folder_logger in self._of_folder:
            folder_logger.log_labels(labels_of(self.record.provenance))
        self._go_on()
        for logger in self.loggers:  # TensorBoard's page wants them at the end.
            logger.log_hyperparams(self._hyperparameters)
        for tensorboard in self._tensorboards:
            tensorboard.log_text("config", self.config)
            tensorboard.log_text("command", str(self.record.provenance.get("command", "")))
        self._note_identities()
        return choice

    def _go_on(self) -> None:
        """Let loggers go on with what they have logged of the run."""
        if self.after is None:
            return
        known = self.record.provenance.get(LOGGED_AS, {})
        for logger in self._of_folder:
            if isinstance(logger, HandingOn):
                logger.identity = known.get(logger.option)
            logger.go_on(*self.after)

    def _note_identities(self) -> None:
        """Write down what the run is called by those who have names of their own for it."""
        handing_on = [logger for logger in self._of_folder if isinstance(logger, HandingOn)]
        names = {log.option: log.identity for log in handing_on if log.identity is not None}
        if names:
            self.record.provenance[LOGGED_AS] = names
            self.record.write(RunOutcome())

    def log_graph(self, net: nn.Module, example: Tensor | None) -> None:
        """Write the graph of the network, traced with a batch of inputs."""
        for tensorboard in self._tensorboards:
            tensorboard.log_graph(net, example)

    def write(self, outcome: RunOutcome) -> None:
        """Write what is known of the outcome by now."""
        self.record.write(outcome)

    def finish(self, outcome: RunOutcome, epoch: int) -> None:
        """Write the outcome; `epoch` is the last one.

        The record comes last: a run that is killed before it can go on, and comes here again.
        """
        try:
            self._end_loggers(outcome, epoch)
        finally:
            self._end_record(outcome)

    def _end_record(self, outcome: RunOutcome) -> None:
        if self.keeper is not None:  # Some modules are imported on the way.
            self.record.provenance |= self.keeper.keep_sources()
        self.record.finish(outcome)

    def _end_loggers(self, outcome: RunOutcome, epoch: int) -> None:
        at, scalars = outcome.closing_scalars(*self.objectives)
        for logger in self.loggers if scalars else []:
            logger.log_metrics(scalars, step=at or epoch)
            logger.save()
        for tensorboard in self._tensorboards:
            tensorboard.log_outcome(self._hyperparameters)
        for logger in self._of_folder:
            logger.close(outcome.status)

    def discard(self) -> None:
        """Remove what was written so far: the record, and what loggers wrote into the folder.

        Of a run that went on the record is what it was before.
        """
        if self.after is not None:
            for logger in self._of_folder:
                logger.close("failed")
            self.record.discard()
            return
        for logger in self._of_folder:
            logger.discard()
        if self.record.enabled:
            self._folder.preparation.unlink(missing_ok=True)
        # Those in the folder of a sweep may be of other jobs as well.
        if self.keeper is not None and self.keeper.files.path.parent == self._folder.path:
            self.keeper.files.discard()
        self.record.discard()
