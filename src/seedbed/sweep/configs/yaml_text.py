"""The YAML files of a job's `.hydra`, byte for byte as Hydra writes them.

Writing YAML takes OmegaConf some 20 ms a config. Configs of jobs differ in a few values, so a text
is made once, with holes where the values go.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

import yaml
from omegaconf import Container, OmegaConf
from omegaconf._utils import get_omega_conf_dumper

# The names that lead to a value.
KeyPath = tuple[str, ...]

HOLE = "seedbed-hole-7f3a"
# Words that YAML writes as they are wherever they stand: no number, no sign of YAML's own.
PLAIN = re.compile(r"(?=[^=/]*[=/])[A-Za-z/][A-Za-z0-9_./,+=-]*")
# What differs between two jobs by itself, besides the keys that they change.
HYDRA_PATHS: tuple[KeyPath, ...] = (
    ("hydra", "overrides", "task"),
    ("hydra", "job", "override_dirname"),
    ("hydra", "job", "id"),
    ("hydra", "job", "num"),
    ("hydra", "runtime", "output_dir"),
)


def plain_values(node: Any) -> Any:
    """Return a node as what YAML is made of, interpolations as they are."""
    if isinstance(node, Container):
        return OmegaConf.to_container(node, resolve=False, enum_to_str=True)
    value = node._value()
    return value.name if isinstance(value, Enum) else value


def yaml_text(plain: Any) -> str:
    """Return YAML in the way of OmegaConf.to_yaml."""
    text: str = yaml.dump(
        plain,
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=False,
        Dumper=get_omega_conf_dumper(),
    )
    return text


class Template:
    """A YAML text with a hole after each of some keys."""

    def __init__(self, plain: Any, paths: Sequence[KeyPath]) -> None:
        """`plain` is what the text is of; it is changed."""
        for number, path in enumerate(paths):
            node = plain
            for name in path[:-1]:
                node = node[name]
            node[path[-1]] = f"{HOLE}-{number}"
        parts = re.split(rf" {HOLE}-(\d+)\n", yaml_text(plain))
        self.paths = [paths[int(number)] for number in parts[1::2]]
        self.between = parts[0::2]

    def filled(self, values: Mapping[KeyPath, str]) -> str:
        """Return the text with what `value_text` returned for each path."""
        pieces = [self.between[0]]
        for path, text in zip(self.paths, self.between[1:], strict=True):
            pieces += [values[path], text]
        return "".join(pieces)


@lru_cache(maxsize=1024)
def _before(path: KeyPath) -> int:
    """Return how many characters of YAML lead to a value, without the space before it."""
    return len(yaml_text(nested(path, HOLE))) - len(f" {HOLE}\n")


def nested(path: KeyPath, value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def value_text(path: KeyPath, value: Any) -> str:
    """Return the YAML of a value from after its key on; it depends on the depth in the file."""
    if type(value) is int or (isinstance(value, str) and PLAIN.fullmatch(value)):
        return f" {value}\n"
    if isinstance(value, str) and re.fullmatch("[0-9]+", value):
        return f" '{value}'\n"
    return yaml_text(nested(path, value))[_before(path) :]


@lru_cache(maxsize=10_000)
def task_text(line: str) -> str:
    """Return an entry of `hydra.overrides.task`, a line break before and none after it."""
    tasks_path = HYDRA_PATHS[0]
    return f"\n    - {line}" if PLAIN.fullmatch(line) else value_text(tasks_path, [line])[:-1]


@lru_cache(maxsize=10_000)
def item_text(line: str) -> str:
    """Return a line of overrides.yaml."""
    return f"- {line}\n" if PLAIN.fullmatch(line) else yaml_text([line])
