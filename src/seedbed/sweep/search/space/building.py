"""Building of a space from what is typed and what a config holds, with the conditions found out."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from seedbed.config.known_keys import did_you_mean, known_keys
from seedbed.errors import ConfigError, listed, nearest
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job, Words, bare_key
from seedbed.sweep.search.axes import read_params, words_of_override
from seedbed.sweep.search.space.dimensions import (
    Choice,
    Dimension,
    Number,
    Space,
    Values,
    When,
    parents_first,
)
from seedbed.sweep.search.space.reading import AVERAGED, SPACE, space_of_config, values_of


class _Entry(NamedTuple):
    """What is said of a key: its override, its values, the conditions that were typed."""

    override: Override
    values: Values
    when: When


def build_space(
    composer: Composer,
    arguments: Sequence[str],
    loader: ConfigLoader | None = None,
    *,
    params: Mapping[str, object] | None = None,
    space: Mapping[str, Any] | None = None,
) -> Space:
    """Return the space of a search.

    A key that exists only under some options of a group that is searched counts only there. The
    command line goes before `space`, that of a config, and this before the sweeper's `params`.

    Args:
        composer: composes the options, in which the keys are looked up.
        arguments: overrides of the command line.
        loader: where globs are looked up.
        params: the sweeps that a config file holds, by key.
        space: `sweep.space`.

    Raises:
        ConfigError: a space of nothing, an interval that is none, a key that does not exist.
        HydraException: words that are no overrides, or a config that cannot be composed.
    """
    parser = OverridesParser.create(config_loader=loader)
    entries = _entries(parser, arguments, params or {}, space or {})
    plain = [entry for entry in entries if _is_plain(entry)]
    entries = [entry for entry in entries if not _is_plain(entry)]
    if all(_is_single(entry.values) for entry in entries):
        raise ConfigError(
            "search: nothing to search: give a key a space, such as "
            "'optimizer.lr=tag(log,interval(1e-5,1e-1))'"
        )
    is_group = composer.source.is_group
    groups = [entry for entry in entries if is_group(entry.override.key_or_group)]
    words = [word for entry in plain for word in words_of_override(entry.override)]
    chosen = [word for word in words if is_group(bare_key(word).partition("@")[0])]
    existing = _Existing(composer, tuple(chosen), groups)
    fixed, dimensions = [], []
    for entry in plain:
        [word] = words_of_override(entry.override)
        when = {} if word in chosen else existing.when(entry, or_nowhere=True)
        if when:
            value = Choice((word.partition("=")[2],))
            dimensions.append(Dimension(entry.override.get_key_element(), value, when))
        else:
            fixed.append(word)
    for entry in entries:
        when = {} if entry in groups else existing.when(entry)
        when = {**when, **_named(entry, entries)}
        dimensions.append(Dimension(entry.override.get_key_element(), entry.values, when))
    try:
        ordered = parents_first(dimensions)
    except ValueError as error:
        raise ConfigError(f"{SPACE}: {error}: its conditions lead back to itself") from None
    return Space(tuple(fixed), tuple(ordered))


def _entries(
    parser: OverridesParser,
    arguments: Sequence[str],
    params: Mapping[str, object],
    space: Mapping[str, Any],
) -> list[_Entry]:
    """Return what is said of each key; what is said last counts, at the place of the first."""
    entries: dict[str, _Entry] = {}
    for override in read_params(parser, params):
        entries[bare_key(override.get_key_element())] = _entry(override)
    for key, (override, when) in space_of_config(parser, space).items():
        entries[bare_key(key)] = _entry(override, when, f"{SPACE}: ")
    for override in parser.parse_overrides(list(arguments)):
        entries[bare_key(override.get_key_element())] = _entry(override)
    for key, entry in entries.items():
        if key in AVERAGED and not _is_plain(entry):
            raise ConfigError(
                f"{entry.override.input_line}: a search does not choose it; {AVERAGED[key]} judges "
                "every trial by its mean"
            )
        _require_whole(entry)
    return list(entries.values())


def _entry(override: Override, when: When | None = None, where: str = "") -> _Entry:
    if not override.is_sweep_override() and not when:
        return _Entry(override, Choice(()), {})
    return _Entry(override, values_of(override, where), when or {})


def _require_whole(entry: _Entry) -> None:
    """Raise ConfigError for numbers between two where the key takes whole ones alone."""
    key, values = bare_key(entry.override.get_key_element()), entry.values
    known = known_keys().get(key)
    takes_whole = known is not None and known.field.type in (int, int | None)
    if takes_whole and isinstance(values, Number) and not values.whole:
        low, high = f"{values.low:g}", f"{values.high:g}"
        text = "tag(log,int(interval({},{})))" if values.log else "int(interval({},{}))"
        raise ConfigError(
            f"{entry.override.input_line}: {key} is a whole number: {key}={text.format(low, high)}"
        )


def _is_plain(entry: _Entry) -> bool:
    """Return whether a key has one value in all trials."""
    return not entry.override.is_sweep_override() and not entry.when


def _is_single(values: Values) -> bool:
    return isinstance(values, Choice) and len(values.values) < 2


def _named(entry: _Entry, entries: Sequence[_Entry]) -> When:
    """Return the conditions of a `when`; raises ConfigError for what no trial will have."""
    known = {bare_key(other.override.get_key_element()): other.values for other in entries}
    where = f"{SPACE}: {bare_key(entry.override.get_key_element())}: when"
    for key, texts in entry.when.items():
        if key not in known:
            raise ConfigError(
                f"{where}: {key} is not searched.{nearest(key, known)} Searched: {listed(known)}"
            )
        values = known[key]
        if isinstance(values, Number) and not (values.whole or values.step is not None):
            raise ConfigError(f"{where}: {key} is a number between two, and seldom the same one")
        wrong = [text for text in texts if not _may_be(values, text)]
        if wrong:
            raise ConfigError(f"{where}: {key} is never {wrong[0]}: it is {values.told()}")
    return entry.when


def _may_be(values: Values, text: str) -> bool:
    if isinstance(values, Choice):
        return text in values.values
    try:
        number = float(text)
    except ValueError:
        return False
    return values.low <= number <= values.high and values.text(number) == text


class _Existing:
    """Where keys exist: under which options of the groups that are searched."""

    def __init__(self, composer: Composer, fixed: Words, groups: Sequence[_Entry]) -> None:
        self.composer = composer
        self.fixed = fixed
        self.options = {
            entry.override.get_key_element(): tuple(_texts(entry.values)) for entry in groups
        }
        self._first = {key: options[0] for key, options in self.options.items()}

    def when(self, entry: _Entry, or_nowhere: bool = False) -> When:
        """Return under which options a key exists; none: under all.

        Raises ConfigError where it exists nowhere, unless it may.
        """
        override = entry.override
        if override.is_add() or override.is_force_add() or override.is_delete():
            return {}
        key = override.key_or_group
        having = {}
        for group, options in self.options.items():
            where = [option for option in options if self._has(key, group, option)]
            having[bare_key(group)] = tuple(where)
        exists = any(having.values()) or (not self.options and self._has(key))
        if not exists and not or_nowhere:
            raise self._unknown(entry)
        every = {bare_key(group): options for group, options in self.options.items()}
        # Where the first options do not have it, the others of a group that does tell nothing.
        return {group: some for group, some in having.items() if some and some != every[group]}

    def _has(self, key: str, group: str | None = None, option: str = "") -> bool:
        chosen = self._first if group is None else {**self._first, group: option}
        return self._config(tuple(f"{name}={value}" for name, value in chosen.items()), key)

    def _config(self, words: Words, key: str) -> bool:
        with self.composer.applied(Job(0, (*self.fixed, *words))) as config:
            return _has_key(config, key)

    def _unknown(self, entry: _Entry) -> ConfigError:
        key = entry.override.key_or_group
        under = ", ".join(f"{bare_key(g)}={','.join(o)}" for g, o in self.options.items())
        siblings: list[str] = []
        for group, options in self.options.items() or [("", [""])]:
            for option in options:
                chosen = {**self._first, group: option} if group else {}
                words = tuple(f"{name}={value}" for name, value in chosen.items())
                with self.composer.applied(Job(0, (*self.fixed, *words))) as config:
                    siblings += _siblings(config, key)
        nowhere = f" under {under}" if under else ""
        return ConfigError(
            f"{entry.override.input_line}: no such key{nowhere}.{did_you_mean(key, siblings)}"
        )


def _texts(values: Values) -> Sequence[str]:
    return values.values if isinstance(values, Choice) else values.probes()


def _has_key(config: DictConfig, key: str) -> bool:
    node: Any = config
    for name in key.split("."):
        if isinstance(node, DictConfig) and node._is_interpolation():
            return True  # What it follows is looked at when a trial is composed.
        if not isinstance(node, DictConfig) or node._is_none() or node._is_missing():
            return False
        content: Any = node._content  # Asked for a key that it may not have, it would raise.
        if name not in content:
            return False
        node = content[name]
    return True


def _siblings(config: DictConfig, key: str) -> list[str]:
    parent, _, _ = key.rpartition(".")
    node: Any = config
    for name in parent.split(".") if parent else ():
        content: Any = node._content if isinstance(node, DictConfig) else {}
        node = content.get(name)
    if not isinstance(node, DictConfig) or node._is_none():
        return []
    names = [str(name) for name in node]
    return [f"{parent}.{name}" if parent else name for name in names]


def probes(space: Space) -> list[Words]:
    """Return the words of few trials that show whether the values of a space may be.

    They are the bounds of each number and every value of each choice, each beside the first ones of
    the other dimensions.
    """
    first = {d.name: d.values.probes()[0] for d in space.dimensions if not d.is_fixed}
    trials: dict[Words, None] = {}
    for dimension in space.dimensions:
        for text in dimension.values.probes()[:_MOST_PROBES]:
            chosen = {**first, dimension.name: text}
            for parent, texts in dimension.when.items():
                chosen[parent] = texts[0]
            trials[space.words(_counting(space, chosen))] = None
    return list(trials)


_MOST_PROBES = 64


def _counting(space: Space, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the dimensions that count."""
    counting: dict[str, str] = {}
    for dimension in space.dimensions:
        text = dimension.values.probes()[0] if dimension.is_fixed else chosen[dimension.name]
        if dimension.counts(counting):
            counting[dimension.name] = text
    return counting
