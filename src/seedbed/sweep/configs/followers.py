"""Which values of a config follow which others, as far as the text of its resolved values goes.

To resolve a config and write it takes OmegaConf some 50 ms. Of jobs that differ in a value that no
other follows, but by `${key}` itself, the texts differ in that value alone.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from seedbed.sweep.configs.yaml_text import KeyPath

# Resolvers that give all jobs of a sweep the same, where the keys that they read are the same.
_STEADY = re.compile(r"inferred|task_default|mul|unique|now|oc\.\w+")
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")


class Followers:
    """Followers of the values of a config; `plain` is the config with its interpolations.

    Attributes:
        are_known: whether the text of one job can be made from that of another at all.
    """

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self._following = [(path, text) for path, text in _texts(plain, ()) if "${" in text]
        resolvers = [name for _, text in self._following for name in _RESOLVER.findall(text)]
        self.are_known = all(_STEADY.fullmatch(name) for name in resolvers)
        self._known: dict[KeyPath, list[KeyPath] | None] = {}

    def of(self, path: KeyPath) -> list[KeyPath] | None:
        """Return the keys that have the value of this one; None where others may follow it, too.

        Facts of the data may follow any key of theirs.
        """
        if path not in self._known:
            self._known[path] = None if path[0] == "data" else self._of(path)
        return self._known[path]

    def _of(self, path: KeyPath) -> list[KeyPath] | None:
        key, above = ".".join(path), {".".join(path[:depth]) for depth in range(1, len(path) + 1)}
        followers: list[KeyPath] = []
        for place, text in self._following:
            if re.fullmatch(rf"\$\{{\s*{re.escape(key)}\s*\}}", text):
                names = [str(name) for name in place]
                if tuple(names) != place or self._is_followed(".".join(names)):
                    return None
                followers.append(tuple(names))
            elif any(word in above or word.startswith(".") for word in _words(text)):
                return None
        return followers

    def _is_followed(self, key: str) -> bool:
        return any(key in _words(text) for _, text in self._following)


def _words(text: str) -> list[str]:
    """Return the names in a text with interpolations, of keys, of resolvers and others."""
    return re.findall(r"[\w.]+", text)


def _texts(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield every text below a node with the names and places that lead to it."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict | list):
        for name, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(value, (*path, name))
