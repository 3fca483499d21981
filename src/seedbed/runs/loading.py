"""Open a run that somebody else may have made: nothing of it is executed.

The config of a run names classes. Those of the schema and torch's own layers, optimizers and
metrics are made without asking; any other must lie in a module that the user trusts by name.
Checkpoints are read with torch's `weights_only`, which knows tensors and plain types alone.
"""

import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from seedbed.checks import check
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.schema import schema_targets, typed

# Beside the classes of the schema. Names are matched whole: a class of a module, never something
# that is reached through what a module imports.
TRUSTED = re.compile(
    r"torch\.nn\.[A-Z]\w*"
    r"|torch\.optim\.([A-Z]\w*|lr_scheduler\.[A-Z]\w*)"
    r"|torchmetrics\.((classification|regression)\.)?[A-Z]\w*"
)


def load_config(folder: RunFolder, trust: list[str]) -> DictConfig:
    """Return the run's config, typed and checked.

    Raises RunFolderError where it names code that is not trusted, or no longer fits the schema.
    """
    try:
        plain = OmegaConf.load(folder.config)
        assert isinstance(plain, DictConfig)
        for key, target in _targets(OmegaConf.to_container(plain, resolve=False), ""):
            if not is_trusted(target, trust):
                raise RunFolderError(
                    f"{folder.config}: {key} names {target}, which is not Seedbed's own; if you "
                    f"trust it: trust=[{target.partition('.')[0]}]"
                )
        config = typed(plain)
        # The run may have been trained on a GPU that this machine lacks.
        config.trainer.accelerator = "auto"
        check(config)
    except (OmegaConfBaseException, YAMLError, ConfigError, AssertionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "no mapping"
        raise RunFolderError(f"{folder.config}: does not fit this version: {reason}") from None
    return config


def is_trusted(target: str, trust: list[str]) -> bool:
    """Tell whether a class may be made: ours, torch's, or in a module that the user named."""
    if any(target == module or target.startswith(f"{module}.") for module in trust):
        return True
    return target in schema_targets() or TRUSTED.fullmatch(target) is not None


def _targets(node: Any, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("_target_", "_args_") and isinstance(value, str) and value != "???":
                yield f"{prefix}{name}", value
            yield from _targets(value, f"{prefix}{name}.")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _targets(value, f"{prefix}{number}.")


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's tensors and plain values; raises RunFolderError for anything else."""
    if not path.is_file():
        raise RunFolderError(f"{path}: no such checkpoint")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(
            f"{path}: cannot be read as tensors and plain values: {reason}"
        ) from None
    if not isinstance(content, dict) or "state_dict" not in content:
        raise RunFolderError(f"{path}: not a checkpoint of a run")
    return content
