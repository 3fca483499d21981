"""OmegaConf resolvers of the shipped YAML.

`unique` is a random suffix of folder names, `help` the text of a verb's help, `mul` a product,
`task_default` the value of a key in the option of a task. `inferred` asks the rows themselves, and
is registered where they are known.
"""

import secrets
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from seedbed.config.groups import config_folder
from seedbed.config.help import help_text
from seedbed.config.schema.data import TASKS
from seedbed.config.validation import value_problems
from seedbed.errors import ConfigError

INFERRED = "inferred"


def register_resolvers(users: Path | None = None) -> None:
    """Register the OmegaConf resolvers of the shipped YAML.

    `users` is the folder of the user's own configs, whose options the help shows.
    """
    register = OmegaConf.register_new_resolver
    register("unique", lambda: secrets.token_hex(3), use_cache=True, replace=True)
    register("help", partial(help_text, users=users), replace=True)
    register("mul", lambda a, b: a * b, replace=True)
    register("task_default", _task_default, replace=True)


def _task_default(task: str, key: str) -> Any:
    """Return the value that a key of an option of `task=` has; null where it has none.

    Raises:
        ConfigError: No option has this name, which the data were given as their task.
    """
    if problems := list(value_problems("data.task", task, {"one_of": TASKS})):
        raise ConfigError(problems[0])
    return _task_option(task).get(key)


@cache
def _task_option(task: str) -> dict[str, Any]:
    content = yaml.safe_load((config_folder() / "task" / f"{task}.yaml").read_bytes())
    return {str(name): value for name, value in content.items()}
