"""Config of a run as it is shown: plain values, for which nothing is called.

An interpolation that names another key is that key's value. One that calls a resolver stays as it
is written: the environment of who looks is no business of a stranger's folder, and what a resolver
gives now is not what it gave the run.
"""

import re
from typing import Any

from omegaconf import OmegaConf

from seedbed.config.trust.saved_config import plain_config, read_config
from seedbed.runs.folder import RunFolder

# A text with a resolver: after the first interpolation begins, a colon.
_CALLS = re.compile(r"\$\{.*:", re.DOTALL)
# Signs of the private use area: they stand around the number of a text while others are resolved.
_PLACE = re.compile("\ue000([0-9]+)\ue001")


def shown_config(folder: RunFolder) -> dict[str, Any]:
    """Return the config of a run as plain values.

    Raises RunFolderError where it cannot be read, or its interpolations do not end.
    """
    file = folder.readable_config
    config = read_config(file)
    values = plain_config(file, config, resolve=False)
    if not _has_references(values):
        return values
    texts: list[str] = []
    hidden = OmegaConf.create(_hide(values, texts))
    shown: dict[str, Any] = _show(plain_config(file, hidden, resolve=True), texts)
    return shown


def _hide(value: Any, texts: list[str]) -> Any:
    """Return values in which numbers stand for texts with resolvers, which `texts` gets.

    And for those with the signs that stand around the numbers.
    """
    if isinstance(value, dict):
        return {name: _hide(item, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, texts) for item in value]
    if isinstance(value, str) and (_CALLS.search(value) or "\ue000" in value):
        texts.append(value)
        return f"\ue000{len(texts) - 1}\ue001"
    return value


def _show(value: Any, texts: list[str]) -> Any:
    if isinstance(value, dict):
        return {name: _show(item, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_show(item, texts) for item in value]
    if isinstance(value, str) and "\ue000" in value:
        return _PLACE.sub(lambda place: texts[int(place[1])], value)
    return value


def _has_references(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_references, value.values()))
    if isinstance(value, list):
        return any(map(_has_references, value))
    return isinstance(value, str) and "${" in value
