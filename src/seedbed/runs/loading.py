"""Loading of runs that somebody else may have made: nothing of them is executed.

The config of a run names classes. Those of the schema and torch's own layers, optimizers and
metrics are made without asking; any other must lie in a module that the user trusts by name.
Checkpoints are read with torch's `weights_only`, which knows tensors and plain types alone.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from seedbed.config.schema import schema_targets, typed
from seedbed.config.spec import RunSpec, run_spec
from seedbed.config.validation import check
from seedbed.errors import RunFolderError
from seedbed.runs.folder import RunFolder

# Beside the classes of the schema. Names are matched whole: a class of a module, never something
# that is reached through what a module imports.
TRUSTED = re.compile(
    r"torch\.nn\.[A-Z]\w*"
    r"|torch\.optim\.([A-Z]\w*|lr_scheduler\.[A-Z]\w*)"
    r"|torchmetrics\.((classification|regression)\.)?[A-Z]\w*"
)


def load_spec(folder: RunFolder, trust: list[str], data_folder: str | None = None) -> RunSpec:
    """Return the spec of the run: its config, typed and checked.

    Downloaded data are looked for in `data_folder`, not where the run's owner keeps them.

    Raises RunFolderError where it names code that is not trusted, or no longer fits the schema.
    """
    try:
        values = _resolved(folder)
        for key, target in _targets(values, ""):
            if not (is_trusted(target, trust) and is_defined_there(target, trust)):
                raise RunFolderError(_distrust(folder, key, target))
        config = typed(OmegaConf.create(values))
        # The run may have been trained on a GPU that this machine lacks.
        config.trainer.accelerator = "auto"
        if "folder" in config.data and data_folder is not None:
            config.data.folder = data_folder
        check(config, cut_short=True)
        return run_spec(config)
    except RunFolderError:
        raise
    except Exception as error:  # A file of somebody else's may hold anything.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(f"{folder.config}: does not fit this version: {reason}") from None


def _resolved(folder: RunFolder) -> dict[str, Any]:
    """Return the config as plain values: what is checked is what will be used.

    An interpolation could otherwise make another `_target_` after the check.
    """
    plain = OmegaConf.load(folder.config)
    if not isinstance(plain, DictConfig):
        raise RunFolderError(f"{folder.config}: not a config: no keys and values")
    values = OmegaConf.to_container(plain, resolve=True, throw_on_missing=False)
    assert isinstance(values, dict)
    for key, text in _strings(values, ""):
        if "${" in text:
            raise RunFolderError(f"{folder.config}: {key} hides an interpolation: {text[:60]}")
    return {str(name): value for name, value in values.items()}


def _strings(node: Any, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield prefix.rstrip("."), node
    elif isinstance(node, dict | list):
        for name, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield f"{prefix}{name}", str(name)
            yield from _strings(value, f"{prefix}{name}.")


def is_trusted(target: str, trust: list[str]) -> bool:
    """Return whether a class is Seedbed's, torch's or in a module that the user trusts."""
    if target in schema_targets() or TRUSTED.fullmatch(target) is not None:
        return True
    return any(target == module or target.startswith(f"{module}.") for module in trust)


def is_defined_there(target: str, trust: list[str]) -> bool:
    """Return whether a trusted name is defined in a trusted module, not merely imported there.

    Raises RunFolderError where the module cannot be imported.
    """
    if target in schema_targets() or TRUSTED.fullmatch(target) is not None:
        return True
    module, _, name = target.rpartition(".")
    try:
        value = getattr(import_module(module), name, None)
    except Exception as error:  # It is the user's code.
        reason = (str(error).splitlines() or [""])[0]
        raise RunFolderError(
            f"{target}: cannot be imported: {type(error).__name__}: {reason}"
        ) from error
    defined_in = str(getattr(value, "__module__", None))
    return any(
        defined_in == trusted or defined_in.startswith(f"{trusted}.")
        for trusted in [module, *trust]
    )


def _distrust(folder: RunFolder, key: str, target: str) -> str:
    module = target.rpartition(".")[0]
    known = module.partition(".")[0] in ("seedbed", "torch", "os", "builtins", "")
    advice = "" if known else f"; if you trust it: trust=[{module}]"
    return f"{folder.config}: {key} names {target}, which is not Seedbed's own{advice}"


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
    except Exception as error:  # Damaged bytes make torch raise almost anything.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(
            f"{path}: cannot be read as tensors and plain values: {reason}"
        ) from None
    if not isinstance(content, dict) or "state_dict" not in content:
        raise RunFolderError(f"{path}: not a checkpoint of a run")
    return content
