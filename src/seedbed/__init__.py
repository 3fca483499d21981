"""Seedbed: compose an experiment from YAML, run one or a thousand variants, trust the outcome.

The names below are imported on first use: neither torch nor Hydra is, by `import seedbed`.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from seedbed.version import __version__

if TYPE_CHECKING:
    from seedbed.api.opening import load
    from seedbed.api.run import Run
    from seedbed.api.sweep import Sweep
    from seedbed.api.verbs.composing import compose
    from seedbed.api.verbs.sweeping import sweep
    from seedbed.api.verbs.training import train
    from seedbed.errors import (
        ConfigError,
        DataError,
        Interrupted,
        RunDiverged,
        RunFailed,
        RunFolderError,
        SeedbedError,
    )

# Where each name comes from.
_NAMES = {
    "compose": "seedbed.api.verbs.composing",
    "load": "seedbed.api.opening",
    "train": "seedbed.api.verbs.training",
    "sweep": "seedbed.api.verbs.sweeping",
    "Run": "seedbed.api.run",
    "Sweep": "seedbed.api.sweep",
    "ConfigError": "seedbed.errors",
    "DataError": "seedbed.errors",
    "RunFolderError": "seedbed.errors",
    "SeedbedError": "seedbed.errors",
    "RunFailed": "seedbed.errors",
    "RunDiverged": "seedbed.errors",
    "Interrupted": "seedbed.errors",
}

__all__ = [
    "ConfigError",
    "DataError",
    "Interrupted",
    "Run",
    "RunDiverged",
    "RunFailed",
    "RunFolderError",
    "SeedbedError",
    "Sweep",
    "__version__",
    "compose",
    "load",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a name on its first use."""
    if name not in _NAMES:
        raise AttributeError(f"module 'seedbed' has no attribute '{name}'")
    value = getattr(import_module(_NAMES[name]), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """This package, whose `sweep` is the function; Python would put the room of that name there."""

    @property
    def sweep(self) -> Any:
        """The function."""
        return getattr(import_module(_NAMES["sweep"]), "sweep")  # noqa: B009

    @sweep.setter
    def sweep(self, value: object) -> None:
        """Leave it, when the room is imported."""


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    """Return the names for completion."""
    return sorted({*globals(), *_NAMES})
