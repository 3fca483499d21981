"""Messages for errors of Hydra and OmegaConf: key, what was found, what is accepted, nearest match.

Hydra's own messages are for people who write applications; these are for those who use one.
"""

import re
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import MissingConfigException, SearchPathException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException, ValidationError
from yaml import MarkedYAMLError

from seedbed.config import groups
from seedbed.config.known_keys import did_you_mean
from seedbed.config.schema.store import GROUPS, ROOTS
from seedbed.errors import ConfigError, listed, nearest

_KINDS = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false"}


def explain(error: Exception, verb: str, overrides: Sequence[str]) -> ConfigError:
    """Return a ConfigError of one or two lines for an exception that composition raised.

    `verb` is the config that was composed; `overrides` are the words of the command line beside
    flags.
    """
    text = str(error)
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(error, ConfigError):
        return error
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
    unreadable = _unreadable(overrides)
    if unreadable is not None:
        return unreadable
    if "raised while composing config" in text and "full_key:" in text:
        return _by_text(error, text, verb, overrides)
    if isinstance(cause, ValidationError) and cause.full_key:
        return _wrong_type(cause, text)
    if isinstance(cause, OmegaConfBaseException) and "not in" in str(cause) and cause.full_key:
        return _unknown_key(str(cause.full_key), cause, verb)
    return _by_text(error, text, verb, overrides)


def _typed(overrides: Sequence[str]) -> str:
    """Return all overrides, for messages that cannot name the wrong one."""
    return " ".join(overrides) or "the config"


def _missing_option(error: MissingConfigException) -> ConfigError:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    known = [name for name in error.options or groups.options(group) if name != "schema"]
    if not group:
        known = known or [file.stem for file in groups.config_folder().glob("*.yaml")]
        return ConfigError(f"config '{option}' was not found.{nearest(option, known)}")
    hint, file = nearest(option, known), re.match(r"In '([^']*)'", str(error))
    if file and file[1] not in ROOTS:
        hint = f" (named in {file[1]}){hint}"
    return ConfigError(f"{group}={option}: no such option.{hint}\n{group} may be: {listed(known)}")


def _unreadable(overrides: Sequence[str]) -> ConfigError | None:
    """Return the syntax error of the first word that is no override; None where all are."""
    parser = OverridesParser.create()
    for word in overrides:
        key = word.partition("=")[0].lstrip("+~")
        try:
            parser.parse_override(word)
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else "nothing is there"
            return ConfigError(f"{word}: not an override of the form key=value: {reason}")
        if not key or ".." in key or key.startswith(".") or key.endswith("."):
            return ConfigError(f"{word}: not an override of the form key=value: a name is missing")
    return None


def _known_keys(parent: str, error: OmegaConfBaseException | None, verb: str) -> list[str]:
    """Return the keys that stand beside the one that does not exist."""
    node = error.parent_node if error is not None else None
    known = [str(name) for name in node] if isinstance(node, DictConfig) else []
    if not parent and verb == "train":
        known = sorted({*known, *(set(GROUPS) - {"callback"}), *groups.COMMAND_LINE_ONLY})
    return [name for name in known if parent or name != "hydra"]


def _unknown_key(full_key: str, error: OmegaConfBaseException | None, verb: str) -> ConfigError:
    parent, _, name = full_key.rpartition(".")
    if parent == "callbacks" and name in GROUPS["callback"]:
        return ConfigError(f"{full_key}: this callback is not chosen; {_choice_of_callback(name)}")
    known = _known_keys(parent, error, verb)
    if error is not None and error.object_type is dict and parent:
        hint = did_you_mean(full_key, [f"{parent}.{one}" for one in known])
        return ConfigError(
            f"{full_key}: no such key yet.{hint} A new one is added with +{full_key}=..."
        )
    full_names = [f"{parent}.{name}" if parent else name for name in known]
    if parent and not known:  # the parent itself is the key that does not exist
        return _unknown_key(parent, None, verb)
    suggest = did_you_mean if verb == "train" else nearest
    return ConfigError(
        f"{full_key}: no such key.{suggest(full_key, full_names)}\n"
        f"{parent or verb} has: {listed(known, 30)}"
    )


def _choice_of_callback(name: str) -> str:
    """Return the word that chooses a callback: an option that has it, or one more entry."""
    if name in groups.options("callbacks"):
        return f"callbacks={name} adds it"
    return f"+callback@callbacks.{name}={name} adds it"


def _wrong_type(error: ValidationError, text: str) -> ConfigError:
    message = str(error).splitlines()[0]
    override = re.search(r"Error merging override (\S+?)=(.*)", text)
    found = override[2] if override else "null"
    value = re.search(
        r"Value '(.*?)' (?:of type '.*' could not be converted to (\w+)|is not a)", message
    )
    if value:
        problem = f"'{value[1]}' is not {_KINDS.get(value[2] or 'Boolean', 'accepted')}"
    elif "is not Optional" in message or "NoneType" in message:
        problem = "null is not accepted"
    elif "ListConfig, list or tuple" in message:
        problem = f"'{found}' is not a list"
    else:
        problem = f"'{found}' is not accepted"
    return ConfigError(f"{error.full_key}: {problem}{_meaning(error)}")


def _meaning(error: ValidationError) -> str:
    name = str(error.full_key).rpartition(".")[2].partition("[")[0]
    fields = getattr(error.object_type, "__dataclass_fields__", {})
    meaning = fields[name].metadata.get("meaning") if name in fields else None
    return f" ({meaning})" if meaning else ""


def _by_text(error: Exception, text: str, verb: str, overrides: Sequence[str]) -> ConfigError:
    """Return the explanation of an exception that is told apart by its text alone."""
    if found := re.search(r"Ambiguous value for argument '(.*)'", text):
        return ConfigError(
            f"{found[1]}: several values make a sweep, which needs -m; a list is [a,b]"
        )
    if found := re.search(r"Could not append '([^']*)'|Multiple values for ([\w/]+)\.", text):
        group = found[1] or found[2]
        word = next((w for w in overrides if w.startswith("+") and group in w), f"+{group}")
        return ConfigError(
            f"{word}: the config has {group} already; write {word.lstrip('+')} without +"
        )
    if "does not support deletion" in text + str(error.__cause__):
        word = next((w for w in overrides if w.startswith("~")), "~")
        return ConfigError(f"{word}: this key cannot be deleted; give it a value instead")
    if "DictConfig with ListConfig" in text + str(error.__cause__):
        override = re.search(r"Error merging override (.*)", text)
        key = re.search(r"full_key: ([\w.]+)", text + str(error.__cause__))
        where = override[1] if override else key[1] if key else _typed(overrides)
        return ConfigError(f"{where}: a mapping of keys is needed, not a list")
    if found := re.search(r"Could not delete(?: from config)?[.:]? *'?~?([\w./]*)", text):
        word = next((w for w in overrides if w.startswith("~")), found[1])
        return ConfigError(f"{word}: there is no such key that could be deleted")
    if "group override must be a string" in text:
        return _no_word(overrides)
    if found := re.search(r"full_key: ([\w.]+)\s+object_type=(\w+)", text):
        return _in_a_file(text, found[1], found[2])
    if found := re.search(r"Could not override '([^']*)'", text):
        word, known = found[1].partition("@")[0], sorted(groups.GROUPS)
        if verb != "train":
            keys = _fields(ROOTS[verb])
            return ConfigError(f"{found[1]}: no such key of {verb}, which has: {listed(keys)}")
        return ConfigError(f"{found[1]}: no such group or key.{did_you_mean(word, known)}")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if error.__cause__ is not None and str(error.__cause__):
        lines.insert(1, str(error.__cause__).splitlines()[0])
    reason = " ".join(lines[:2])[:300] or type(error).__name__
    return ConfigError(f"{_typed(overrides)}: cannot be composed: {reason}")


def _in_a_file(text: str, full_key: str, object_type: str) -> ConfigError:
    """Return the explanation of a wrong key or value in a config file."""
    file = re.search(r"In '([^']*)'", text)
    where = f" (in {file[1]})" if file else ""
    parent = full_key.rpartition(".")[0]
    nodes = [*ROOTS.values(), *(node for options in GROUPS.values() for node in options.values())]
    node = next((node for node in nodes if node.__name__ == object_type), None)
    if "not in" in text:
        known = [f"{parent}.{name}" if parent else name for name in _fields(node)]
        return ConfigError(f"{full_key}: no such key{where}.{did_you_mean(full_key, known)}")
    value = re.search(r"Value '(.*?)' of type '.*' could not be converted to (\w+)", text)
    if value:
        kind = _KINDS.get(value[2], "accepted")
        return ConfigError(f"{full_key}: '{value[1]}' is not {kind}{where}")
    reason = next((line.strip() for line in text.splitlines()[1:] if line.strip()), text)
    return ConfigError(f"{full_key}: {reason}{where}")


def _fields(node: type | None) -> list[str]:
    return list(getattr(node, "__dataclass_fields__", {}))


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
