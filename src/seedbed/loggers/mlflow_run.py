"""MLflow logger of one run."""

import logging
import os
import re
import shutil
import sqlite3
from argparse import Namespace
from contextlib import closing as closing_connection
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from seedbed.loggers.folder_logger import HandingOn, only_without_restriction, run_name
from seedbed.loggers.labels import Labels
from seedbed.loggers.metrics_file import AT_STEPS, CLOSING

MLFLOW_NOTE = "mlflow.note.content"
# What MLflow calls the end of a run; of any other status it has failed.
_ENDS = {"completed": "FINISHED", "stopped_early": "FINISHED", "interrupted": "KILLED"}


def _tags(labels: Labels) -> dict[str, str]:
    """Return tags as MLflow has them, pairs of a name and a text; the notes are one that it shows.

    It takes few signs in a name; others become `_`.
    """
    tags = {re.sub(r"[^\w.\- ]", "_", tag): "true" for tag in labels.tags}
    return tags | ({MLFLOW_NOTE: labels.notes} if labels.notes else {})


class MLflow(HandingOn):
    """Logger of an MLflow run, which is in a database of its own unless a URI says where.

    Args:
        folder: The run folder.
        experiment: Experiment that the run belongs to.
        tracking_uri: Where runs go; None (default) for `mlflow.db` in the run folder.

    Raises:
        ConfigError: MLflow is not installed; RunFolderError where a URI is not the user's own.
    """

    def __init__(
        self, folder: Path, experiment: str = "seedbed", tracking_uri: str | None = None
    ) -> None:
        super().__init__(folder, "mlflow", "mlflow")
        if tracking_uri is not None:
            only_without_restriction("logger.mlflow.tracking_uri", tracking_uri)
        self.experiment_name = experiment
        self.tracking_uri = tracking_uri

    @property
    def database(self) -> Path:
        """The database in the run folder."""
        return self.folder / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """The folder of artifacts that belongs to it."""
        return self.folder / "mlflow"

    def make(self) -> Logger:
        """Return Lightning's logger, which begins the run."""
        # Without it, MLflow tells its makers about every run.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import mlflow  # noqa: F401  # It sets up its log, which tells of tables that it makes.
        from pytorch_lightning.loggers import MLFlowLogger

        for name in ("mlflow", "alembic", "pytorch_lightning.loggers.mlflow"):
            logging.getLogger(name).setLevel(logging.ERROR)
        own = self.tracking_uri is None
        return MLFlowLogger(
            self.experiment_name,
            run_name=self.labels.name or run_name(self.folder),
            tags=_tags(self.labels),
            tracking_uri=f"sqlite:///{self.database.resolve()}" if own else self.tracking_uri,
            artifact_location=str(self.artifacts.resolve()) if own else None,
            run_id=self.identity,
        )

    @rank_zero_only
    def go_on(self, epoch: int, step: int) -> None:
        """Take out of the database in the folder what the run logs again.

        A server keeps it, and shows the later one of two points.
        """
        if self.identity is not None and self.tracking_uri is None and self.database.is_file():
            _cut(self.database, self.identity, epoch, step)

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Log hyperparameters; one that is another since the run went on is a tag, `now.NAME`."""
        values = vars(params) if isinstance(params, Namespace) else params
        if self.identity is not None:
            self.made.experiment.update_run(self.identity, status="RUNNING")
            known = self.made.experiment.get_run(self.identity).data.params
            for name, value in values.items():
                if known.get(name, str(value)) != str(value):
                    self.made.experiment.set_tag(self.identity, f"now.{name}", str(value))
            values = {name: value for name, value in values.items() if name not in known}
        super().log_hyperparams(values)
        if self._made is not None:
            self.identity = self.made.run_id

    @rank_zero_only
    def close(self, status: str = "completed") -> None:
        """End the run."""
        if self._made is not None:
            self.made.experiment.set_terminated(self.made.run_id, _ENDS.get(status, "FAILED"))

    @rank_zero_only
    def discard(self) -> None:
        """Remove the run."""
        if self._made is None:
            return
        if self.tracking_uri is not None:
            self.made.experiment.delete_run(self.made.run_id)
            return
        self.database.unlink(missing_ok=True)
        shutil.rmtree(self.artifacts, ignore_errors=True)


def _cut(database: Path, run: str, epoch: int, step: int) -> None:
    """Take out of a database what a run has logged after an epoch and a step, and at its end."""
    at_steps = f"%{AT_STEPS}".replace("_", r"\_")
    closing = [f"{start}%" for start in CLOSING]
    later = (
        r"(step > CASE WHEN key LIKE ? ESCAPE '\' THEN ? ELSE ? END"
        + " OR key LIKE ?" * len(closing)
        + ")"
    )
    with closing_connection(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            f"DELETE FROM metrics WHERE run_uuid = ? AND {later}",
            (run, at_steps, step, epoch, *closing),
        )
        connection.execute("DELETE FROM latest_metrics WHERE run_uuid = ?", (run,))
        connection.execute(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)"
            " SELECT key, value, timestamp, MAX(step), is_nan, run_uuid FROM metrics"
            " WHERE run_uuid = ? GROUP BY key",
            (run,),
        )
