"""Resolver of the facts of data that follow from files or code, such as `${inferred:task}`."""

from typing import Any

from omegaconf import OmegaConf

from seedbed.config.resolvers import INFERRED


def register_inferred() -> None:
    """Register the resolver; nothing is imported for it before a config asks."""
    OmegaConf.register_new_resolver(INFERRED, _inferred, replace=True)


def _inferred(name: str, *, _parent_: Any) -> Any:
    """Return a fact of the data whose node the interpolation stands in."""
    from seedbed.data.inference import inferred

    return inferred(name, _parent_)
