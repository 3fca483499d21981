"""The config that a run has saved: read, compared with another one, and brought up to date."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.overrides import words_of
from seedbed.config.resolvers import INFERRED
from seedbed.config.schema import typed
from seedbed.config.trust.saved_config import plain_config, read_config
from seedbed.errors import ConfigError, RunFolderError
from seedbed.files import write_atomically
from seedbed.runs.folder import RESOLVED, RunFolder

# Stands for a key that is not there.
ABSENT = object()
# Of a key, the names from the top of the config down to it.
Place = tuple[str, ...]


class Change(NamedTuple):
    """Values of a key before and now, each ABSENT where the key was, or is, not there."""

    before: Any
    now: Any


Changes = Mapping[Place, Change]


def full_key(path: Place) -> str:
    """Return a key as it is typed."""
    return ".".join(path)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[Place, Change]:
    """Return the keys whose values differ between two configs of plain values."""
    return dict(_differences(before, now, ()))


def _differences(before: Any, now: Any, path: Place) -> Iterator[tuple[Place, Change]]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            inside = (*path, str(name))
            yield from _differences(before.get(name, ABSENT), now.get(name, ABSENT), inside)
    elif type(before) is not type(now) or before != now:
        yield path, Change(before, now)


def as_recorded(changes: Changes) -> dict[str, list[Any]]:
    """Return changes as run.json has them: `{key: [before, now]}`, null for what is not there."""
    pairs = {
        full_key(path): [None if value is ABSENT else value for value in change]
        for path, change in changes.items()
    }
    return {key: pair for key, pair in pairs.items() if pair != [None, None]}


class SavedConfig:
    """The config of a run: `text` as Hydra wrote it, and `values`, which it had.

    Both are plain values; in `text` are interpolations. `resolved` tells that `values` are kept in
    a file of their own, since some interpolations would give others by now.

    Raises RunFolderError where it is damaged, or lacks facts of its data.
    """

    def __init__(self, folder: RunFolder, record: Mapping[str, Any] | None = None) -> None:
        """`record` are the fields of the run's record; None (default): they are not asked."""
        self.folder = folder
        self._hydra_file = folder.config.with_name("hydra.yaml")
        exists = self._hydra_file.is_file()
        self.hydra = read_config(self._hydra_file) if exists else OmegaConf.create()
        self.resolved = folder.resolved.is_file()
        self.text = plain_config(folder.config, read_config(folder.config), resolve=False)
        config = read_config(folder.readable_config)
        _require_facts(folder, config)
        self.values = plain_config(folder.readable_config, config, resolve=True)
        self._before: dict[Path, bytes] = {}
        self._unsaved_before = self._unsaved(record or {})
        self.text = self._changed_text(self._unsaved_before)
        self.values = changed(self.values, self._unsaved_before)

    def _unsaved(self, record: Mapping[str, Any]) -> Changes:
        """Return the changes that a record speaks of, and that a kill kept from being saved."""
        *_, last = record.get("resumed") or [{}]
        changed = last.get("changed") or {}
        changes = {tuple(key.split(".")): Change(*pair) for key, pair in changed.items()}
        return {
            place: Change(before, ABSENT if now is None and before is not None else now)
            for place, (before, now) in changes.items()
            if _at(self.values, place) == before != now
        }

    def with_changes(self, changes: Changes) -> dict[str, Any]:
        """Return the values with changes of the text; what follows from a changed key is changed.

        Of keys that are kept resolved, what follows is looked for among those that may change.
        """
        config = changed(self.values if self.resolved else self.text, changes)
        return plain_config(self.folder.config, OmegaConf.create(config), resolve=True)

    def typed_values(self) -> dict[str, Any]:
        """Return the values with the keys that the schema has by now, at their defaults.

        Raises RunFolderError where another version has saved what does not fit this one.
        """
        try:
            config = typed(OmegaConf.create(self.values))
        except ConfigError as error:
            reason = str(error).splitlines()[0]
            raise RunFolderError(
                f"{self.folder.config}: does not fit this version of Seedbed: {reason}"
            ) from None
        return plain_config(self.folder.config, config, resolve=True)

    @property
    def words(self) -> list[str]:
        """The overrides that the run was begun with, and those that it went on with."""
        return words_of(OmegaConf.select(self.hydra, "hydra.overrides.task") or [])

    @property
    def choices(self) -> dict[str, Any]:
        """The chosen option of each group."""
        node = OmegaConf.select(self.hydra, "hydra.runtime.choices") or OmegaConf.create()
        return plain_config(self.folder.config, node, resolve=False)

    def save(self, changes: Changes, words: Sequence[str], choices: Mapping[str, Any]) -> None:
        """Write the files with changes of the values, other words and other choices."""
        files = [path for path in self.folder.config.parent.iterdir() if path.is_file()]
        self._before = {path: path.read_bytes() for path in files}
        if list(words) != self.words:
            with open_dict(self.hydra):
                OmegaConf.update(self.hydra, "hydra.overrides.task", list(words))
                OmegaConf.update(self.hydra, "hydra.runtime.choices", dict(choices))
            write_atomically(self._hydra_file, OmegaConf.to_yaml(self.hydra).encode())
            overrides = self.folder.config.with_name("overrides.yaml")
            write_atomically(overrides, OmegaConf.to_yaml(list(words)).encode())
        if not changes and not self._unsaved_before:
            return
        text = self._changed_text(changes)
        write_atomically(self.folder.config, OmegaConf.to_yaml(text).encode())
        if self.resolved:
            values = changed(self.values, changes)
            write_atomically(self.folder.resolved, OmegaConf.to_yaml(values).encode())

    def _changed_text(self, changes: Changes) -> dict[str, Any]:
        """Return the text with changes of the values; what follows from others still does."""
        interpolated = {p for p in changes if _has_interpolation(_at(self.text, p))}
        text = changed(self.text, {p: c for p, c in changes.items() if p not in interpolated})
        if not self.resolved:
            follows = plain_config(self.folder.config, OmegaConf.create(text), resolve=True)
            interpolated = {p for p in interpolated if _at(follows, p) != changes[p].now}
        return changed(text, {p: changes[p] for p in interpolated})

    def restore(self) -> None:
        """Write the files as they were before `save`."""
        for path, content in self._before.items():
            if path.read_bytes() != content:
                write_atomically(path, content)


def _require_facts(folder: RunFolder, config: DictConfig) -> None:
    if f"${{{INFERRED}:" in OmegaConf.to_yaml(config).replace(" ", ""):
        raise RunFolderError(
            f"{folder.readable_config}: does not hold the facts of its data; {RESOLVED} is missing"
        )


def changed(values: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """Return a copy of plain values with changes."""
    copy: dict[str, Any] = deepcopy(dict(values))
    for path, (_, now) in changes.items():
        *above, name = path
        node = copy
        for part in above:
            if not isinstance(node.get(part), dict):
                node[part] = {}
            node = node[part]
        if now is ABSENT:
            node.pop(name, None)
        else:
            node[name] = deepcopy(now)
    return copy


def _at(values: Any, path: Iterable[str]) -> Any:
    for name in path:
        values = values.get(name, ABSENT) if isinstance(values, Mapping) else ABSENT
    return values


def _has_interpolation(value: object) -> bool:
    return isinstance(value, str) and "${" in value
