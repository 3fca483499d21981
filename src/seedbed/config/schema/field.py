"""Keys of the config as dataclass fields: default, meaning and accepted values.

What no single key can say, a dataclass checks itself, by class methods that take its config node,
the whole config and the full key of the node:

    problems(node, config, key)      yields what is wrong between keys, its own and others
    out_of_reach(node, config, key)  yields what the run is too short for, if nothing else is wrong

All values are there by then, each within its own limits. A node of the user's own class is untyped
and may hold anything, which a rule about other nodes must expect.
"""

from collections.abc import Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any, ClassVar

from omegaconf import MISSING, DictConfig, OmegaConf


def key(
    meaning: str,
    default: Any = NO_DEFAULT,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    one_of: tuple[str, ...] | None = None,
    synonyms: Mapping[str, str] | None = None,
    most_letters: int | None = None,
    lines: bool = False,
    is_path: bool = False,
    own_class: bool = False,
    varies: bool = False,
    independent: bool = False,
    fuses: tuple[object, ...] = (),
    expected: str | None = None,
) -> Any:
    """Declare a config key as a dataclass field.

    `meaning` is the one line that the YAML shows beside the key. The limits hold for a number, or
    for every number of a list; `one_of` names the words that are accepted, and `synonyms` what
    others are called here; `most_letters` limits a free text, or each of a list, which must be on
    one line unless it may have several `lines`; `is_path` tells that the text is the path of a file
    or folder, and `own_class` that a mapping with the `_target_` of a class or function of the
    user's is accepted, too. A value of null is accepted wherever the field's type is optional,
    whatever the limits.

    `varies` tells that the jobs of one fused group may differ in the key, and in all keys below it;
    `fuses` are the values with which a job trains in a fused group at all, any value where none is
    given. `independent` tells that no rule compares the key with another one.
    `expected` says what is accepted, where the type of the field and its limits cannot.
    """
    metadata = {
        "meaning": meaning,
        "at_least": at_least,
        "above": above,
        "at_most": at_most,
        "below": below,
        "one_of": one_of,
        "synonyms": synonyms,
        "most_letters": most_letters,
        "lines": lines,
        "is_path": is_path,
        "own_class": own_class,
        "varies": varies,
        "independent": independent,
        "fuses": fuses,
        "expected": expected,
    }
    if isinstance(default, type):
        return field(default_factory=default, metadata=metadata)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class Schema:
    """Base of the dataclasses of an option, whose class keywords say what holds for all its nodes.

    `target` is the default of `_target_`, with the meaning that a base class gives it. The others
    become class variables: `fuses`, whether the fused engine has what the option does, and
    `option`, the name that messages call the option by.
    """

    fuses: ClassVar[bool] = True
    option: ClassVar[str]

    def __init_subclass__(cls, target: str | None = MISSING, **constants: object) -> None:
        super().__init_subclass__()
        if target != MISSING:
            inherited = cls.__dataclass_fields__["_target_"]
            constants["_target_"] = field(default=target, metadata=inherited.metadata)
            cls.__annotations__ = {"_target_": inherited.type, **cls.__annotations__}
        for name, value in constants.items():
            setattr(cls, name, value)


def declared(schema: type | None) -> dict[str, "Field[Any]"]:
    """Return the fields of a dataclass by name; none of what is no dataclass."""
    return {field.name: field for field in fields(schema)} if is_dataclass(schema) else {}


def schema_of(node: object) -> type[Schema] | None:
    """Return the dataclass that types a config node, or None for a user's own untyped node."""
    if not isinstance(node, DictConfig):
        return None
    kind = OmegaConf.get_type(node)
    return kind if kind is not dict and hasattr(kind, "__dataclass_fields__") else None


def shipped_schema_of(node: object) -> type[Schema] | None:
    """Return the dataclass of a node that names the dataclass's own class in `_target_`.

    Another class under the same keys may behave in any way, so nothing is known of such a node.
    """
    schema = schema_of(node)
    if not isinstance(node, DictConfig) or schema is None:
        return None
    return schema if node.get("_target_") == getattr(schema, "_target_", None) else None
