"""The resolvers that the shipped YAML uses."""

import secrets
from functools import partial
from pathlib import Path

from omegaconf import OmegaConf

from seedbed.config.help import help_text


def register_resolvers(users: Path | None = None) -> None:
    """Register the resolvers that the shipped YAML uses.

    `users` is the folder of the user's own configs, whose options the help shows.
    """
    register = OmegaConf.register_new_resolver
    register("unique", lambda: secrets.token_hex(3), use_cache=True, replace=True)
    register("help", partial(help_text, users=users), replace=True)
    register("mul", lambda a, b: a * b, replace=True)
