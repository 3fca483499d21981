"""What a run goes on from: its record, its last checkpoint and its config, and what is another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.config.changes import WHAT_MAY_CHANGE, may_change
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint
from seedbed.runs.record import now, state_of
from seedbed.runs.resuming.opening import require_ended
from seedbed.runs.resuming.saved_config import (
    Changes,
    SavedConfig,
    as_recorded,
    differences,
    full_key,
)
from seedbed.terminal.words import relative

# What only the command says, and no run keeps.
LENGTHS = {f"trainer.{name}" for name in ("max_epochs", "min_epochs", "max_steps", "max_time")}
_OF_COMMAND = ("hydra", "resume", "sweep", "paths", "trust")


@dataclass(frozen=True)
class TakenUp:
    """What a run goes on from.

    Attributes:
        record: fields of its record.
        saved: its config.
        changes: keys that are others from now on.
        epoch, step: those of its last checkpoint; the epoch may have been stopped within.
        measured: the last epoch whose metrics are known; 0 where there is none.
    """

    record: Mapping[str, Any]
    saved: SavedConfig
    changes: Changes
    epoch: int
    step: int
    measured: int

    def entry(self) -> dict[str, Any]:
        """Return what is added to `resumed` in its record."""
        return {
            "at": now(),
            "epoch": self.epoch,
            "step": self.step,
            "status": state_of(self.record),
            "changed": as_recorded(self.changes),
        }


def take_up(folder: RunFolder, values: Mapping[str, Any]) -> TakenUp:
    """Return what a run goes on from, with a config of plain values.

    Raises:
        ConfigError: It is running, is complete, has nothing to go on from, or would be another run.
    """
    name = f"resume={relative(folder.path)}"
    record, saved = require_ended(folder), SavedConfig(folder)
    changes = {
        path: change
        for path, change in differences(saved.values, values).items()
        if path[0] not in _OF_COMMAND
    }
    for path in changes:
        if not may_change(full_key(path)):
            raise ConfigError(
                f"{full_key(path)}: {name} goes on as it was begun. "
                f"What may change: {WHAT_MAY_CHANGE}"
            )
    last = folder.checkpoint("last")
    checkpoint = load_checkpoint(last)
    if "loops" not in checkpoint:
        raise RunFolderError(f"{name}: {relative(last)} holds weights alone, and no optimizer")
    epoch, step = int(checkpoint["epoch"]), int(checkpoint["global_step"])
    if record["status"] == "completed":
        _require_more(name, epoch, record, changes)
    measured = int(checkpoint.get("metrics_epoch") or 0)
    return TakenUp(record, saved, changes, epoch, step, measured)


def _require_more(name: str, epoch: int, record: Mapping[str, Any], changes: Changes) -> None:
    """Raise ConfigError where a run is complete and would not train on."""
    keys = {full_key(path) for path in changes}
    stopped = record.get("stopped")
    if stopped and not any(key.startswith("callbacks") for key in keys):
        raise ConfigError(
            f"{name}: it was stopped {stopped}, and would be again; change what stopped it, such "
            "as callbacks.early_stopping.patience=100"
        )
    if not stopped and not keys & LENGTHS:
        raise ConfigError(
            f"{name}: complete, all of its {epoch} epochs are trained; "
            f"trainer.max_epochs={2 * epoch} trains it on"
        )
