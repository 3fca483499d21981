"""The function of a verb, found only when it is called: what it needs may take long to import."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from seedbed.process import garbage_collection

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass(frozen=True)
class VerbFunction:
    """Function of a verb that composes a config; it can be sent to another process.

    Composing, printing and refusing a config need no torch, and jobs side by side no Lightning.
    """

    verb: str

    def __call__(self, config: "DictConfig", command: list[str]) -> int:
        """Do what the verb does with a config; return the exit code."""
        code: int = getattr(self._module(), self.verb)(config, command)
        return code

    def prepare(self, config: "DictConfig") -> None:
        """Prepare what the verb will do, where there is something to prepare."""
        getattr(self._module(), "prepare", lambda config: None)(config)

    def _module(self) -> ModuleType:
        name = f"seedbed.commands.{self.verb}"
        with garbage_collection.paused_for(name):
            return import_module(name)
