"""Rules of the overrides of a command line, as words."""

import json
import os
import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from seedbed.errors import ConfigError

# What Hydra reads as a text, as it is: no number, list, mapping, function or interpolation.
PLAIN = re.compile(r"(?![+-]?\.?[0-9]|[+-]inf)[A-Za-z0-9/._+@:-]+")

# What looks like a text to that, and is none.
_OTHER_VALUES = ("null", "true", "false", "nan", "inf")

# Keys whose values are the path of one folder or file, and others that may name some.
ONE_PATH = re.compile(r"run|resume|output|sweep\.(resume|table)|hydra\.(run|sweep)\.dir|paths\.\w+")
PATHS = re.compile(r"input|initial_weights\.run|data\.(\w+\.)*(\w*(file|folder|path)\w*|root)")
# Keys whose values are free texts, of which a name may be swept.
TEXTS = ("name", "notes")
# Keys that name a class and, where no option is chosen, choose the one of that class.
CLASS_KEYS = ("model._target_", "optimizer._target_", "scheduler._target_")


def words_of(node: Any) -> list[str]:
    """Return overrides as they were typed; the interpolations in them stay what they are."""
    from omegaconf import OmegaConf  # Completion needs the rules of words alone.

    words: Any = OmegaConf.to_container(node, resolve=False)
    return [str(word) for word in words]


def refuse_repeated_keys(words: Iterable[str]) -> None:
    """Raise ConfigError where two words set the same key: Hydra would take the last of them.

    A word that deletes its key (`~key`) may stand before one that adds it again.
    """
    known: dict[str, str] = {}
    for word in words:
        if word.startswith("~"):
            continue
        key = word.partition("=")[0].lstrip("+")
        if key in known:
            raise ConfigError(f"{key}: given twice, by {known[key]} and by {word}; leave one out")
        known[key] = word


def with_options_of_classes(words: Sequence[str]) -> list[str]:
    """Return the words of a command with the option of each class that is typed without one.

    The keys of the default option are not those of another class: `optimizer._target_=mine.Lion`
    chooses `optimizer=custom`, which takes any, and a class of Seedbed's options its own option.
    An option that is typed beside it keeps its keys: `model=mlp model._target_=mine.Net`.
    """
    keys = {word.partition("=")[0].lstrip("+~").partition("@")[0] for word in words}
    chosen: list[str] = []
    for word in words:
        key, _, value = word.partition("=")
        group = key.removesuffix("._target_")
        if key in CLASS_KEYS and group not in keys and value.strip():
            chosen.append(f"{group}={_option_of_class(group, value)}")
        chosen.append(word)
    return chosen


# Keys whose value may be a class or function of the user's with arguments of its own.
_OWN_CLASSES = re.compile(r"\+?(task\.loss|task\.torchmetrics\.\w+|data\.(train|val|test))\.[^=]*=")


def with_free_keys(words: Sequence[str]) -> list[str]:
    """Return the words of a command; those of classes of the user's own add what is not there yet.

    Such a key is a name or null until a class takes its place, and has no keys below it: Hydra
    would refuse them.
    """
    return [f"++{word.lstrip('+')}" if _OWN_CLASSES.match(word) else word for word in words]


def _option_of_class(group: str, target: str) -> str:
    from seedbed.config.schema.store import SCHEMAS  # Most words need none of it.

    targets = {getattr(schema, "_target_", None): name for name, schema in SCHEMAS[group].items()}
    return targets.get(target, "custom")


def trusted_modules(words: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that the word `trust=[MODULE,...]` names, or none.

    Words that are no list of modules are left to Hydra, which says what is wrong with them.
    """
    given = [
        word.partition("=")[2] for word in words if word.partition("=")[0].lstrip("+") == "trust"
    ]
    listed = re.fullmatch(r"\s*\[(.*)\]\s*", given[-1]) if given else None
    names = re.split(r"[\s,'\"]+", listed[1]) if listed else []
    return tuple(name for name in names if name)


def with_paths_quoted(words: Sequence[str]) -> list[str]:
    """Return the words of a command; paths and free texts are quoted as Hydra needs them.

    A path may hold blanks, commas, brackets, quotes and letters of any language. Where it can be
    read as something else, too, such as `data.file=a.csv,b.csv` as an axis, it is a path if that
    exists. A `~` or `~/` at its beginning is the home folder, as it is in a shell.

    Raises ConfigError for a word that is not text.
    """
    for word in words:
        if not word.isascii() and word.encode(errors="replace").decode() != word:
            raise ConfigError(f"{word!a}: not text in UTF-8; rename the file")
    return [_with_path_quoted(_with_text_quoted(word)) for word in words]


# Keys whose value may be one letter that Hydra takes for a part of its grammar.
_LETTERS = re.compile(r"data\.(separator|decimal|quote)")
# Kinds of the columns of a table, behind the names in `data.columns`.
_NAME_AND_KIND = re.compile(
    r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^"'].*?))\s*"""
    r""":\s*(?P<kind>number|category|boolean|date|time|id|ignore)\s*(?:,|$)"""
)


def with_columns_quoted(words: Sequence[str]) -> list[str]:
    """Return the words of a command; names and letters of a table's file are as Hydra needs them.

    `data.separator=;` and the like are quoted. Names in `data.columns={Body Mass (g): ignore}` may
    hold brackets, commas and the like, and be in quotes, which Hydra has not for names; so may
    those in `input=[{"Body Mass (g)": 4000}]`.
    """
    return [_with_columns_quoted(word) for word in words]


def _with_columns_quoted(word: str) -> str:
    key, _, value = word.partition("=")
    name = key.lstrip("+")
    if _LETTERS.fullmatch(name) and len(value) == 1 and not value.isalnum():
        return f"{key}={_in_quotes(value)}"
    if name == "input" and value[:1] in ("[", "{") and not os.path.lexists(value):
        escaped = word if _read(word) is not None else f"{key}={_rows_escaped(value)}"
        return escaped if _read(escaped) is not None else word
    is_mapping = name == "data.columns" and value[:1] == "{" and value[-1:] == "}"
    if not is_mapping or _read(word) is not None:
        return word
    inside, pairs, place = value[1:-1].strip(), [], 0
    while place < len(inside):
        pair = _NAME_AND_KIND.match(inside, place)
        if pair is None:
            return word
        column = pair["double"] or pair["single"] or pair["bare"] or ""
        pairs.append(f"{_escaped(column)}: {pair['kind']}")
        place = pair.end()
    return f"{key}={{{', '.join(pairs)}}}"


def _rows_escaped(value: str) -> str:
    """Return typed rows in YAML, whose names may be in quotes, as Hydra has them."""
    import yaml  # Few words need it.

    try:
        return _node_escaped(yaml.compose(value, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return value


def _node_escaped(node: Any) -> str:
    if isinstance(node.value, str):
        is_word = node.style or not re.fullmatch(r"null|true|false|[+-]?[0-9.eE+-]+", node.value)
        return _in_quotes(no_interpolation(node.value)) if is_word else node.value
    if node.tag.endswith(":map"):
        pairs = [f"{_escaped(str(name.value))}: {_node_escaped(item)}" for name, item in node.value]
        return f"{{{', '.join(pairs)}}}"
    return f"[{', '.join(map(_node_escaped, node.value))}]"


def _escaped(name: str) -> str:
    """Return a name as Hydra takes it before the colon of a mapping."""
    return re.sub(r"([\\()\[\]{}:=,])", r"\\\1", name)


# Letters of names that Hydra takes before the colon of a mapping, some of them escaped.
_NAMEABLE = re.compile(r"[A-Za-z0-9_/+.%*@?|()\[\]{}:=, -]+")


def columns_word(name: str, kind: str) -> str:
    """Return the override that says the kind of a column, as it is typed into a shell.

    Of a name with letters that no override can have it is what to write into a config file.
    """
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
        return shlex.quote(f"data.columns={{{name}: {kind}}}")
    in_quotes = f"{json.dumps(name, ensure_ascii=False)}: {kind}"
    if _NAMEABLE.fullmatch(name):
        return shlex.quote(f"data.columns={{{in_quotes}}}")
    return f"'columns: {{{in_quotes}}}' below data in a config file"


def null_values_word(words: Sequence[str]) -> str:
    """Return the override that adds words for a missing value, as it is typed into a shell."""
    plain = re.compile(rf"{PLAIN.pattern}|-?[1-9][0-9]*")
    said = [word if plain.fullmatch(word) else f'"{inside_double_quotes(word)}"' for word in words]
    return shlex.quote(f"data.null_values=[{', '.join(['NA', *said])}]")


def _with_path_quoted(word: str) -> str:
    key, equals, value = word.partition("=")
    is_path = ONE_PATH.fullmatch(key.lstrip("+")) is not None
    if not equals or not (is_path or PATHS.fullmatch(key.lstrip("+"))):
        return word
    if value.partition("/")[0] == "~":
        value = os.path.expanduser(value)
    if not value or value == "null" or PLAIN.fullmatch(value):
        return f"{key}={value}"
    read = _read(f"{key}={value}")
    in_quotes = value[0] == value[-1] and value[0] in "'\""
    is_text = isinstance(read, str) and (read == value or in_quotes)
    is_other = read is not None and not isinstance(read, str) and not is_path
    if (is_text or is_other) and not os.path.lexists(value):
        return f"{key}={value}"
    # Interpolations beside letters that need quotes stay interpolations.
    as_typed = f"{key}={_in_quotes(value)}"
    if not os.path.lexists(value) and _read(as_typed) is not None:
        return as_typed
    return f"{key}={quoted(value)}"


def _with_text_quoted(word: str) -> str:
    key, _, value = word.partition("=")
    is_plain = PLAIN.fullmatch(value) and value.lower() not in _OTHER_VALUES
    if key not in TEXTS or not value or value == "null" or is_plain:
        return word
    read = _read(word)
    is_swept = key == "name" and read is not None and not isinstance(read, int | float)
    if is_swept or isinstance(read, str):
        return word
    text = _in_quotes(value if _can_be_resolved(value) else no_interpolation(value))
    return f"{key}={text}"


def _can_be_resolved(text: str) -> bool:
    """Return whether what looks like an interpolation in a text is one that can be read."""
    from omegaconf.errors import GrammarParseError
    from omegaconf.grammar_parser import parse  # As Hydra itself, few words need it.

    try:
        return "${" not in text or bool(parse(text))
    except GrammarParseError:
        return False


def _read(word: str) -> Any:
    """Return the value of an override as Hydra reads it; None where it cannot, or reads null."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(word)
        return override if override.is_sweep_override() else override.value()
    except HydraException:
        return None


def typed_word(key: str, value: str) -> str:
    """Return the override that gives a key a text, as it is typed into a shell."""
    text = quoted(value)
    if text != value and '"' not in value:  # A shell has single quotes around it.
        text = f'"{inside_double_quotes(value)}"'
    return shlex.quote(f"{key}={text}")


def quoted(value: str) -> str:
    """Return a text as an override gives it, in quotes where Hydra would not read it as it is."""
    if PLAIN.fullmatch(value) and value.lower() not in _OTHER_VALUES:
        return value
    return _in_quotes(no_interpolation(value))


def no_interpolation(value: str) -> str:
    """Return a text as a config holds it, so that OmegaConf finds no interpolation in it."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value)


def inside_double_quotes(value: str) -> str:
    """Return what stands for a text between the double quotes of an override."""
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(no_interpolation(value), Quote.double).with_quotes()[1:-1]


def _in_quotes(value: str) -> str:
    from hydra.core.override_parser.types import Quote, QuotedString  # 0.1 s, for few words.

    return QuotedString(value, Quote.single).with_quotes()
