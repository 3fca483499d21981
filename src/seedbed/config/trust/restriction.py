"""Restriction of this process to what is allowed, while it works on what may be a stranger's.

`restricted_to` begins it, with the modules that the user trusts. Everything that is made from a
config, by Hydra itself as well, is then checked again where it is made; `require_trusted` says
beforehand, and all at once, what would be refused.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from seedbed.config.trust.allowlist import OF_HYDRA, is_allowed
from seedbed.config.trust.module_path import reach
from seedbed.config.trust.targets import Target, hidden_interpolation, targets
from seedbed.errors import RunFolderError, listed

# Packages that nobody needs to trust as a whole: their classes are allowed or they are not.
_NEVER_ADVISED = frozenset(("", "seedbed", "torch", "hydra", "omegaconf", *sys.stdlib_module_names))
# A launcher of ours is no stranger's choice either: it may lead to any machine.
_LAUNCHER = "hydra.launcher._target_"

_trusted: tuple[str, ...] | None = None
# Overrides that the user has typed, which are nobody else's.
_typed: frozenset[str] = frozenset()


@contextmanager
def restricted_to(trust: Iterable[str] | None, typed: Iterable[str] = ()) -> Iterator[None]:
    """Make only what is allowed or in these modules for a while; None lifts the restriction.

    `typed` are overrides of the command, which say what the user wants.
    """
    global _trusted, _typed
    before, _trusted = _trusted, None if trust is None else tuple(map(str, trust))
    typed_before, _typed = _typed, _typed | {word.lstrip("+") for word in typed}
    with ExitStack() as stack:
        if _trusted is not None:
            stack.enter_context(_hydra_asks())
        try:
            yield
        finally:
            _trusted, _typed = before, typed_before


@contextmanager
def _hydra_asks() -> Iterator[None]:
    """Let Hydra ask for every name that it is about to look up, for an object or for logging.

    Its own policy knows what is dangerous; this one knows what is allowed.
    """
    from hydra._internal import logging_config
    from hydra._internal.instantiate import _instantiate2

    modules: tuple[Any, ...] = (logging_config, _instantiate2)
    before = [module._authorize_target_name for module in modules]

    def authorize(name: str, resolved_from: str, full_key: str, **more: Any) -> None:
        if _trusted is not None and not is_trusted(name, _trusted):
            raise RunFolderError(_refusal(full_key or "config", [Target(full_key, name)]))
        before[1](name, resolved_from, full_key, **more)

    for module in modules:
        module._authorize_target_name = authorize
    try:
        yield
    finally:
        for module, function in zip(modules, before, strict=True):
            module._authorize_target_name = function


def restriction() -> tuple[str, ...] | None:
    """Return the modules that are trusted while this process is restricted; None: it is not."""
    return _trusted


def is_restricted(key: str, value: object) -> bool:
    """Return whether what a config says of a key may be somebody else's, and not be done."""
    return _trusted is not None and f"{key}={value}" not in _typed


def permit(key: str, node: Any) -> None:
    """Raise RunFolderError where a node that is about to be made names what is not trusted."""
    if _trusted is not None:
        require_trusted(key, _trusted, node, prefix=f"{key}.")


def require_trusted(
    source: object, trust: Sequence[str], *nodes: Any, prefix: str = "", resolved: bool = True
) -> None:
    """Raise RunFolderError that names every class of configs that is not trusted, once.

    `source` is the file that the configs come from, or the key. Of values that are `resolved` none
    may hold an interpolation.
    """
    for node in nodes:
        if resolved and (hidden := hidden_interpolation(node, prefix)) is not None:
            start = hidden.name[:60]
            raise RunFolderError(f"{source}: {hidden.key} hides an interpolation: {start}")
    named = list(dict.fromkeys(target for node in nodes for target in targets(node, prefix)))
    if distrusted := [target for target in named if not is_trusted(target.name, trust)]:
        raise RunFolderError(_refusal(source, distrusted))
    for target in named:
        _require_defined_there(target.name, trust)


def is_trusted(target: str, trust: Sequence[str]) -> bool:
    """Return whether a name is allowed, or lies in a module that the user trusts."""
    if target in OF_HYDRA or is_allowed(target):
        return True
    return any(target == module or target.startswith(f"{module}.") for module in trust)


def untrusted_modules(node: Any) -> list[str]:
    """Return the modules that a user has to trust so that all of a node can be made."""
    names = (target.name for target in targets(node))
    return _advised(name for name in names if not is_trusted(name, ()))


def _require_defined_there(target: str, trust: Sequence[str]) -> None:
    """Raise RunFolderError where a trusted module has merely imported what is named.

    As well where the module cannot be imported.
    """
    if is_trusted(target, ()):
        return
    module, _, name = target.rpartition(".")
    reach(target)
    try:
        value = getattr(import_module(module), name, None)
    except Exception as error:  # It is the user's code.
        reason = (str(error).splitlines() or [""])[0]
        raise RunFolderError(
            f"{target}: cannot be imported: {type(error).__name__}: {reason}"
        ) from error
    home = str(getattr(value, "__module__", None))
    if not any(home == trusted or home.startswith(f"{trusted}.") for trusted in (module, *trust)):
        raise RunFolderError(f"{target}: is not defined there, and {home} is not trusted")


def _refusal(source: object, distrusted: Sequence[Target]) -> str:
    for key, name in distrusted:
        if key == _LAUNCHER and name.startswith("seedbed."):
            return (
                f"{source}: {key} names {name}: configs that are not your own may not choose a "
                "launcher; copy what you trust of them into the working folder, and give "
                "hydra/launcher on the command line"
            )
    names = listed(dict.fromkeys(f"{key} names {name}" for key, name in distrusted))
    modules = _advised(target.name for target in distrusted)
    several = len(distrusted) > 1
    which = "which are not Seedbed's own" if several else "which is not Seedbed's own"
    them = "them" if several else "it"
    advice = f"; if you trust {them}: trust=[{','.join(modules)}]" if modules else ""
    return f"{source}: {names}, {which}{advice}"


def _advised(names: Iterable[str]) -> list[str]:
    modules = dict.fromkeys(name.rpartition(".")[0] for name in names)
    plain = [module for module in modules if module.replace(".", "_").isidentifier()]
    return [module for module in plain if module.partition(".")[0] not in _NEVER_ADVISED]
