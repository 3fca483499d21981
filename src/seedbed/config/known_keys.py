"""Keys of the schema by their full names: their options, their facts, and what one may mean."""

from collections.abc import Iterable, Iterator
from dataclasses import Field, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from seedbed.config import groups
from seedbed.config.schema.field import Schema
from seedbed.config.schema.store import GROUP_OF_ENTRIES, ROOTS, SCHEMAS
from seedbed.errors import listed, nearest

# Words of other tools, or everyday ones, and the last part of the key that they are called here.
SYNONYMS = {
    **dict.fromkeys(("epoch", "epochs", "n_epochs", "num_epochs", "max_epoch"), "max_epochs"),
    **dict.fromkeys(("steps", "num_steps", "iterations"), "max_steps"),
    **dict.fromkeys(("learning_rate", "learningrate", "rate", "eta"), "lr"),
    **dict.fromkeys(("batch", "bs", "batchsize", "minibatch_size"), "batch_size"),
    **dict.fromkeys(("wd", "l2", "decay"), "weight_decay"),
    **dict.fromkeys(("gpus", "num_gpus", "num_devices"), "devices"),
    **dict.fromkeys(("grad_clip", "clip", "clip_grad", "max_norm"), "gradient_clip_val"),
    **dict.fromkeys(("path", "csv", "filename"), "file"),
    **dict.fromkeys(("layers", "hidden_layers", "hidden_sizes", "units"), "hidden"),
    **dict.fromkeys(("val_split", "validation_split", "valid_size", "val_fraction"), "val_size"),
    **dict.fromkeys(("test_split", "test_fraction"), "test_size"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("run_name", "title", "label"), "name"),
    **dict.fromkeys(("tag", "labels", "keywords"), "tags"),
    **dict.fromkeys(("note", "comment", "comments", "description", "remarks"), "notes"),
    "criterion": "loss",
    "device": "accelerator",
    **dict.fromkeys(("resume_from", "resume_from_checkpoint", "ckpt_path"), "resume"),
}
# Suggestions in one message.
MOST = 3


class KnownKey(NamedTuple):
    """A key of the schema: its dataclass field, and the options of its group that have it.

    `options` is empty where the key is there whatever is chosen.
    """

    field: "Field[Any]"
    options: tuple[str, ...]


class Declaration(NamedTuple):
    """Declaration of a key by one dataclass.

    `name` is its full name, of an entry such as a callback under the option's name; `option` is
    empty where the dataclass is that of a verb, or of all options of a group.
    """

    name: str
    field: "Field[Any]"
    schema: type[Schema]
    option: str


@cache
def declarations(verb: str) -> tuple[Declaration, ...]:
    """Return every declaration of a key of a verb: its own, and those of its groups' options."""
    places = [("", ROOTS[verb], "")]
    holders = {GROUP_OF_ENTRIES.get(field.name, field.name) for field in fields(ROOTS[verb])}
    prefixes = {entry: f"{group}." for group, entry in GROUP_OF_ENTRIES.items()}
    for group in SCHEMAS:
        if group in holders:
            for option, schema in SCHEMAS[group].items():
                prefix = f"{prefixes[group]}{option}." if group in prefixes else f"{group}."
                places.append((prefix, schema, "" if group in ("trainer", "paths") else option))
    return tuple(
        Declaration(*declared, option)
        for prefix, schema, option in places
        for declared in _declared(schema, prefix)
    )


def _declared(
    schema: type[Schema], prefix: str
) -> Iterator[tuple[str, "Field[Any]", type[Schema]]]:
    for field in fields(schema):
        yield f"{prefix}{field.name}", field, schema
        if isinstance(field.type, type) and issubclass(field.type, Schema):
            yield from _declared(field.type, f"{prefix}{field.name}.")


@cache
def known_keys(verb: str = "train") -> dict[str, KnownKey]:
    """Return all keys of a verb by their full names, those of every option of every group."""
    known: dict[str, KnownKey] = {}
    for name, field, _, option in declarations(verb):
        # A group as a whole is chosen, not set; so is the class of an option.
        if name in {*SCHEMAS, *groups.GROUPS} or is_dataclass(field.type) or "._" in name:
            continue
        options = known[name].options if name in known else ()
        known[name] = KnownKey(field, (*options, option) if option else ())
    return known


@cache
def varies(full_key: str) -> bool:
    """Return whether the jobs of one fused group may differ in a key, or in one above it.

    Of the dataclasses of a group that have the key and can fuse, all must say so.
    """
    path = full_key.split(".")
    above = (".".join(path[:length]) for length in range(1, len(path) + 1))
    return any(_of_any_entry(name) in _keys_that("varies") for name in above)


@cache
def is_independent(full_key: str) -> bool:
    """Return whether no rule compares a key with another one."""
    return full_key in _keys_that("independent")


def varying_keys(group: str) -> tuple[str, ...]:
    """Return the keys of a group's options in which the jobs of one fused group may differ."""
    start = f"{group}."
    return tuple(key[len(start) :] for key in _keys_that("varies") if key.startswith(start))


@cache
def _keys_that(fact: str) -> tuple[str, ...]:
    """Return the keys of a training run of which every dataclass that has them states a fact."""
    stated: dict[str, bool] = {}
    for name, field, schema, _ in declarations("train"):
        if fact != "varies" or schema.fuses:
            key = _of_any_entry(name)
            stated[key] = stated.get(key, True) and field.metadata[fact]
    return tuple(key for key, everywhere in stated.items() if everywhere)


def _of_any_entry(full_key: str) -> str:
    """Return a key of a callback or logger without the name that the user gives the entry."""
    group, _, rest = full_key.partition(".")
    return f"{group}.*.{rest.partition('.')[2]}" if rest and group in GROUP_OF_ENTRIES else full_key


def did_you_mean(full_key: str, siblings: Iterable[str] = ()) -> str:
    """Return what an unknown key of `seedbed train` may have meant, as a sentence after a blank.

    A key of that name elsewhere goes before one that is only spelled alike among the `siblings`,
    which are the full names of the keys that stand beside it.
    """
    siblings = list(siblings)
    parent, _, name = full_key.rpartition(".")
    same = SYNONYMS.get(name, name)
    keys = known_keys()
    renamed = f"{parent}.{same}" if parent else same
    if renamed in siblings and same != name:
        return f" Did you mean '{renamed}'?"
    if renamed in keys and keys[renamed].options:
        having = f"a key of {parent}={listed(keys[renamed].options)}"
        return f" It is {having}." if same == name else f" Did you mean '{renamed}', {having}?"
    if not parent:
        chosen = [group for group in groups.GROUPS if name in groups.options(group)]
        if chosen:
            return f" Did you mean '{chosen[0]}={name}'?"
    # A key that was deleted is known, too.
    elsewhere = [key for key in keys if key.rpartition(".")[2] == same and key != full_key]
    # What a run has anyway goes before what it must choose first.
    elsewhere.sort(key=lambda key: (bool(keys[key].options), key.count(".")))
    # Nor is a key of searches meant where a run has the same.
    elsewhere = [key for key in elsewhere if not groups.is_of_sweep(key)] or elsewhere
    beside = [sibling.rpartition(".")[2] for sibling in siblings]
    # A slip of a letter or two, such as sweep.fold, goes before them.
    if parent and (slip := get_close_matches(name, beside, n=1, cutoff=0.85)):
        return f" Did you mean '{parent}.{slip[0]}'?"
    if elsewhere:
        shown = " or ".join(f"'{key}'" for key in elsewhere[:MOST])
        return f" Did you mean {shown}?"
    # By the last part: the rest, which they share, would make all of them look alike.
    prefix = f"{parent}." if parent else ""
    hint = nearest(name, [sibling.removeprefix(prefix) for sibling in siblings])
    return hint.replace("'", f"'{prefix}", 1)
