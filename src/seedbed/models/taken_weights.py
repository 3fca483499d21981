"""Weights that a network takes from another's: which name becomes which, and what is left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from seedbed.errors import ConfigError, listed, nearest

# Names in one message.
_MOST = 6
_KEY = "initial_weights"


@dataclass(frozen=True)
class Choice:
    """Choice of the weights that are taken.

    Attributes:
        only: globs over names in the network; empty: all.
        exclude: globs over names in the network that are not taken.
        rename: new name by name, or prefix of names, in the file.
        given: names in the network whose values are given otherwise, and go before the file's.
    """

    only: Sequence[str] = ()
    exclude: Sequence[str] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()


class Match(NamedTuple):
    """What a network takes.

    Attributes:
        taken: name in the file by the name in the network.
        missing: names in the network that the file lacks.
        excluded: names in the network that are not to be taken.
        left_over: names in the file that the network lacks.
    """

    taken: dict[str, str]
    missing: tuple[str, ...]
    excluded: tuple[str, ...]
    left_over: tuple[str, ...]


def take_weights(
    net: nn.Module, weights: Mapping[str, Tensor], choice: Choice, source: str
) -> Match:
    """Copy weights into a network, in place, and return which.

    Args:
        net: The network, whose parameters and persistent buffers are all of its weights.
        weights: Tensors by name.
        choice: Which of them are taken.
        source: Where they come from, for messages.

    Raises:
        ConfigError: As `match`, or numbers cannot be those of the network: of another kind, too
            large for its type, or not finite.
    """
    matched = match(net, weights, choice, source)
    own = tensors_of(net)
    values = {
        name: _converted(name, weights[there], own[name], source)
        for name, there in matched.taken.items()
    }
    with torch.no_grad():
        for name, value in values.items():
            own[name].copy_(value)
    return matched


def tensors_of(net: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and persistent buffers of a network by their names in its state."""
    state = net.state_dict(keep_vars=True)
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def match(net: nn.Module, weights: Mapping[str, Tensor], choice: Choice, source: str) -> Match:
    """Return which weights a network takes.

    A prefix that all names of one side share, such as the `net.` of a LightningModule, may be there
    or not: of the names with and without it those are compared of which most are alike.

    Raises:
        ConfigError: A glob or a new name matches nothing, nothing would be taken, or a shape
            differs.
    """
    own = tensors_of(net)
    _require_globs(choice, own)
    renamed = _renamed(own, list(weights), choice.rename, source)
    wanted = [name for name in own if name not in choice.given and _is_wanted(name, choice)]
    taken = {name: renamed[name] for name in wanted if name in renamed}
    if not taken:
        raise ConfigError(
            f"{source}: none of its weights are taken.\nThe network has {_some(own)}; "
            f"the file has {_some(weights)}"
        )
    _require_shapes(taken, own, weights, source)
    # A tensor that goes by two names is there under either.
    there = {id(own[name]) for name in taken}
    kept = {renamed[name] for name in own if name in renamed and name not in wanted}
    return Match(
        taken,
        tuple(name for name in wanted if name not in renamed and id(own[name]) not in there),
        tuple(name for name in own if name not in wanted and name not in choice.given),
        tuple(name for name in weights if name not in {*taken.values(), *kept}),
    )


def _is_wanted(name: str, choice: Choice) -> bool:
    if choice.only and not _matches(name, choice.only):
        return False
    return not _matches(name, choice.exclude)


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _require_globs(choice: Choice, own: Mapping[str, Tensor]) -> None:
    """Raise ConfigError where a glob matches no name in the network."""
    for key, globs in (("only", choice.only), ("exclude", choice.exclude)):
        for glob in globs:
            if not any(fnmatchcase(name, glob) for name in own):
                raise ConfigError(
                    f"{_KEY}.{key}: '{glob}' matches no parameter or buffer.{nearest(glob, own)} "
                    f"The network has: {listed(own)}"
                )


class _Names(NamedTuple):
    """Name in the file by the name that it has for the network, and the new names by the old.

    `prefix` is what was taken off the names in the file.
    """

    there: dict[str, str]
    renamed: dict[str, list[str]]
    prefix: str


def _renamed(
    own: Mapping[str, Tensor], there: Sequence[str], rename: Mapping[str, str], source: str
) -> dict[str, str]:
    """Return the name in the file by each name that it has for the network."""
    candidates = [
        _with_prefixes(own, there, rename, taken_off, put_on)
        for taken_off in _shared_prefixes(there)
        for put_on in _shared_prefixes(own)
    ]
    # Of several that are as good the first one, which changes least.
    best = max(candidates, key=lambda names: len(names.there.keys() & own.keys()))
    _require_renamed(own, there, rename, best, source)
    return best.there


def _with_prefixes(
    own: Mapping[str, Tensor],
    there: Sequence[str],
    rename: Mapping[str, str],
    taken_off: str,
    put_on: str,
) -> _Names:
    plain: dict[str, str] = {}
    changed: dict[str, str] = {}
    renamed: dict[str, list[str]] = {}
    for name in there:
        bare = name.removeprefix(taken_off)
        old = next((old for each in (bare, name) if (old := _old_name(each, rename))), None)
        if old is None:
            plain[put_on + bare] = name
            continue
        new = _new_name(*old, rename)
        changed[new if new in own else put_on + new] = name
        renamed.setdefault(old[1], []).append(new)
    return _Names({**plain, **changed}, renamed, taken_off)


def _shared_prefixes(names: Sequence[str] | Mapping[str, Tensor]) -> Iterator[str]:
    """Yield the beginnings, up to a dot, that all names share: "", "net.", "net.model."."""
    prefix = ""
    while True:
        yield prefix
        parts = {name[len(prefix) :].partition(".")[:2] for name in names}
        [(first, dot)] = parts if len(parts) == 1 else [("", "")]
        if not dot:
            return
        prefix += f"{first}."


def _old_name(name: str, rename: Mapping[str, str]) -> tuple[str, str] | None:
    """Return a name with the longest old name that it is or begins with; None where it stays."""
    for old in sorted(rename, key=len, reverse=True):
        if name == old or name.startswith(_with_dot(old)):
            return name, old
    return None


def _new_name(name: str, old: str, rename: Mapping[str, str]) -> str:
    new, rest = rename[old].rstrip("."), name[len(_with_dot(old)) :]
    return f"{new}.{rest}" if new and rest else new or rest


def _with_dot(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith(".") else f"{prefix}."


def _require_renamed(
    own: Mapping[str, Tensor],
    there: Sequence[str],
    rename: Mapping[str, str],
    names: _Names,
    source: str,
) -> None:
    """Raise ConfigError where an old name is none of the file, or a new one none of the network."""
    bare = [name.removeprefix(names.prefix) for name in there]
    for old, new in rename.items():
        if old not in names.renamed:
            known = {prefix for name in bare for prefix in _beginnings(name)}
            raise ConfigError(
                f"{_KEY}.rename: nothing is called '{old}' in {source.partition('=')[2]}."
                f"{nearest(old, known)} It has {_some(bare)}"
            )
        if not any(name in names.there and name in own for name in names.renamed[old]):
            parts = {prefix for name in own for prefix in _beginnings(name)}
            if new.rstrip(".") in parts:
                inside = [name for name in bare if _old_name(name, {old: new})]
                below = [name for name in own if new.rstrip(".") in _beginnings(name)]
                raise ConfigError(
                    f"{_KEY}.rename: '{old}' becomes '{new}', and of its names in the file "
                    f"({_some(inside)}) none becomes one of the network's ({_some(below)})"
                )
            raise ConfigError(
                f"{_KEY}.rename: '{old}' becomes '{new}', and the network has nothing of that "
                f"name.{nearest(new, parts)} It has {_some(own)}"
            )


def _beginnings(name: str) -> Iterator[str]:
    """Yield a name and the prefixes that it begins with, without their dots."""
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _require_shapes(
    taken: Mapping[str, str],
    own: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    source: str,
) -> None:
    for name in taken:
        if is_lazy(own[name]):
            raise ConfigError(
                f"{source}: the network's '{name}' has no size before its first row, so it cannot "
                "start from weights; give its layer a size"
            )
    differing = [name for name in taken if weights[taken[name]].shape != own[name].shape]
    if not differing:
        return
    name = differing[0]
    shapes = tuple(weights[taken[name]].shape), tuple(own[name].shape)
    others = len(differing) - 1
    more = f", and so do{'es' * (others == 1)} {others} more" * (others > 0)
    globs = ",".join(_globs(differing, own))
    raise ConfigError(
        f"{source}: shapes differ: '{name}' is {shapes[0]} there and {shapes[1]} in this "
        f"network{more}.\nExclude it by {_KEY}.exclude=[{globs}]"
    )


def _globs(names: Sequence[str], own: Mapping[str, Tensor]) -> list[str]:
    """Return globs that match these names and no other: that of a module, where all of it does."""
    globs: dict[str, None] = {}
    for name in names:
        module = f"{name.rpartition('.')[0]}.*"
        whole = module != ".*" and all(
            other in names for other in own if fnmatchcase(other, module)
        )
        globs[module if whole else name] = None
    return list(globs)


def _some(names: Sequence[str] | Mapping[str, Tensor]) -> str:
    return listed(names, _MOST)


def _kind(tensor: Tensor) -> str:
    if tensor.is_complex():
        return "complex"
    if tensor.is_floating_point():
        return "float"
    return "bool" if tensor.dtype == torch.bool else "int"


def _converted(name: str, value: Tensor, own: Tensor, source: str) -> Tensor:
    """Return numbers in the type of the network's; raise ConfigError where they would be others."""
    value = value.detach()
    types = [str(tensor.dtype).removeprefix("torch.") for tensor in (value, own)]
    if _kind(value) != _kind(own):
        raise ConfigError(f"{source}: '{name}' is {types[0]} there, and {types[1]} is needed")
    if isinstance(own, nn.Parameter) and not value.isfinite().all():
        raise ConfigError(f"{source}: '{name}' holds numbers that are not finite")
    converted = value.to(own.dtype)
    floats = value.is_floating_point() or value.is_complex()
    fits = (
        torch.equal(converted.isfinite(), value.isfinite())
        if floats
        else torch.equal(converted.to(value.dtype), value)
    )
    if not fits:
        raise ConfigError(f"{source}: '{name}' holds numbers too large for {types[1]}")
    return converted
