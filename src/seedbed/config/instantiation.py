"""Make what a config node names in its `_target_`; say which key is wrong where that fails."""

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate

from seedbed.errors import ConfigError, SeedbedError


def make(key: str, kind: type, node: Any, **more: Any) -> Any:
    """Return the object of class `kind` that a node names, made with its keys and `more`.

    Nodes below it that have a `_target_` are made first, as Hydra does. Raises ConfigError with the
    key where the node names nothing, the class cannot be imported, does not take the keys, or is
    none of `kind`. `HYDRA_FULL_ERROR=1` shows where.
    """
    made = _call(key, node, more)
    if not isinstance(made, kind):
        raise ConfigError(f"{key}: {node['_target_']} is not a {kind.__module__}.{kind.__name__}")
    return made


def make_factory(key: str, node: Any) -> Any:
    """Return the function or class that a node names, with the node's keys filled in."""
    return _call(key, {**node, "_partial_": True}, {})


def _call(key: str, node: Any, more: Mapping[str, Any]) -> Any:
    if not hasattr(node, "keys"):
        raise ConfigError(f"{key}: {node!r} is not a mapping with a _target_")
    if not node.get("_target_"):
        raise ConfigError(f"{key}._target_: {node.get('_target_')!r} names no class")
    try:
        return instantiate(node, **more, _convert_="all")
    except SeedbedError:
        raise
    except Exception as error:
        raise reworded(key, node["_target_"], error) from error


def reworded(key: str, target: str, error: BaseException) -> ConfigError:
    """Return a ConfigError that tells the innermost reason."""
    while error.__cause__ is not None:
        error = error.__cause__
    reason = (str(error).splitlines() or [""])[0][:200]
    imports = isinstance(error, ImportError)
    verb, where = ("imported", f"{key}._target_") if imports else ("made", key)
    return ConfigError(f"{where}: {target} cannot be {verb}: {type(error).__name__}: {reason}")
