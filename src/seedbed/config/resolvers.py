"""The resolvers that the shipped YAML uses."""

import secrets

from omegaconf import OmegaConf

from seedbed.config.help import help_text


def register_resolvers() -> None:
    """Register the resolvers that the shipped YAML uses."""
    register = OmegaConf.register_new_resolver
    register("unique", lambda: secrets.token_hex(3), use_cache=True, replace=True)
    register("help", help_text, replace=True)
    register("mul", lambda a, b: a * b, replace=True)
