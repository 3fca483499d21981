"""MLflow logger of one run."""

import logging
import os
import re
import shutil
from pathlib import Path

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from seedbed.loggers.folder_logger import HandingOn, only_without_restriction, run_name
from seedbed.loggers.labels import Labels

MLFLOW_NOTE = "mlflow.note.content"
# What MLflow calls the end of a run; of any other status it has failed.
_ENDS = {"completed": "FINISHED", "interrupted": "KILLED"}


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
        )

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
