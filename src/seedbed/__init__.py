"""Seedbed: compose an experiment from YAML, run one or a thousand variants, trust the outcome.

The names below are imported on first use: neither torch nor Hydra is, by `import seedbed`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedbed.version import __version__

if TYPE_CHECKING:
    from seedbed.api.opening import load
    from seedbed.api.run import Run
    from seedbed.api.sweep import Sweep
    from seedbed.errors import ConfigError, DataError, RunFolderError, SeedbedError

# Where each name comes from.
_NAMES = {
    "load": "seedbed.api.opening",
    "Run": "seedbed.api.run",
    "Sweep": "seedbed.api.sweep",
    "ConfigError": "seedbed.errors",
    "DataError": "seedbed.errors",
    "RunFolderError": "seedbed.errors",
    "SeedbedError": "seedbed.errors",
}

__all__ = [
    "ConfigError",
    "DataError",
    "Run",
    "RunFolderError",
    "SeedbedError",
    "Sweep",
    "__version__",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import a name on its first use."""
    if name not in _NAMES:
        raise AttributeError(f"module 'seedbed' has no attribute '{name}'")
    value = getattr(import_module(_NAMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names for completion."""
    return sorted({*globals(), *_NAMES})
