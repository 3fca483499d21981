"""Validation of a composed config: missing values, ranges, words, and the rules of its dataclasses.

All of it is known without torch, but for whether a GPU that was asked for is there. Problems are
collected and shown together.
"""

import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from math import isfinite
from operator import ge, gt, le, lt
from typing import Any, get_args
from unicodedata import category

from omegaconf import MISSING, DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from seedbed.config.known_keys import did_you_mean
from seedbed.config.overrides import words_of
from seedbed.config.schema import schema_of
from seedbed.config.schema.field import declared
from seedbed.config.schema.store import GROUP_OF_ENTRIES
from seedbed.errors import ConfigError, known_cause, listed, nearest

# The task first: what it does not fit is often the reason of all else.
GROUPS_OF_A_RUN = (
    "task",
    "data",
    "model",
    "optimizer",
    "gradient",
    "scheduler",
    "trainer",
    "callbacks",
    "logger",
    "search",
    "stop",
)

# Of one list: the names of 20,000 classes have room, a network of so many layers is none.
MOST_VALUES = 50_000


def check(config: DictConfig, cut_short: bool = False) -> None:
    """Raise a ConfigError that names every problem of a composed config.

    Of a run that is `cut_short` on purpose, to debug it, the stopping rules need not be reached.
    """
    of_a_run = "optimizer" in config
    # Each stage relies on those before it.
    stages = [_empty_mappings(config), _walk(config, "")]
    if of_a_run:
        stages = [_no_options(config), *stages]
    if of_a_run or "run" in config:
        stages.append(_rules(config, "problems"))
    if of_a_run and not cut_short:
        stages.append(_rules(config, "out_of_reach"))
    for stage in stages:
        if problems := dict.fromkeys(stage):
            raise ConfigError("\n".join(problems))


def check_value(config: DictConfig, full_key: str) -> None:
    """Raise a ConfigError where one value of a config is out of its limits, and look no further."""
    parent, _, name = full_key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    field = declared(schema_of(node)).get(name)
    if field is not None and (problems := [*value_problems(full_key, node[name], field.metadata)]):
        raise ConfigError("\n".join(problems))


# Values of facts of rows that no rule of a data node finds fault with.
_ANY_FACTS = {
    "task": "minimize",
    "input_shape": [],
    "output_size": 1,
    "in_memory": True,
    **{name: [] for name in ("feature_names", "target_names", "class_names", "category_sizes")},
}


def given_problems(node: DictConfig) -> list[str]:
    """Return the problems of a data node that it has whatever the facts of its rows are."""
    schema = schema_of(node)
    if schema is None:
        return []
    given = deepcopy(node)  # Under the same parent, so that it resolves as the node itself does.
    names = _ANY_FACTS.keys() & given.keys()  # To ask whether it has a key would resolve that.
    is_asked = "in_memory" in names and OmegaConf.is_interpolation(given, "in_memory")
    for name in names:
        if name not in ("task", "in_memory") or OmegaConf.is_interpolation(given, name):
            given[name] = _ANY_FACTS[name]
    problems = list(_walk(given, "data."))
    rule = getattr(schema, "problems", None)
    if is_asked:
        given.in_memory = MISSING
    if not problems and rule is not None:
        problems = list(rule(given, given, "data"))
    return list(dict.fromkeys(problems))


def _empty_mappings(config: DictConfig) -> Iterator[str]:
    """Yield the overrides that would empty a mapping, and leave all of it: Hydra merges them."""
    typed = OmegaConf.select(config, "hydra.overrides.task", default=OmegaConf.create([]))
    for key, equals, value in (word.partition("=") for word in words_of(typed) if "{" in word):
        if equals and value.replace(" ", "") == "{}":
            node = OmegaConf.select(config, key.lstrip("+"), throw_on_resolution_failure=False)
            if isinstance(node, DictConfig) and len(node):
                yield f"{key}={value}: adds nothing to what is there; {key}=null empties it"


def _no_options(config: DictConfig) -> Iterator[str]:
    """Yield the groups that hold no mapping of keys; an option of the user's may be anything."""
    for group in GROUPS_OF_A_RUN:
        if group in config and not isinstance(config[group], DictConfig):
            chosen = OmegaConf.select(config, f"hydra.runtime.choices.{group}")
            option = f"={chosen}" if chosen else ""
            yield f"{group}{option}: a mapping of keys is needed, and it is {config[group]!r}"
        elif group in GROUPS_OF_A_RUN[:5] and not _target(config[group]):
            yield f"{group}._target_: {config[group].get('_target_')!r} names no class"


def _target(node: DictConfig) -> Any:
    """Return the class that a node names; a missing one is found by the walk over all keys."""
    return OmegaConf.is_missing(node, "_target_") or node.get("_target_")


def _walk(node: DictConfig, prefix: str) -> Iterator[str]:
    """Yield the problems of one node's keys, then of the nodes below it."""
    fields = declared(schema_of(node))
    for name in list(node):
        full_key = f"{prefix}{name}"
        if full_key == "hydra":
            continue
        if fields and name not in fields:
            hint = did_you_mean(full_key, [f"{prefix}{sibling}" for sibling in fields])
            yield f"{full_key}: no such key.{hint} Known: {listed(fields, 30)}"
            continue
        metadata = fields[name].metadata if fields else {}
        if OmegaConf.is_missing(node, name):
            meaning = metadata.get("meaning", "")
            yield f"{full_key}: a value is required" + (f" ({meaning})" if meaning else "")
            continue
        try:
            value = node[name]
        except InterpolationToMissingValueError:
            continue  # The missing value is a problem of its own.
        except OmegaConfBaseException as error:
            # What cannot be inferred has a reason of its own, the same for all that is.
            known = known_cause(error)
            yield from str(known).split("\n") if known else [_first_line(full_key, error)]
            continue
        if isinstance(value, DictConfig):
            yield from _walk(value, f"{full_key}.")
        elif fields and _holds_lists(value, fields[name].type):
            yield f"{full_key}: {value} holds a list, and single values are needed"
        elif metadata:
            yield from value_problems(full_key, value, metadata)


def _first_line(full_key: str, error: Exception) -> str:
    return f"{full_key}: {str(error).splitlines()[0]}"


def _holds_lists(value: object, declared_type: Any) -> bool:
    """Return whether there are lists in a list of single values; OmegaConf lets them pass."""
    kinds = {item for kind in (declared_type, *get_args(declared_type)) for item in get_args(kind)}
    if not isinstance(value, ListConfig) or not {int, float, str} & kinds:
        return False
    return any(isinstance(item, ListConfig | DictConfig) for item in value._iter_ex(resolve=False))


def value_problems(full_key: str, value: object, metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a value, or with each value of a list.

    `metadata` is that of the key's field, as `seedbed.config.schema.key` writes it.
    """
    if isinstance(value, ListConfig) and len(value) > MOST_VALUES:
        yield f"{full_key}: {len(value):,} values, and a list may have {MOST_VALUES:,}"
        return
    try:
        values = list(value) if isinstance(value, ListConfig) else [value]
    except OmegaConfBaseException as error:
        yield _first_line(full_key, error)
        return
    words = metadata.get("one_of")
    for item in values:
        if item is None:
            continue
        if metadata.get("is_path") and isinstance(item, str):
            yield from _path_problems(full_key, item)
        elif metadata.get("most_letters") and isinstance(item, str):
            yield from _text_problems(full_key, item, metadata)
        elif words is not None and item not in words:
            meant = (metadata.get("synonyms") or {}).get(str(item).lower())
            hint = f" Did you mean '{meant}'?" if meant in words else nearest(str(item), words)
            if metadata.get("own_class") and "." in str(item):
                hint = f" A class of yours is named by {full_key}._target_={item}"
            yield f"{full_key}: '{item}' is not one of {listed(words)}.{hint}"
        elif isinstance(item, int | float) and not isinstance(item, bool):
            bound = _missed_bound(item, metadata)
            if bound:
                yield f"{full_key}: {item} is out of range: it must be {bound}"


def _path_problems(full_key: str, path: str) -> Iterator[str]:
    if not path.strip() or "\0" in path:
        yield f"{full_key}: {path!r} names no file or folder, and a path is needed"
    elif path.startswith("~/") or path == "~":
        yield f"{full_key}: '{path}': write the home folder out, such as {os.path.expanduser(path)}"


def _text_problems(full_key: str, text: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a free text, which others will print and store."""
    most, allowed = metadata["most_letters"], "\n\t" if metadata["lines"] else ""
    shown = ascii(text if len(text) <= 40 else f"{text[:40]}...")
    if len(text) > most:
        yield f"{full_key}: {len(text):,} letters, and it may have {most:,}"
    elif not text.strip():
        yield f"{full_key}: {shown} says nothing; leave it out"
    elif any(category(sign) in _UNSHOWN for sign in text if sign not in f"{allowed}{_JOINERS}"):
        yield f"{full_key}: {shown} holds a sign that is no letter, or a second line; leave it out"


# Unicode's categories of controls, of what turns or hides text, of halves of signs, of line ends.
_UNSHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# What some languages, and pictures of several signs, are written with.
_JOINERS = "\u200c\u200d"

_BOUNDS = {"at_least": ge, "above": gt, "at_most": le, "below": lt}


def _missed_bound(number: float, metadata: Mapping[str, Any]) -> str:
    """Return the first bound that a number does not keep, in words; nothing where it keeps all."""
    if isinstance(number, int) and abs(number) >= 2**63:  # No tensor holds it.
        return f"at most {2**63 - 1}"
    if not isfinite(number):
        return "finite"
    limits = {name: metadata.get(name) for name in _BOUNDS}
    missed = (
        f"{name.replace('_', ' ')} {limit}"
        for name, limit in limits.items()
        if limit is not None and not _BOUNDS[name](number, limit)
    )
    return next(missed, "")


def _rules(config: DictConfig, rule: str) -> Iterator[str]:
    """Yield what the dataclasses of the nodes say by a class method, as schema/field.py has it."""
    for key, node in _typed_nodes(config):
        check_node = getattr(schema_of(node), rule, None)
        if check_node is not None:
            yield from check_node(node, config, key)


def _typed_nodes(config: DictConfig) -> Iterator[tuple[str, DictConfig]]:
    """Yield the nodes that have a dataclass and rules, with their keys."""
    if "optimizer" not in config:
        yield "", config
        return
    for group in GROUPS_OF_A_RUN:
        yield group, config[group]
    yield "", config
    yield "initial_weights", config.initial_weights
    yield "freeze", config.freeze
    yield "sweep", config.sweep
    for group in GROUP_OF_ENTRIES:
        for name, node in config[group].items():
            yield f"{group}.{name}", node
