"""Messages for errors of Hydra and OmegaConf: key, what was found, what is accepted, nearest match.

Hydra's own messages are for people who write applications; these are for those who use one.
"""

import os
import re
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Sweep
from hydra.errors import MissingConfigException, SearchPathException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException, ValidationError
from yaml import MarkedYAMLError

from seedbed.config import groups
from seedbed.config.known_keys import did_you_mean, known_keys
from seedbed.config.overrides import CLASS_KEYS, typed_word
from seedbed.config.schema.field import declared
from seedbed.config.schema.search import Grid
from seedbed.config.schema.store import ROOTS, SCHEMAS
from seedbed.errors import ConfigError, known_cause, listed, nearest

_NAMES_OF_COLUMNS = (
    "\nNames with brackets go in quotes: 'data.columns={\"mass (g)\": ignore}'; those with letters "
    "such as ö into a config file, below data: 'columns: {\"Größe\": ignore}'"
)
SPACE_AS_TYPED = "a space is typed key by key, such as 'optimizer.lr=interval(0.01,0.1)'"
# How the functions of Hydra's grammar are called.
_FORMS = {
    "interval": "interval(START,END), of two numbers",
    "range": "range(START,STOP,STEP), of numbers",
    "tag": "tag(log,interval(START,END))",
    "shuffle": "shuffle(A,B,C) or shuffle(range(START,STOP)); an interval has no order",
    "sort": "sort(A,B,C) or sort(range(START,STOP)); an interval has no order",
    "choice": "choice(A,B,C)",
    "glob": "glob(PATTERN)",
}
# Endings of files that are one table.
_TABLES = (".csv", ".tsv", ".parquet")
_KINDS = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false"}


def explain(error: Exception, verb: str, overrides: Sequence[str]) -> ConfigError:
    """Return a ConfigError of one or two lines for an exception that composition raised.

    `verb` is the config that was composed; `overrides` are the words of the command line beside
    flags.
    """
    text = str(error)
    if isinstance(known := known_cause(error), ConfigError):
        return known
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        where = f"{error.problem_mark.name}, line {error.problem_mark.line + 1}"
        return ConfigError(f"{where}: not YAML: {error.problem}")
    if isinstance(error, UnicodeDecodeError):
        return ConfigError(f"{_typed(overrides)}: a config file of it is not text in UTF-8")
    if isinstance(error, OSError) and error.filename:
        return ConfigError(f"{error.filename}: {(error.strerror or text).lower()}")
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_option(error)
    if isinstance(error, SearchPathException):
        return ConfigError(text.splitlines()[0])
    unreadable = _path_without_key(verb, overrides) or _unreadable(overrides)
    if unreadable is not None:
        return unreadable
    causes = (error, error.__cause__, error.__context__)
    cause = next((link for link in causes if isinstance(link, OmegaConfBaseException)), None)
    if isinstance(cause, ValidationError) and cause.full_key:
        return _wrong_type(cause, text)
    if cause is not None and cause.full_key and "not in" in str(cause):
        return _unknown_key(str(cause.full_key), cause, verb, _file(text))
    more = f"\n{cause}" if cause is not None and str(cause) not in text else ""
    return _by_text(error, text + more, verb, overrides)


def _file(text: str) -> str:
    """Return ` (in FILE)` for the config file that a text of Hydra's begins with, or nothing."""
    file = re.match(r"In '([^']*)'", text)
    return f" (in {file[1]})" if file else ""


def _typed(overrides: Sequence[str]) -> str:
    """Return all overrides, for messages that cannot name the wrong one."""
    return " ".join(overrides) or "the config"


def _missing_option(error: MissingConfigException) -> ConfigError:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    known = [name for name in error.options or groups.options(group) if name != "schema"]
    if not group:
        known = known or [file.stem for file in groups.config_folder().glob("*.yaml")]
        return ConfigError(f"config '{option}' was not found.{nearest(option, known)}")
    file = _file(str(error)).replace("(in", "(named in")
    hint = nearest(option, known)
    if file and file[11:-1] not in ROOTS:
        hint = file + hint
    if "." in option and group in groups.GROUPS:
        hint = f" A class is named by {group}._target_={option}"
    if group == "hydra/launcher" and option in groups.LAUNCHERS:
        hint = " Install it with: pip install 'seedbed[launchers]'"
    return ConfigError(
        f"{group}={option}: no such option.{hint}\n{group} may be: {listed(known, 30)}"
    )


def _own_ancestor(overrides: Sequence[str]) -> ConfigError:
    """Return what is wrong with an option that takes in what the command has replaced by it."""
    groups_of_words = {word.partition("=")[0].lstrip("+~"): word for word in overrides}
    word = groups_of_words.get("experiment", _typed(overrides))
    return ConfigError(
        f"{word}: its defaults lead back to itself; an option of its own group is named alone, as "
        "in '- base', not '- /experiment: base'"
    )


def _path_without_key(verb: str, overrides: Sequence[str]) -> ConfigError | None:
    """Return what to type for the first word that is a path and no override."""
    for word in overrides:
        if "=" in word or not os.path.exists(word):
            continue
        if verb == "train" and os.path.splitext(word)[1] in _TABLES:
            typed = f"data=table {typed_word('data.file', word)}"
            return ConfigError(f"{word}: a path alone says nothing. Did you mean '{typed}'?")
        if verb != "train":
            return ConfigError(f"{word}: a path alone says nothing. Did you mean 'run={word}'?")
    return None


def refuse_folders(overrides: Sequence[str]) -> None:
    """Raise ConfigError where `seedbed inspect` is given a run or a sweep in place of a config."""
    for word in overrides:
        key, _, value = word.partition("=")
        if key == "run" or ("=" not in word and os.path.isdir(word)):
            folder = (value if key == "run" else word) or "DIR"
            raise ConfigError(
                f"{word}: inspect takes a config, such as data=crop_yield; what became of a run: "
                f"seedbed report {folder}, or seedbed evaluate run={folder}"
            )


def _unreadable(overrides: Sequence[str]) -> ConfigError | None:
    """Return the syntax error of the first word that is no override; None where all are."""
    parser = OverridesParser.create()
    for word, after in zip(overrides, [*overrides[1:], ""], strict=False):
        key = word.partition("=")[0].lstrip("+~")
        if "=" not in word and after.startswith("="):
            return ConfigError(f"{word} {after}: no blanks around =, such as {word}=VALUE")
        try:
            value = parser.parse_override(word).value()
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else "nothing is there"
            if form := form_of_call(reason):
                return ConfigError(f"{word}: {form}")
            if as_typed := _in_quotes(word):
                return ConfigError(f"{word}: quote it: {as_typed}")
            hint = _NAMES_OF_COLUMNS if key == "data.columns" else ""
            return ConfigError(f"{word}: not an override of the form key=value: {reason}{hint}")
        if not key or ".." in key or key.startswith(".") or key.endswith("."):
            return ConfigError(f"{word}: not an override of the form key=value: a name is missing")
        spaces = value.values() if key == "sweep.space" and isinstance(value, dict) else ()
        if any(isinstance(space, Sweep) for space in spaces):
            return ConfigError(f"{word}: {SPACE_AS_TYPED}")
    return None


def _in_quotes(word: str) -> str:
    """Return an override as a shell takes it whose value is a text; nothing if it is no text.

    Lists, mappings, functions and interpolations that are wrong are none.
    """
    key, _, value = word.partition("=")
    if not value.strip() or re.match(r"[\[{('\"]|\w+\(", value) or "${" in value:
        return ""
    if not re.fullmatch(r"\+{0,2}\w+(\.\w+)*", key, re.ASCII) or value.startswith("="):
        return ""
    if re.search(r",\S", value):  # More likely values of a sweep than a text with commas.
        return ""
    return typed_word(key, value)


def form_of_call(reason: str) -> str | None:
    """Return how a function of the grammar is called, for what Hydra says of a wrong call of it.

    None where the reason is another one.
    """
    match = re.match(r"TypeError while evaluating '((\w+)\(.*\))'", reason)
    return f"{match[1]} is not {_FORMS[match[2]]}" if match and match[2] in _FORMS else None


def _known_keys(parent: str, error: OmegaConfBaseException | None, verb: str) -> list[str]:
    """Return the keys that stand beside the one that does not exist."""
    node = error.parent_node if error is not None else None
    known = [str(name) for name in node] if isinstance(node, DictConfig) else []
    if not parent and verb == "train":
        known = sorted({*known, *(set(SCHEMAS) - {"callback"}), *groups.COMMAND_LINE_ONLY})
    return [name for name in known if parent or name != "hydra"]


def _unknown_key(
    full_key: str, error: OmegaConfBaseException | None, verb: str, where: str
) -> ConfigError:
    parent, _, name = full_key.rpartition(".")
    if full_key in groups.COMMAND_LINE_ONLY and where:
        return _preset_below_a_key(full_key, where)
    if parent == "callbacks" and name in SCHEMAS["callback"]:
        return ConfigError(f"{full_key}: this callback is not chosen; {_choice_of_callback(name)}")
    known = _known_keys(parent, error, verb)
    if error is not None and error.object_type is dict and parent:
        hint = did_you_mean(full_key, [f"{parent}.{name}" for name in known])
        return ConfigError(
            f"{full_key}: no such key yet.{hint} A new one is added with +{full_key}=..."
        )
    full_names = [f"{parent}.{name}" if parent else name for name in known]
    if parent and not known:  # the parent itself is the key that does not exist
        return _unknown_key(parent, None, verb, where)
    suggest = did_you_mean if verb == "train" else nearest
    key = known_keys().get(full_key)
    if error is not None and error.object_type is Grid and key is not None:
        samplers = listed(key.options)
        return ConfigError(
            f"{full_key}: no key of a grid; a search is chosen by its sampler: search={samplers}"
        )
    is_open = bool(where) and f"{parent}._target_" in CLASS_KEYS
    other = f"; {parent}=custom takes any" if is_open else ""
    return ConfigError(
        f"{full_key}: no such key{where}.{suggest(full_key, full_names)}\n"
        f"{parent or verb} has: {listed(known, 30)}{other}"
    )


def _preset_below_a_key(group: str, where: str = "") -> ConfigError:
    return ConfigError(
        f"{group}: a preset needs '# @package _global_' as its first line{where}, "
        f"else its keys are looked for below '{group}'"
    )


def _choice_of_callback(name: str) -> str:
    """Return the word that chooses a callback: an option that has it, or one more entry."""
    if name in groups.options("callbacks"):
        return f"callbacks={name} adds it"
    return f"+callback@callbacks.{name}={name} adds it"


def _wrong_type(error: ValidationError, text: str) -> ConfigError:
    message = str(error).splitlines()[0]
    override = re.search(r"Error merging override \S+?=(.*)", text)
    value = re.search(
        r"Value '(.*?)' (?:of type '.*' could not be converted to (\w+)|is not a)", message
    )
    if value:
        problem = f"'{value[1]}' is not {_KINDS.get(value[2] or 'Boolean', 'accepted')}"
        if share := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", value[1]):
            problem += f"; {float(share[1]) / 100:g} is"
    elif re.search(r"is not Optional|NoneType|'None'", message):
        problem = "null is not accepted"
    elif "ListConfig, list or tuple" in message:
        problem = f"'{override[1]}' is not a list" if override else "a list is needed"
    else:
        problem = f"'{override[1]}' is not accepted" if override else message
    name = str(error.full_key).rpartition(".")[2].partition("[")[0]
    field = declared(error.object_type).get(name)
    # Hydra's own keys say nothing of themselves.
    meaning = field.metadata.get("meaning") if field is not None else None
    if field is not None and (expected := field.metadata.get("expected")) and override:
        return ConfigError(f"{error.full_key}: {override[1]}; expected {expected}{_file(text)}")
    where = _file(text) or (f" ({meaning})" if meaning else "")
    return ConfigError(f"{error.full_key}: {problem}{where}")


# What Hydra says, in which the first group is a word or key; the sign of the override that it is
# said of, if any; and what the user is told.
_RULES = (
    (
        r"Ambiguous value for argument '(.*)'",
        "",
        "several values make a sweep, which needs -m; a list is [a,b]",
    ),
    (
        r"(?:Could not append|already at|Multiple values for) '?([\w/.@]+?)(?:'|\. )",
        "+",
        "the config has {key} already; write {word} without +",
    ),
    (r"does not support deletion()", "~", "this key cannot be deleted; give it a value instead"),
    (r"Could not delete[^']*'~?([\w./]*)", "~", "there is no such key that could be deleted"),
)


def _by_text(error: Exception, text: str, verb: str, overrides: Sequence[str]) -> ConfigError:
    """Return the explanation of an exception that is told apart by its text alone."""
    for pattern, sign, told in _RULES:
        if match := re.search(pattern, text):
            signed = [typed for typed in overrides if sign and typed.startswith(sign)]
            word = next((typed for typed in signed if match[1] in typed), f"{sign}{match[1]}")
            told = told.format(key=match[1], word=word.lstrip("+"))
            return ConfigError(f"{word}: {told}")
    if "DictConfig with ListConfig" in text:
        override = re.search(r"Error merging override (.*)|full_key: ([\w.]+)", text)
        where = (override[1] or override[2]) if override else _typed(overrides)
        return ConfigError(f"{where}: a mapping of keys is needed, not a list")
    if "maximum recursion depth" in text:
        return _own_ancestor(overrides)
    if "group override must be a string" in text:
        return _no_word(overrides)
    if match := re.search(r"Could not override '([^']*)'", text):
        word, _, package = match[1].partition("@")
        if (preset := package.partition(".")[0]) in groups.COMMAND_LINE_ONLY:
            return _preset_below_a_key(preset)
        known = sorted(groups.GROUPS)
        if verb != "train":
            keys = declared(ROOTS[verb])
            return ConfigError(f"{match[1]}: no such key of {verb}, which has: {listed(keys)}")
        return ConfigError(f"{match[1]}: no such group or key.{did_you_mean(word, known)}")
    reason = " ".join(line.strip() for line in text.splitlines()[:2])[:300].strip()
    return ConfigError(f"{_typed(overrides)}: cannot be composed: {reason or type(error).__name__}")


def _no_word(overrides: Sequence[str]) -> ConfigError:
    """Return the explanation of an option whose name is read as a number, boolean or null."""
    parser = OverridesParser.create()
    for word in overrides:
        group, _, value = word.partition("=")
        if group in groups.GROUPS and not isinstance(
            parser.parse_override(word).value(), str | list
        ):
            known = listed(groups.options(group))
            return ConfigError(
                f"{group}={value}: an option is chosen by its name\n{group} may be: {known}"
            )
    return ConfigError(f"{_typed(overrides)}: an option is chosen by its name")
