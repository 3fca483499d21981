"""Metrics by their names, which know the nearest of them to a wrong one."""

from collections.abc import Iterable
from typing import Never

from seedbed.errors import listed, nearest, plain


class Metrics(dict[str, float]):
    """Metrics by their names."""

    def __missing__(self, name: object) -> Never:
        """Raise KeyError that says which there are."""
        raise unknown(name, self, "metric")


def unknown(name: object, known: Iterable[str], kind: str) -> KeyError:
    """Return the error of a name that there is none of.

    Args:
        name: What was asked for.
        known: The names that there are.
        kind: What they are of, such as `metric`.
    """
    names = list(known)
    there = f"there are: {listed(names)}" if names else "there are none"
    return KeyError(plain(f"{name}: no such {kind}; {there}.{nearest(str(name), names)}"))
