"""Objects that an option of the config names in its `_target_`."""

import re
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from seedbed.config.trust.module_path import reach
from seedbed.config.trust.restriction import permit
from seedbed.config.trust.targets import targets
from seedbed.errors import ConfigError, SeedbedError, nearest


def keys_of(node: Any) -> dict[str, Any]:
    """Return the keys and values of an option: a dataclass of the schema, or a mapping."""
    if is_dataclass(node):
        return {field.name: getattr(node, field.name) for field in fields(node)}
    return dict(node)


def target_of(node: Any) -> str | None:
    """Return the full name of the class that an option names."""
    target = keys_of(node).get("_target_")
    return None if target is None else str(target)


def make(key: str, kind: type, node: Any, **more: Any) -> Any:
    """Return the object of class `kind` that an option names, made with its keys and `more`.

    Nodes below it that have a `_target_` are made first, as Hydra does. `HYDRA_FULL_ERROR=1` shows
    where it fails.

    Raises:
        ConfigError: names the key where the option names nothing, the class cannot be imported,
            does not take the keys, or is none of `kind`; RunFolderError where it is not trusted.
    """
    instance = _call(key, node, more)
    if not isinstance(instance, kind):
        target = target_of(node)
        raise ConfigError(f"{key}: {target} is not a {kind.__module__}.{kind.__name__}")
    return instance


def make_factory(key: str, node: Any) -> Any:
    """Return the function or class that an option names, with the option's keys filled in."""
    return _call(key, {**keys_of(node), "_partial_": True}, {})


def _call(key: str, node: Any, more: Mapping[str, Any]) -> Any:
    if not (hasattr(node, "keys") or is_dataclass(node)):
        raise ConfigError(f"{key}: {node!r} is not a mapping with a _target_")
    keys = keys_of(node)
    if not keys.get("_target_"):
        raise ConfigError(f"{key}._target_: {keys.get('_target_')!r} names no class")
    permit(key, keys)
    for target in targets(keys):
        reach(target.name)
    from hydra.utils import instantiate  # Takes its time, and most commands make nothing.

    try:
        return instantiate(keys, **more, _convert_="all")
    except SeedbedError:
        raise
    except (Exception, SystemExit) as error:  # A module of the user's may be a program, and exit.
        said = error.__cause__
        if not isinstance(said, SeedbedError):
            raise reworded(key, keys["_target_"], error) from error
    raise said  # It says itself what is wrong.


def reworded(key: str, target: str, error: BaseException) -> ConfigError:
    """Return a ConfigError that tells the innermost reason."""
    while error.__cause__ is not None:
        error = error.__cause__
    module, _, name = target.rpartition(".")
    if isinstance(error, ModuleNotFoundError) and error.name == target and module in sys.modules:
        hint = nearest(name, vars(sys.modules[module]))
        return ConfigError(f"{key}._target_: {target}: {module} has no '{name}'.{hint}")
    reason = (str(error).splitlines() or [""])[0][:200]
    imports = isinstance(error, ImportError)
    verb, where = ("imported", f"{key}._target_") if imports else ("made", key)
    lacks = isinstance(error, TypeError) and re.search(r"missing \d+ required .*?'(\w+)'", reason)
    more = f". An argument is added by +{key}.{lacks[1]}=..." if lacks else ""
    return ConfigError(
        f"{where}: {target} cannot be {verb}: {type(error).__name__}: {reason}{more}"
    )
