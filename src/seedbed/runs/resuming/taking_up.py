"""What a run goes on from: its record, its last checkpoint and its config, and what is another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.config.changes import may_change, what_may_change
from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.runs.preparation import stored_preparation
from seedbed.runs.provenance.files import SOURCES
from seedbed.runs.record import now, state_of
from seedbed.runs.resuming.last_checkpoint import last_checkpoint
from seedbed.runs.resuming.opening import require_ended
from seedbed.runs.resuming.same_sources import changed_sources
from seedbed.runs.resuming.saved_config import (
    Changes,
    Place,
    SavedConfig,
    as_recorded,
    differences,
    full_key,
)
from seedbed.terminal.words import relative

# Where data lie, which may have moved if they are the same.
_OF_PLACES = ("file", "val_file", "test_file", "folder", "cache")
# What only the command says, and no run keeps.
LENGTHS = {f"trainer.{name}" for name in ("max_epochs", "min_epochs", "max_steps", "max_time")}
CHECKPOINT = "seedbed.callbacks.Checkpoint"
OF_COMMAND = ("hydra", "resume", "sweep", "paths", "trust")


@dataclass(frozen=True)
class TakenUp:
    """What a run goes on from.

    Attributes:
        record: fields of its record.
        saved: its config.
        changes: keys that are others from now on.
        epoch, step: those of its last checkpoint; the epoch may have been stopped within.
        measured: the last epoch whose metrics are known; 0 where there is none.
        preparation: what was fitted to its training rows, as plain values; None: nothing.
        sources: hashes before and now of the own modules that may be others, and are.
    """

    record: Mapping[str, Any]
    saved: SavedConfig
    changes: Changes
    epoch: int
    step: int
    measured: int
    preparation: Mapping[str, Any] | None
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def asks_rules_again(self) -> bool:
        """Whether a rule that has stopped the run may let it train on: what it says has changed."""
        keys = map(full_key, self.changes)
        other = any(key in LENGTHS or key.startswith("callbacks.") for key in keys)
        return other or bool(self.sources)

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the data that the run was trained on by now; None: not known."""
        known: str | None = (self.record.get("data") or {}).get("fingerprint")
        return known

    def require_same_data(self, fingerprint: str | None) -> None:
        """Raise ConfigError where data have another fingerprint than the run has trained on."""
        if self.fingerprint and fingerprint and self.fingerprint != fingerprint:
            raise ConfigError(
                f"data: not those that resume={relative(self.saved.folder.path)} was begun with"
            )

    def entry(self) -> dict[str, Any]:
        """Return what is added to `resumed` in its record."""
        return {
            "at": now(),
            "epoch": self.epoch,
            "step": self.step,
            "status": state_of(self.record),
            "changed": as_recorded(self.changes)
            | {f"{SOURCES}.{name}": list(pair) for name, pair in self.sources.items()},
        }


def take_up(folder: RunFolder, values: Mapping[str, Any], last: Path | None = None) -> TakenUp:
    """Return what a run goes on from, with a config of plain values.

    Args:
        folder: Its folder.
        values: Its config from now on.
        last: Its last checkpoint; None (default): that in its folder.

    Raises:
        ConfigError: It is running, is complete, has nothing to go on from, or would be another run.
    """
    name = f"resume={relative(folder.path)}"
    record = require_ended(folder)
    saved = SavedConfig(folder, record)
    changes = {
        place: change
        for place, change in differences(saved.typed_values(), values).items()
        if place[0] not in OF_COMMAND
    }
    _require_changeable(name, changes, record)
    if not any(node.get("_target_") == CHECKPOINT for node in _nodes(values.get("callbacks"))):
        raise ConfigError(f"callbacks: {name} goes on with none that keeps its checkpoints")
    sources = changed_sources(name, folder, record, saved.values, values)
    checkpoint = last_checkpoint(folder, last)
    if "loops" not in checkpoint:
        raise RunFolderError(
            f"{name}: {state_of(record)}, and its last.ckpt holds weights alone, without the state "
            "of the optimizer; another run begins from them by initial_weights.checkpoint=last "
            f"{typed_word('initial_weights.run', relative(folder.path))}"
        )
    epoch, step = int(checkpoint["epoch"]), int(checkpoint["global_step"])
    measured = int(checkpoint.get("metrics_epoch") or 0)
    _require_longer(name, values, measured, step)
    if record["status"] == "completed":
        _require_more(name, epoch, record, changes)
    preparation = stored_preparation(folder, checkpoint)
    return TakenUp(record, saved, changes, epoch, step, measured, preparation, sources)


def is_changeable(place: Place) -> bool:
    """Return whether a key may change: one that tells where data lie, too, if they are the same."""
    return may_change(full_key(place)) or (place[0] == "data" and place[-1] in _OF_PLACES)


def _nodes(group: Any) -> list[Mapping[str, Any]]:
    """Return the entries of a group such as `callbacks`."""
    nodes = group.values() if isinstance(group, Mapping) else ()
    return [node for node in nodes if isinstance(node, Mapping)]


def _require_changeable(name: str, changes: Changes, record: Mapping[str, Any]) -> None:
    """Raise ConfigError where the run would be another one."""
    known = (record.get("data") or {}).get("fingerprint") is not None
    for place in changes:
        if not is_changeable(place) or (place[0] == "data" and not known):
            raise ConfigError(
                f"{full_key(place)}: {name} goes on as it was begun. "
                f"What may change: {what_may_change()}"
            )


def _require_longer(name: str, values: Mapping[str, Any], epochs: int, steps: int) -> None:
    """Raise ConfigError where a run would be shorter than it is already."""
    trainer = values.get("trainer") or {}
    for key, trained in (("max_epochs", epochs), ("max_steps", steps)):
        most = trainer.get(key)
        if isinstance(most, int) and most < trained:
            unit = key.removeprefix("max_")
            raise ConfigError(
                f"trainer.{key}: {most}, and {name} has trained {trained:,} {unit} already"
            )


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
