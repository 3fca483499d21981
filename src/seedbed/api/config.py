"""Config of a run, to be read: its keys as attributes, by names, or by names with points."""

from collections.abc import Iterator, Mapping
from typing import Any

from seedbed.errors import nearest, plain


class Config(Mapping[str, Any]):
    """Nested keys and values that cannot be changed: `config.optimizer.lr`.

    The same is `config["optimizer"]["lr"]` and `config["optimizer.lr"]`. Lists are tuples.

    Args:
        values: Plain values.

    Examples:
        >>> from seedbed.api.config import Config
        >>> config = Config({"optimizer": {"lr": 0.1}, "tags": ["a", "b"]})
        >>> config.optimizer.lr, config["optimizer.lr"], config.tags
        (0.1, 0.1, ('a', 'b'))
        >>> config
        optimizer:
          lr: 0.1
        tags:
        - a
        - b
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__["_values"] = {str(name): _frozen(value) for name, value in values.items()}

    def __getitem__(self, name: str) -> Any:
        """Return the value of a key; of one with points that of a key below."""
        values: dict[str, Any] = self.__dict__["_values"]
        if name in values or not isinstance(name, str):
            return values[name]
        first, point, rest = name.partition(".")
        below = values.get(first)
        if point and isinstance(below, Config):
            return below[rest]
        raise KeyError(name)

    def __getattr__(self, name: str) -> Any:
        """Return the value of a key."""
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            near = nearest(name, self) if not name.startswith("_") else ""
            raise AttributeError(f"the config has no key '{name}' here.{near}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a config says what was run."""
        raise AttributeError("a config is read, not changed: it says what was run")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self.__dict__["_values"])

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self.__dict__["_values"])

    def __dir__(self) -> list[str]:
        """Return the names for completion."""
        return [*super().__dir__(), *(name for name in self if name.isidentifier())]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as dicts and lists of your own."""
        plain_values: dict[str, Any] = _thawed(self)
        return plain_values

    def __repr__(self) -> str:
        """Return the config as YAML."""
        import yaml  # Little else of Python's side needs it.

        text = yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)
        return plain(text.rstrip("\n"))


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Config(value)
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _thawed(item) for name, item in value.items()}
    return list(map(_thawed, value)) if isinstance(value, tuple) else value
