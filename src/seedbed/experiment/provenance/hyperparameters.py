"""Hyperparameters of a run: the choices of its config, and the keys that somebody has set."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra.conf import RuntimeConf
from omegaconf import DictConfig, ListConfig, OmegaConf, ValueNode

from seedbed.config.groups import GROUPS, NO_HYPERPARAMETERS
from seedbed.config.schema.own_module import does_nothing, groups_without_effect, is_chosen
from seedbed.runs.provenance.secrets import is_secret


def config_folders(runtime: RuntimeConf) -> tuple[str, ...]:
    """Return the folders that Hydra has looked for configs in, the first one first."""
    return tuple(str(source.path) for source in runtime.config_sources)


@lru_cache(maxsize=256)
def preset_keys(preset: str | None, folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys that a preset, `experiment=NAME`, sets itself or by others of its own."""
    if not preset:
        return ()
    files = (Path(folder) / "experiment" / f"{preset}.yaml" for folder in folders)
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return ()
    content: Any = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    entries = [entry for entry in content.pop("defaults", None) or [] if isinstance(entry, str)]
    others = {entry.removeprefix("/experiment/") for entry in entries} - {"_self_", preset}
    inherited = [key for other in sorted(others) for key in preset_keys(other, folders)]
    return tuple(dict.fromkeys([*inherited, *_leaves(content)]))


def _leaves(node: dict[Any, Any], prefix: str = "") -> Iterator[str]:
    for name, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def hyperparameters(
    config: DictConfig,
    choices: Mapping[str, str],
    overrides: Sequence[str],
    preset: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the chosen option of each group, and the keys that preset and command line set."""
    values: dict[str, Any] = {}
    without_effect = groups_without_effect(config) if is_chosen(config) else ()
    unused = {"callbacks", "logger", "debug", "search", "stop", *without_effect}
    if choices.get("module") == "none":  # Without a class it says nothing.
        unused.add("module")
    for group in GROUPS:
        if group in choices and group not in unused:
            values[group] = choices[group]
    keys = dict.fromkeys(preset)
    for override in overrides:
        if override.startswith("~"):  # What is deleted has no value.
            continue
        key = override.partition("=")[0].lstrip("+~").partition("@")[0]
        if key == "callback":  # +callback@callbacks.fit=fit
            values[override.partition("@")[2].partition("=")[0]] = override.partition("=")[2]
        else:
            keys[key] = None
    for key in keys:
        top = re.split(r"[./]", key)[0]
        unshown = {top, key} & {*NO_HYPERPARAMETERS}
        other = key in GROUPS or unshown or does_nothing(key, without_effect)
        value = None if other else _selected(config, key)
        if value is None or is_secret(key, value):
            continue
        plain = isinstance(value, bool | int | float | str)
        container = isinstance(value, DictConfig | ListConfig)
        values[key] = value if plain else str(OmegaConf.to_container(value) if container else value)
    return values


def _selected(config: DictConfig, key: str) -> Any:
    """Return a value; one that is written out is read without what OmegaConf does for others."""
    node: Any = config
    for name in key.split("."):
        is_mapping = isinstance(node, DictConfig) and not node._is_none()
        node = node._get_node(name) if is_mapping else None
    if isinstance(node, ValueNode) and not node._is_interpolation() and not node._is_missing():
        return node._value()
    return OmegaConf.select(config, key, default=None)
