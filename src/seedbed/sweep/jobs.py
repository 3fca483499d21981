"""The config of each job of a sweep, as Hydra would compose it, and the files of its `.hydra`.

Hydra composes once for every choice of groups. What else the overrides of a job change is changed
in place, by Hydra's own code, and put back afterwards: composing takes 0.1 s and more,
copying a config 10 ms, changing one 0.1 ms.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType, ValueType
from omegaconf import Container, DictConfig, ListConfig, Node, OmegaConf, UnionNode, ValueNode
from omegaconf._utils import get_omega_conf_dumper, split_key

from seedbed.errors import ConfigError

_Path = tuple[str, ...]

# A config with what belongs to it takes some megabytes.
MOST_BASES = 64
HOLE = "seedbed-hole-7f3a"
UNKNOWN = "${"
# Words that YAML writes as they are wherever they stand: no number, no sign of YAML's own.
PLAIN = re.compile(r"(?=[^=/]*[=/])[A-Za-z/][A-Za-z0-9_./,+=-]*")
# What differs between two jobs by itself, besides the keys that they change.
HYDRA_PATHS: tuple[_Path, ...] = (
    ("hydra", "overrides", "task"),
    ("hydra", "job", "override_dirname"),
    ("hydra", "job", "id"),
    ("hydra", "job", "num"),
    ("hydra", "runtime", "output_dir"),
)
FILES = ("config.yaml", "hydra.yaml", "overrides.yaml")


class Job(NamedTuple):
    """One run of a sweep: its number, which names its folder, and its overrides."""

    number: int
    overrides: tuple[str, ...]


def numbered(overrides: Sequence[Sequence[str]]) -> list[Job]:
    """Return the jobs with these overrides, numbered from 0."""
    return [Job(number, tuple(words)) for number, words in enumerate(overrides)]


class Composer:
    """Composes the jobs of one sweep."""

    def __init__(self, loader: ConfigLoaderImpl, master: DictConfig) -> None:
        """`master` is the config of the whole sweep, as a Sweeper's `setup` is given it."""
        self.loader = loader
        self.master = master
        # As by Hydra: evaluated once before the first job, so that all jobs share date and time.
        _ = master.hydra.sweep.dir
        # What the sweep says about Hydra may name other folders of configs.
        words: Any = OmegaConf.to_container(master.hydra.overrides.hydra, resolve=False)
        name = master.hydra.job.config_name
        _, self._repository = loader._parse_overrides_and_create_caching_repo(name, words)
        self._parser = OverridesParser.create()
        self._words: dict[str, _Word] = {}
        self._bases: dict[tuple[str, ...], _Base] = {}

    def is_group(self, name: str) -> bool:
        """Tell whether a name chooses options, such as `model`."""
        return bool(self._repository.group_exists(name))

    @contextmanager
    def applied(self, job: Job) -> Iterator[DictConfig]:
        """Give the job's config, `hydra` included, for as long as the context lasts.

        It is to be read, and shared by all jobs: one at a time, from one thread. Meanwhile it is
        what HydraConfig holds. Raises what Hydra raises where it cannot be composed.
        """
        with self._applied(job) as (base, _):
            yield base.config

    def config(self, job: Job) -> DictConfig:
        """Return the job's config, `hydra` included, as a copy of its own."""
        with self.applied(job) as config:
            copied = deepcopy(config)
        OmegaConf.set_readonly(copied.hydra, True)
        return copied

    def texts(self, job: Job) -> dict[str, str]:
        """Return what Hydra would write to the job's `.hydra`: file name -> text."""
        with self._applied(job) as (base, changes):
            words = map(self._word, job.overrides)
            tasks = [word.line for word in words if not word.override.is_hydra_override()]
            texts = (
                base.config_text(changes),
                base.hydra_text(tasks),
                "".join(map(_item_text, tasks)) or "[]\n",
            )
        return dict(zip(FILES, texts, strict=True))

    @contextmanager
    def _applied(self, job: Job) -> Iterator[tuple["_Base", list[Override]]]:
        undo = _Undo()
        base, changes = self._changed(job, undo)
        if base.busy:
            raise RuntimeError("one job at a time: the config of another is still in use")
        base.busy, before = True, HydraConfig.instance().cfg
        # Without the copy that Hydra makes; read through HydraConfig.get() it is the same.
        HydraConfig.instance().cfg = base.config  # type: ignore[assignment]
        try:
            OmegaConf.copy_cache(self.master, base.config)
            base.label(job.number, [self._word(word).override for word in job.overrides], undo)
            yield base, changes
        finally:
            HydraConfig.instance().cfg = before
            base.busy = False
            undo.restore()

    def _changed(self, job: Job, undo: "_Undo") -> tuple["_Base", list[Override]]:
        """Return a base with the job's changes made, and which these are."""
        try:
            words = [self._word(word) for word in job.overrides]
            changes = [word.override for word in words if not word.is_composed]
            base = self._base(tuple(word.line for word in words if word.is_composed))
            if not base.busy:
                base.change(changes, undo)
        except Exception:
            undo.restore()
            # What Hydra alone makes of the job; as a rule it raises, and in its own words.
            return self._base(job.overrides), []
        return base, changes

    def _base(self, lines: tuple[str, ...]) -> "_Base":
        if lines not in self._bases:
            config = self.loader.load_sweep_config(self.master, list(lines))
            if len(self._bases) >= MOST_BASES:
                del self._bases[next(iter(self._bases))]
            self._bases[lines] = _Base(config)
        return self._bases[lines]

    def _word(self, line: str) -> "_Word":
        if line not in self._words:
            override = _whole_number(line) or self._parser.parse_overrides([line])[0]
            self._words[line] = _Word(line, override, self._is_composed(override))
        return self._words[line]

    def _is_composed(self, override: Override) -> bool:
        """Tell whether Hydra has to compose for this override: it chooses or is about Hydra."""
        key = override.key_or_group
        if override.is_sweep_override() or re.match(r"hydra\b", key):
            return True
        return not isinstance(override.value(), dict) and self.is_group(key)


def repeated(
    composer: Composer, overrides: Sequence[Sequence[str]], repeats: int
) -> list[list[str]]:
    """Return each job `repeats` times, with the seeds from its own seed on, these innermost.

    Raises ConfigError where a job has no whole number as seed, or where one comes twice because
    the seeds of two jobs overlap.
    """
    if repeats < 1:
        raise ConfigError(f"sweep.repeats={repeats}: a job runs once at least")
    jobs = []
    for job in numbered(overrides):
        with composer.applied(job) as config:
            seed = config.get("seed")
        if not isinstance(seed, int):
            raise ConfigError(f"sweep.repeats={repeats}: the seed {seed} is not a whole number")
        jobs += [_with_seed(job.overrides, seed + more) for more in range(repeats)]
    if len(set(map(tuple, jobs))) < repeats * len(set(map(tuple, overrides))):
        raise ConfigError(
            f"sweep.repeats={repeats}: the seeds of the sweep overlap, so jobs would run twice; "
            "sweep the seed or repeat, not both"
        )
    return jobs


def _with_seed(overrides: Sequence[str], seed: int) -> list[str]:
    """Return the overrides with this seed, in the place of the one they have or at their end."""
    words = [re.sub(r"^(\+*seed)=.*", rf"\1={seed}", word) for word in overrides]
    has_seed = any(re.match(r"\+*seed=", word) for word in words)
    return words if has_seed else [*words, f"seed={seed}"]


class _Word(NamedTuple):
    """An override, and whether Hydra has to compose for it."""

    line: str
    override: Override
    is_composed: bool


class _Elsewhere(Exception):
    """An override leads through an interpolation, to a place that is not its own."""


class _Undo:
    """What nodes held before they were changed."""

    def __init__(self) -> None:
        self.steps: list[tuple[Node, str, Any]] = []

    def keep(self, container: DictConfig) -> dict[Any, Node]:
        """Give a container a mapping that may be changed, and return it; its nodes stay shared."""
        content = container.__dict__["_content"]
        self.steps.append((container, "_content", content))
        container.__dict__["_content"] = dict(content)
        changed: dict[Any, Node] = container.__dict__["_content"]
        return changed

    def set(self, node: Node, name: str, value: Any) -> None:
        """Set what a node holds, without a check."""
        self.steps.append((node, name, node.__dict__[name]))
        node.__dict__[name] = value

    def restore(self) -> None:
        """Put everything back, the last change first."""
        while self.steps:
            node, name, value = self.steps.pop()
            node.__dict__[name] = value


class _Place(NamedTuple):
    """Where an override changes something: a child of this container, which need not exist."""

    container: DictConfig
    name: str
    path: _Path
    is_value: bool


def _place(config: DictConfig, key: str) -> _Place:
    """Return where an override of this key changes something; raises _Elsewhere."""
    path = tuple(split_key(key))
    node = config
    for depth, name in enumerate(path, start=1):
        child, rest = node.__dict__["_content"].get(name), len(path) - depth
        if rest and child is not None and child._is_interpolation():
            raise _Elsewhere
        if rest > 1 and isinstance(child, ListConfig):
            raise _Elsewhere
        if not rest or not isinstance(child, DictConfig) or child._is_none() or child._is_missing():
            is_value = not rest and isinstance(child, ValueNode | UnionNode)
            return _Place(node, name, path, is_value)
        node = child
    raise _Elsewhere


class _Base:
    """One composed config, which is changed in place for each job, and texts made from it."""

    def __init__(self, config: DictConfig) -> None:
        self.config = config
        self.busy = False
        self._job = config.hydra.job
        self._runtime = config.hydra.runtime
        self._tasks = config.hydra.overrides._get_node("task")
        self._lone: dict[tuple[str, ...], list[_Place | None]] = {}
        self._nodes: dict[str, Node] = {}
        self._task_nodes: dict[tuple[int, str], Node] = {}
        self._folders: dict[tuple[str | None, ...], str] = {}
        self._texts: dict[str, str] = {}
        self._templates: dict[tuple[Any, ...], _Template] = {}
        self._folder_reads = _reads(config, _raw(config, ("hydra", "sweep", "dir")))

    def change(self, changes: Sequence[Override], undo: _Undo) -> None:
        """Make the changes in their order; raises what Hydra raises, or _Elsewhere."""
        for override, lone in zip(changes, self._lone_places(changes), strict=True):
            place = lone or _place(self.config, override.key_or_group)
            content, line = undo.keep(place.container), _line(override)
            if lone and line in self._nodes:
                content[place.name] = self._nodes[line]
                continue
            if place.name in content:
                content[place.name] = deepcopy(content[place.name])
            ConfigLoaderImpl._apply_overrides_to_config([override], self.config)
            if lone:
                self._nodes[line] = content[place.name]

    def _lone_places(self, changes: Sequence[Override]) -> list[_Place | None]:
        """Return where each change gives one existing value another; None where it does not.

        None as well where another change overlaps: then their order matters.
        """
        keys = tuple(one.get_key_element() for one in changes)
        if keys not in self._lone:
            self._lone[keys] = [self._lone_place(one, changes) for one in changes]
        return self._lone[keys]

    def _lone_place(self, override: Override, changes: Sequence[Override]) -> _Place | None:
        place = _place(self.config, override.key_or_group)
        others = [one for one in changes if one is not override]
        if not place.is_value or any(_overlaps(one, [place.path]) for one in others):
            return None
        return None if override.is_add() or override.is_delete() else place

    def label(self, number: int, overrides: Sequence[Override], undo: _Undo) -> None:
        """Set what Hydra and its launcher say about the job: number, overrides, folder."""
        tasks = [one for one in overrides if not one.is_hydra_override()]
        undo.set(self._tasks, "_content", [self._task(*one) for one in enumerate(tasks)])
        names = self._job.config.override_dirname
        dirname = get_overrides_dirname(
            tasks, names.exclude_keys, item_sep=names.item_sep, kv_sep=names.kv_sep
        )
        undo.set(self._job._get_node("override_dirname"), "_val", dirname)
        undo.set(self._job._get_node("id"), "_val", str(number))
        undo.set(self._job._get_node("num"), "_val", number)
        if _raw(self.config, ("hydra", "sweep", "subdir")) == "${hydra.job.num}":
            subdir = str(number)
        else:
            subdir = str(OmegaConf.select(self.config, "hydra.sweep.subdir"))
        folder = os.path.abspath(os.path.join(self._folder(overrides), subdir))
        undo.set(self._runtime._get_node("output_dir"), "_val", folder)

    def _task(self, index: int, override: Override) -> Node:
        line = _line(override)
        if (index, line) not in self._task_nodes:
            scratch = deepcopy(self._tasks)
            scratch.append(line)
            node = scratch.__dict__["_content"][-1]
            node._set_parent(self._tasks)
            node._set_key(index)
            self._task_nodes[index, line] = node
        return self._task_nodes[index, line]

    def _folder(self, overrides: Sequence[Override]) -> str:
        """Return `hydra.sweep.dir`; resolving it takes OmegaConf more than a millisecond."""
        reads = self._folder_reads
        concerned = [_line(one) for one in overrides if reads and _overlaps(one, reads.keys)]
        if reads is None or any("${" in line for line in concerned):
            return str(OmegaConf.select(self.config, "hydra.sweep.dir"))
        known_by = (*concerned, *(os.environ.get(name) for name in reads.environment))
        if known_by not in self._folders:
            self._folders[known_by] = str(OmegaConf.select(self.config, "hydra.sweep.dir"))
        return self._folders[known_by]

    def config_text(self, changes: Sequence[Override]) -> str:
        """Return config.yaml of the job whose changes are made at this moment."""
        places = zip(map(_line, changes), self._lone_places(changes), strict=True)
        holes = {line: place.path for line, place in places if place}
        shape = tuple(holes.get(line, line) for line in map(_line, changes))
        if shape not in self._templates:
            names = [str(key) for key in self.config if key != "hydra"]
            plain = _plain(OmegaConf.masked_copy(self.config, names))
            self._templates[shape] = _Template(plain, list(holes.values()))
        return self._templates[shape].filled(
            {path: self._text(line, path) for line, path in holes.items()}
        )

    def _text(self, line: str, path: _Path) -> str:
        """Return the YAML after the key that a change gives a value."""
        if line not in self._texts:
            container: Any = self.config
            for name in path[:-1]:
                container = container._get_node(name)
            self._texts[line] = _value_text(path, _plain(container._get_child(path[-1])))
        return self._texts[line]

    def hydra_text(self, tasks: Sequence[str]) -> str:
        """Return hydra.yaml of the job whose changes are made at this moment."""
        tasks_path, *paths = HYDRA_PATHS
        if HYDRA_PATHS not in self._templates:
            plain = _plain(OmegaConf.masked_copy(self.config, "hydra"))
            self._templates[HYDRA_PATHS] = _Template(plain, HYDRA_PATHS)
        values = {path: _value_text(path, _raw(self.config, path)) for path in paths}
        values[tasks_path] = "".join(map(_task_text, tasks)) + "\n" if tasks else " []\n"
        return self._templates[HYDRA_PATHS].filled(values)


class _Reads(NamedTuple):
    """What the value of an interpolation depends on."""

    keys: list[_Path]
    environment: list[str]


def _reads(config: DictConfig, value: Any) -> _Reads | None:
    """Return what a value's interpolations read; None where that cannot be told.

    A resolver that keeps its result, and has one, reads nothing.
    """
    found, text = _Reads([], []), str(value)
    for inside in re.findall(r"\$\{([^{}]*)\}", text):
        name, colon, arguments = inside.partition(":")
        kept = [",".join(map(str, one)) for one in OmegaConf.get_cache(config).get(name, {})]
        if name == "oc.env" and colon:
            found.environment.append(arguments.partition(",")[0].strip())
        elif not colon and re.fullmatch(r"(?!hydra\b)[A-Za-z_]\w*(\.\w+)*", name):
            path = tuple(name.split("."))
            inner = _reads(config, _raw(config, path))
            if inner is None:
                return None
            found.keys.extend([path, *inner.keys])
            found.environment.extend(inner.environment)
        elif arguments not in kept:
            return None
    return None if UNKNOWN in re.sub(r"\$\{[^{}]*\}", "", text) else found


def _overlaps(override: Override, keys: Sequence[_Path]) -> bool:
    path = tuple(split_key(override.key_or_group))
    return any(path[: len(key)] == key[: len(path)] for key in keys)


def _raw(config: DictConfig, path: _Path) -> Any:
    """Return a value without resolving it; UNKNOWN where it cannot be reached."""
    node: Any = config
    for name in path:
        reachable = isinstance(node, DictConfig) and isinstance(node.__dict__["_content"], dict)
        node = node.__dict__["_content"].get(name) if reachable else None
    return node._value() if isinstance(node, ValueNode) else UNKNOWN


def _whole_number(line: str) -> Override | None:
    """Return an override such as seed=3 as Hydra parses it, which takes it half a millisecond."""
    found = re.fullmatch(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)=(0|[1-9][0-9]*)", line, re.ASCII)
    if found is None:
        return None
    return Override(
        OverrideType.CHANGE, found[1], ValueType.ELEMENT, int(found[2]), input_line=line
    )


def _line(override: Override) -> str:
    assert override.input_line is not None
    return override.input_line


def _plain(node: Any) -> Any:
    """Return a node as what YAML is made of, interpolations as they are."""
    if isinstance(node, Container):
        return OmegaConf.to_container(node, resolve=False, enum_to_str=True)
    value = node._value()
    return value.name if isinstance(value, Enum) else value


def _dump(plain: Any) -> str:
    """Return YAML in the way of OmegaConf.to_yaml."""
    text: str = yaml.dump(
        plain,
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=False,
        Dumper=get_omega_conf_dumper(),
    )
    return text


class _Template:
    """A YAML text with a hole after each of some keys."""

    def __init__(self, plain: Any, paths: Sequence[_Path]) -> None:
        """`plain` is what the text is of; it is changed."""
        for number, path in enumerate(paths):
            node = plain
            for name in path[:-1]:
                node = node[name]
            node[path[-1]] = f"{HOLE}-{number}"
        parts = re.split(rf" {HOLE}-(\d+)\n", _dump(plain))
        self.paths = [paths[int(number)] for number in parts[1::2]]
        self.between = parts[0::2]

    def filled(self, values: Mapping[_Path, str]) -> str:
        """Return the text with what `_value_text` returned for each path."""
        pieces = [self.between[0]]
        for path, text in zip(self.paths, self.between[1:], strict=True):
            pieces += [values[path], text]
        return "".join(pieces)


@lru_cache(maxsize=1024)
def _before(path: _Path) -> int:
    """Return how many characters of YAML lead to a value, without the space before it."""
    return len(_dump(_nested(path, HOLE))) - len(f" {HOLE}\n")


def _nested(path: _Path, value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _value_text(path: _Path, value: Any) -> str:
    """Return the YAML of a value from after its key on; it depends on the depth in the file."""
    if type(value) is int or (isinstance(value, str) and PLAIN.fullmatch(value)):
        return f" {value}\n"
    if isinstance(value, str) and re.fullmatch("[0-9]+", value):
        return f" '{value}'\n"
    return _dump(_nested(path, value))[_before(path) :]


@lru_cache(maxsize=10_000)
def _task_text(line: str) -> str:
    """Return an entry of `hydra.overrides.task`, a line break before and none after it."""
    tasks_path = HYDRA_PATHS[0]
    return f"\n    - {line}" if PLAIN.fullmatch(line) else _value_text(tasks_path, [line])[:-1]


@lru_cache(maxsize=10_000)
def _item_text(line: str) -> str:
    """Return a line of overrides.yaml."""
    return f"- {line}\n" if PLAIN.fullmatch(line) else _dump([line])
