"""OmegaConf resolvers of the shipped YAML.

`unique` is a random suffix of folder names, `help` the text of a verb's help, `mul` a product.
"""

import secrets
from functools import partial
from pathlib import Path

from omegaconf import OmegaConf

from seedbed.config.help import help_text


def register_resolvers(users: Path | None = None) -> None:
    """Register the OmegaConf resolvers of the shipped YAML.

    `users` is the folder of the user's own configs, whose options the help shows.
    """
    register = OmegaConf.register_new_resolver
    register("unique", lambda: secrets.token_hex(3), use_cache=True, replace=True)
    register("help", partial(help_text, users=users), replace=True)
    register("mul", lambda a, b: a * b, replace=True)
