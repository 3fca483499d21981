"""Every key that the schema declares, and which of them an unknown key may have meant."""

from collections.abc import Iterable, Iterator
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple

from seedbed.config import groups
from seedbed.config.schema.store import GROUPS, ROOTS
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
    **dict.fromkeys(("layers", "hidden_layers", "hidden_size", "hidden_sizes", "units"), "hidden"),
    **dict.fromkeys(("val_split", "validation_split", "valid_size", "val_fraction"), "val_size"),
    **dict.fromkeys(("test_split", "test_fraction"), "test_size"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    "criterion": "loss",
    "device": "accelerator",
    "resume_from": "resume",
}
# Keys of a verb that hold the option chosen of a group.
_CHOICES = {*GROUPS, "callbacks"}
# Suggestions in one message.
MOST = 3


class KnownKey(NamedTuple):
    """A key of the schema: its dataclass field, and the options of its group that have it.

    `options` is empty where the key is there whatever is chosen.
    """

    field: "Field[Any]"
    options: tuple[str, ...]


@cache
def known_keys(verb: str = "train") -> dict[str, KnownKey]:
    """Return all keys of a verb by their full names, those of every option of every group."""
    found: dict[str, KnownKey] = {}
    places = [("", ROOTS[verb], "")]
    roots = [field.name for field in fields(ROOTS[verb])]
    for group, nodes in GROUPS.items():
        if group not in roots and group != "callback":
            continue
        for option, node in nodes.items():
            name = {"callback": f"callbacks.{option}", "logger": f"logger.{option}"}.get(group)
            always = group in ("trainer", "paths")
            if verb == "train" or group != "callback":
                places.append((f"{name or group}.", node, "" if always else option))
    for prefix, node, option in places:
        for name, field in _nested(node, prefix):
            if name in GROUPS or name in groups.GROUPS:  # As a whole it is chosen, not set.
                continue
            options = found[name].options if name in found else ()
            found[name] = KnownKey(field, (*options, option) if option else ())
    return found


def _nested(node: Any, prefix: str) -> Iterator[tuple[str, "Field[Any]"]]:
    for field in fields(node):
        name = f"{prefix}{field.name}"
        if is_dataclass(field.type):
            yield from _nested(field.type, f"{name}.")
        elif name not in _CHOICES and not field.name.startswith("_"):
            yield name, field


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
    elsewhere = [key for key in keys if key.rpartition(".")[2] == same]
    # What a run has anyway goes before what it must choose first.
    elsewhere.sort(key=lambda key: (bool(keys[key].options), key.count(".")))
    if elsewhere:
        shown = " or ".join(f"'{key}'" for key in elsewhere[:MOST])
        return f" Did you mean {shown}?"
    # By the last part: the rest, which they share, would make all of them look alike.
    prefix = f"{parent}." if parent else ""
    hint = nearest(name, [one.removeprefix(prefix) for one in siblings])
    return hint.replace("'", f"'{prefix}", 1)
