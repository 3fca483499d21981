"""Weights & Biases logger of one run."""

import os
import shutil
from argparse import Namespace
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from seedbed.loggers.folder_logger import HandingOn, only_without_restriction, run_name


class WandB(HandingOn):
    """Logger of a run of Weights & Biases, below `wandb/` in the run folder.

    Args:
        folder: The run folder.
        project: Project that the run belongs to.
        offline: Whether nothing is sent; `wandb sync` does it later.

    Raises:
        ConfigError: wandb is not installed; RunFolderError where it would send what is not the
            user's own.
    """

    def __init__(self, folder: Path, project: str = "seedbed", offline: bool = True) -> None:
        super().__init__(folder, "wandb", "wandb")
        if not offline:
            only_without_restriction("logger.wandb.offline", "false")
        self.project = project
        self.offline = offline

    @property
    def files(self) -> Path:
        """The folder that it writes."""
        return self.folder / "wandb"

    def make(self) -> Logger:
        """Return Lightning's logger, which begins the run."""
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb
        from pytorch_lightning.loggers import WandbLogger

        settings = wandb.Settings(silent=True, console="off", disable_git=True, disable_code=True)
        return WandbLogger(
            name=self.labels.name or run_name(self.folder),
            tags=list(self.labels.tags) or None,
            notes=self.labels.notes,
            save_dir=str(self.folder),
            project=self.project,
            mode="offline" if self.offline else "online",
            settings=settings,
            id=self.identity,
            resume="allow",
        )

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Log hyperparameters."""
        super().log_hyperparams(params)
        if self._made is not None:
            self.identity = self.made.experiment.id

    @rank_zero_only
    def close(self, status: str = "completed") -> None:
        """End the run; the next one of this process is another."""
        if self._made is not None:
            self.made.experiment.finish(
                exit_code=0 if status in ("completed", "stopped_early") else 1
            )
            self._made = None

    @rank_zero_only
    def discard(self) -> None:
        """Remove the run; one that was sent stays."""
        if self._made is not None:
            self.close("failed")
            shutil.rmtree(self.files, ignore_errors=True)
