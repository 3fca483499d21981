"""One key of the config: its default, its meaning and the values it accepts.

What no single key can say, a dataclass checks itself, by class methods that take its config node,
the whole config and the full key of the node:

    problems(node, config, key)      yields what is wrong between keys, its own and others
    out_of_reach(node, config, key)  yields what the run is too short for, if nothing else is wrong

All values are there by then, each within its own limits. A node of the user's own class is untyped
and may hold anything, which a rule about other nodes must expect.
"""

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
    varies: bool = False,
    independent: bool = False,
    fuses: tuple[Any, ...] = (),
) -> Any:
    """Declare a config key as a dataclass field.

    `meaning` is the one line that the YAML shows beside the key. The limits hold for a number, or
    for every number of a list; `one_of` names the words that are accepted. A value of null is
    accepted wherever the field's type is optional, whatever the limits.

    `varies` tells that the jobs of one fused group may differ in the key, and in all keys below it;
    `fuses` are the values with which a job trains in a fused group at all, any value where none is
    given. `independent` tells that no rule compares the key with another one.
    """
    metadata = {
        "meaning": meaning,
        "at_least": at_least,
        "above": above,
        "at_most": at_most,
        "below": below,
        "one_of": one_of,
        "varies": varies,
        "independent": independent,
        "fuses": fuses,
    }
    if isinstance(default, type):
        return field(default_factory=default, metadata=metadata)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)
