"""Options of a class of the user's own that holds its rows in memory."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seedbed.config.schema.data import InMemoryData as Options
from seedbed.config.schema.field import declared
from seedbed.config.validation import value_problems
from seedbed.data.in_memory.module import InMemoryData
from seedbed.errors import ConfigError


def takes_options(kind: object) -> bool:
    """Return whether a class is an InMemoryData that is made with the options of its data node."""
    if not (isinstance(kind, type) and issubclass(kind, InMemoryData)):
        return False
    return kind.__init__ is InMemoryData.__init__


def options_of(keys: Mapping[str, Any]) -> Options:
    """Return the keys of a data node as options; those of the user's own are attributes, too."""
    known = declared(Options)
    options = Options(**{name: value for name, value in keys.items() if name in known})
    for name in keys.keys() - known.keys():
        setattr(options, str(name), keys[name])
    return options


def checked_options(keys: Mapping[str, Any]) -> Options:
    """Return the keys of a data node as options; raise ConfigError for each that is wrong."""
    known = declared(Options)
    given = {name: value for name, value in keys.items() if name in known}
    try:
        node = OmegaConf.merge(OmegaConf.structured(Options), given)
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"data.{error.full_key or ''}: {reason}") from None
    assert isinstance(node, DictConfig)
    problems = [
        problem
        for name, field in known.items()
        for problem in value_problems(f"data.{name}", node[name], field.metadata)
    ]
    if problems := problems or list(Options.problems(node, node, "data")):
        raise ConfigError("\n".join(problems))
    plain: Any = OmegaConf.to_container(node)
    return options_of({**keys, **plain})
