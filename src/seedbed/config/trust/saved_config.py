"""Configs that a run or a sweep has saved, read within limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_yaml_loader
from omegaconf.base import Container
from omegaconf.errors import OmegaConfBaseException

from seedbed.errors import RunFolderError
from seedbed.reading.content import read_text
from seedbed.reading.yaml_files import MOST_BYTES, check_yaml

# Interpolations that are resolved for one config, and letters of a text with some. Those of a run
# resolve a hundred; each may be made of several others, and those as well.
MOST_INTERPOLATIONS = 10_000
LONGEST_TEXT = 10_000


def read_config(path: Path) -> DictConfig:
    """Return a saved config, nothing of it resolved; raises RunFolderError where it is none."""
    text = read_text(path, MOST_BYTES)
    check_yaml(path, text)
    try:
        content = yaml.load(text, Loader=get_yaml_loader())
        config = OmegaConf.create(content if isinstance(content, dict | list) else {})
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RunFolderError(f"{path}: not a config: {reason}") from None
    if not (isinstance(content, dict) and isinstance(config, DictConfig)):
        raise RunFolderError(f"{path}: not a config: no keys and values")
    return config


def plain_config(source: object, config: DictConfig, *, resolve: bool) -> dict[str, Any]:
    """Return a config as plain values; raises RunFolderError where its interpolations do not end.

    With `resolve` their values take the place of interpolations.
    """
    try:
        with bounded_interpolations(source):
            values: Any = OmegaConf.to_container(config, resolve=resolve, throw_on_missing=False)
    except (OmegaConfBaseException, RecursionError, ValueError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunFolderError(f"{source}: {reason[:200]}") from None
    return {str(name): value for name, value in values.items()}


@contextmanager
def bounded_interpolations(source: object) -> Iterator[None]:
    """Raise RunFolderError where more interpolations are resolved than a config can need.

    30 lines in which each names the one before twice would fill any memory.
    """
    resolved = Container._resolve_node_interpolation
    left = MOST_INTERPOLATIONS

    def counted(self: Container, inter_key: str, memo: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise RunFolderError(f"{source}: more than {MOST_INTERPOLATIONS:,} interpolations")
        node = resolved(self, inter_key, memo)
        value = node._value()
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise RunFolderError(f"{source}: {inter_key}: too long for an interpolation")
        return node

    Container._resolve_node_interpolation = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Container._resolve_node_interpolation = resolved  # type: ignore[method-assign]
