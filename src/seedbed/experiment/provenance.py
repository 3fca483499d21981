"""What the record of a run says before anything has run: what was asked for, and on what."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf

from seedbed.config.groups import GROUPS
from seedbed.runs.provenance import command_line, device_name, git_state, versions


def provenance_of_job(
    config: DictConfig, choices: dict[str, str], overrides: list[str]
) -> dict[str, Any]:
    """Return what each job of a sweep says for itself."""
    return {
        "hyperparameters": hyperparameters(config, choices, overrides),
        "seed": config.seed,
        "data": {"choice": choices.get("data"), "fingerprint": None},
    }


def provenance_of_command(command: list[str], device: torch.device) -> dict[str, Any]:
    """Return what all jobs of a command have in common."""
    return {
        "command": command_line(command),
        "versions": versions(),
        "git": git_state(Path.cwd()),
        "device": device_name(device),
    }


def hyperparameters(
    config: DictConfig, choices: dict[str, str], overrides: list[str]
) -> dict[str, Any]:
    """Return the chosen option of each group and the keys that the command line changed."""
    found: dict[str, Any] = {}
    for group in GROUPS:
        if group in choices and group not in ("callbacks", "logger", "debug"):
            found[group] = choices[group]
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~").partition("@")[0]
        if key.startswith("sweep."):
            continue
        if key == "callback":  # +callback@callbacks.fit=fit
            found[override.partition("@")[2].partition("=")[0]] = override.partition("=")[2]
            continue
        value = OmegaConf.select(config, key, default=None)
        if key not in GROUPS and value is not None:
            plain = isinstance(value, bool | int | float | str)
            listed = OmegaConf.to_container(value) if isinstance(value, ListConfig) else value
            found[key] = value if plain else str(listed)
    return found
