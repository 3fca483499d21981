"""One key of the config: its default, its meaning and the values it accepts."""

from dataclasses import MISSING as NO_DEFAULT
from dataclasses import field
from typing import Any


def key(
    meaning: str,
    default: Any = NO_DEFAULT,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    one_of: tuple[str, ...] | None = None,
) -> Any:
    """Declare a config key as a dataclass field.

    `meaning` is the one line that the YAML shows beside the key. The limits hold for a number, or
    for every number of a list; `one_of` names the words that are accepted. A value of null is
    accepted wherever the field's type is optional, whatever the limits.
    """
    metadata = {
        "meaning": meaning,
        "at_least": at_least,
        "above": above,
        "at_most": at_most,
        "below": below,
        "one_of": one_of,
    }
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)
