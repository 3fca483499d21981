"""The run that is to be repeated: fit for it, and its config as it is trained again."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.groups import OF_SWEEP
from seedbed.config.overrides import typed_word
from seedbed.config.scheduled_numbers import schedule_problems
from seedbed.config.schema import typed
from seedbed.config.trust.restriction import require_trusted
from seedbed.config.validation import check
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.folder import RunFolder, open_run
from seedbed.runs.loading import use_own_folders
from seedbed.runs.record import read_record, state_of
from seedbed.runs.resuming.last_checkpoint import last_checkpoint, require_last_checkpoint
from seedbed.runs.resuming.saved_config import ABSENT, Change, Changes, SavedConfig
from seedbed.runs.resuming.taking_up import LENGTHS
from seedbed.terminal.words import relative

# The loggers that write into the run folder alone.
_OWN_LOGGERS = ("seedbed.loggers.TensorBoard", "seedbed.loggers.CSV")
# Keys that a run which went on may have changed without another result.
_HARMLESS = ("name", "tags", "notes", "trust", "logger", "trainer.timeout", "trainer.requeue")


@dataclass(frozen=True)
class Repeated:
    """Run that is to be repeated.

    Attributes:
        folder: its folder.
        record: fields of its record.
        saved: its config, as it was saved.
        side_by_side: whether it was trained beside other jobs of its sweep.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    saved: SavedConfig
    side_by_side: bool

    @property
    def tolerance(self) -> float:
        """How far metrics and weights may be apart, relatively, and count as equal."""
        return SIDE_BY_SIDE if self.side_by_side else 0.0


# What training side by side promises.
SIDE_BY_SIDE = 1e-4


def open_to_repeat(word: str, outputs: str) -> Repeated:
    """Return the run that `run=` names.

    Raises:
        ConfigError: It is none, or cannot be repeated.
    """
    folder = open_run(word, outputs, say=True)
    record, name = read_record(folder.record), f"run={relative(folder.path)}"
    _require_ended(name, record, folder)
    group = record.get("group")
    if isinstance(group, Mapping) and not group.get("exact"):
        raise ConfigError(
            f"{name}: it has drawn its random numbers together with the jobs beside it, and draws "
            "others alone; the command in its run.json repeats all of them"
        )
    saved = SavedConfig(folder)
    for key in _changed_on_the_way(record, saved.values):
        raise ConfigError(
            f"{name}: {key} was changed on the way, and a run in one go would not pass there"
        )
    return Repeated(folder, record, saved, isinstance(group, Mapping))


def _require_ended(name: str, record: Mapping[str, Any], folder: RunFolder) -> None:
    """Raise ConfigError where a run has no end that another one could be compared with."""
    status = record["status"]
    if status == "running":
        raise ConfigError(f"{name}: this run is still running")
    if status == "interrupted":
        go_on = typed_word("resume", relative(folder.path))
        require_last_checkpoint(name, folder, record)
        last_checkpoint(folder, name=name)
        raise ConfigError(
            f"{name}: {state_of(record)}; let it come to its end first: seedbed train {go_on}"
        )
    if status == "failed":
        raise ConfigError(f"{name}: it failed, and has no result: {record.get('error')}")


def _changed_on_the_way(record: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys that a run which went on has changed, and that a run in one go cannot."""
    entries = record.get("resumed") or []
    scheduler = values.get("scheduler")
    scheduled = isinstance(scheduler, Mapping) and scheduler.get("_target_") is not None
    for entry in entries if isinstance(entries, list) else []:
        for key in (entry.get("changed") or {}) if isinstance(entry, Mapping) else ():
            harmless = any(f"{key}.".startswith(f"{name}.") for name in _HARMLESS)
            if not harmless and not (key in LENGTHS and not scheduled):
                yield str(key)


def with_schedule(
    saved: SavedConfig, schedule: Any, changes: Changes = MappingProxyType({})
) -> dict[str, Any]:
    """Return a saved config that follows a schedule, as plain values: it begins with the first.

    Args:
        saved: The config; what it says of its sweep is left out.
        schedule: Entries of a record.
        changes: What else is another.

    Raises:
        ConfigError: It is no schedule.
    """
    entries = deepcopy(schedule)
    if problem := next(schedule_problems(entries), ""):
        raise ConfigError(f"{saved.folder.record}: {problem}")
    first = entries[0]["values"]
    begins = {tuple(key.split(".")): Change(ABSENT, value) for key, value in first.items()}
    values = saved.with_changes({**changes, **begins})
    values = {name: value for name, value in values.items() if name not in OF_SWEEP}
    return {**values, "schedule": entries}


def config_of(
    repeated: Repeated, trust: list[str], paths: DictConfig, accelerator: str | None
) -> DictConfig:
    """Return the config that is trained again, typed and checked.

    It logs into its folder alone, and downloaded data are the caller's.

    Raises:
        RunFolderError: It names code that is not trusted, or no longer fits the schema.
    """
    file = repeated.folder.config
    values = deepcopy(dict(repeated.saved.values))
    loggers = values.get("logger")
    own = {
        name: node
        for name, node in (loggers.items() if isinstance(loggers, dict) else ())
        if isinstance(node, dict) and node.get("_target_") in _OWN_LOGGERS
    }
    plain_paths: Any = OmegaConf.to_container(paths, resolve=True)
    if repeated.record.get("schedule"):
        values = with_schedule(repeated.saved, repeated.record["schedule"])
    values |= {"logger": own, "paths": plain_paths, "trust": [], "resume": None}
    values.pop("sweep", None)
    require_trusted(file, trust, values)
    try:
        config = typed(OmegaConf.create(values))
        if accelerator is not None:
            config.trainer.accelerator = accelerator
        use_own_folders(config.data, str(paths.data))
        check(config, cut_short=True)
    except RunFolderError:
        raise
    except Exception as error:  # A file of somebody else's may hold anything.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(f"{file}: does not fit this version: {reason}") from None
    return config
