"""Project file, `seedbed.yaml`: config folder, trusted modules and default overrides of a folder.

It lies in the working folder or above it; the nearest one counts.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from reprlib import repr as abridged  # However much a value holds.
from typing import Any

from seedbed.config.groups import is_of_sweep
from seedbed.errors import ConfigError, listed, nearest

PROJECT_FILE = "seedbed.yaml"
MOST_BYTES = 1_000_000
# Folders of runs and sweeps, which may be a stranger's, bring none.
RECORDS = ("run.json", "sweep.json", ".hydra")
# How Hydra is told where configs are, in full and in short.
CONFIG_DIR = ("--config-dir", "-cd")
CONFIG_PATH = ("--config-path", "-cp")
CONFIG_NAME = ("--config-name", "-cn")


@dataclass(frozen=True)
class Project:
    """Content of a project file.

    `file` is None where there is none; `config_dir` is relative to it. `trust` names modules whose
    classes evaluate and predict may make. `defaults` are overrides that come before those of the
    command line.
    """

    file: Path | None = None
    config_dir: str | None = None
    trust: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()

    @property
    def config_folder(self) -> Path | None:
        """The folder of the user's configs, from the working folder where it lies below it."""
        if self.file is None or self.config_dir is None:
            return None
        folder = self.file.parent / self.config_dir
        return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder

    @property
    def outputs(self) -> str:
        """The folder that runs and sweeps are written to."""
        named = [word for word in self.defaults if key_of(word) == "paths.outputs"]
        return value_of(named[-1]) if named else os.environ.get("SEEDBED_OUTPUTS") or "outputs"

    def arguments_before(self, verb: str, typed: Sequence[str]) -> list[str]:
        """Return the arguments that come before those that were typed for a verb.

        What was typed replaces a default of the same key; another option of a group also replaces
        the defaults of the keys below it. Of the verbs that read a run, only `trust` and `paths`
        apply.
        """
        if _has_flag(typed, CONFIG_PATH):  # A whole config of its own, as ddp's processes have it.
            return []
        trust = [f"trust=[{','.join(self.trust)}]"] if self.trust else []
        if verb != "train":
            paths = [word for word in self.defaults if key_of(word).startswith("paths.")]
            return _not_replaced([*trust, *paths], typed)
        folder = self.config_folder
        flags = []
        if folder is not None and not _has_flag(typed, CONFIG_DIR):
            flags = [CONFIG_DIR[0], str(folder)]
        return [*flags, *_not_replaced([*trust, *self._defaults_for(typed)], typed)]

    def _defaults_for(self, typed: Sequence[str]) -> list[str]:
        """Return the defaults that apply to a training run, to a sweep, or to one that goes on."""
        if any(word.startswith("sweep.resume=") for word in typed):
            # Its jobs are composed already; it may lie elsewhere.
            return [word for word in self.defaults if key_of(word) == "paths.outputs"]
        if any(word.startswith("resume=") for word in typed):
            return [word for word in self.defaults if key_of(word).startswith("paths.")]
        if {"-m", "--multirun"} & {*typed}:
            return list(self.defaults)
        return [word for word in self.defaults if not is_of_sweep(key_of(word))]


# Words of the command that come from the project file, which nobody has typed for this run.
_inherited: frozenset[str] = frozenset()


def set_inherited(words: Iterable[str]) -> None:
    """Note which words of this process's command come from the project file."""
    global _inherited
    _inherited = frozenset(words)


def inherited() -> frozenset[str]:
    """Return the words that `set_inherited` has noted."""
    return _inherited


def is_inherited(word: str) -> bool:
    """Return whether a word of the command comes from the project file."""
    return word in _inherited


def named_config_folder(words: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Return the folder that `--config-dir` names, the last time it is given; the other words."""
    folder, others = None, []
    remaining = iter(words)
    for word in remaining:
        if word in CONFIG_DIR:
            folder = Path(next(remaining, ""))
        elif word.startswith(f"{CONFIG_DIR[0]}="):
            folder = Path(value_of(word))
        else:
            others.append(word)
    return folder, others


def _has_flag(words: Sequence[str], names: tuple[str, str]) -> bool:
    return any(word in names or word.startswith(f"{names[0]}=") for word in words)


def key_of(word: str) -> str:
    """Return the key or group that an override is about."""
    return word.lstrip("+~").partition("=")[0]


def value_of(word: str) -> str:
    """Return the value that an override gives, as it was typed; empty where it gives none."""
    return word.partition("=")[2]


def _not_replaced(defaults: Sequence[str], typed: Sequence[str]) -> list[str]:
    values = {key_of(word): value_of(word) for word in typed if not word.startswith("-")}
    keys = [(word, key_of(word)) for word in defaults]
    other = {key for word, key in keys if values.get(key, value_of(word)) != value_of(word)}
    return [word for word, key in keys if key not in values and key.partition(".")[0] not in other]


def with_origin(message: str, inherited: Sequence[str], project: Project) -> str:
    """Return an error message whose lines name the project file where the key was set there."""
    keys = [key_of(word) for word in inherited]

    def named(line: str) -> bool:
        key = re.split(r"[:=]", line.lstrip("+~"))[0]
        return any(other == key or other.startswith(f"{key}.") for other in keys)

    lines = [line + f" (in {project.file})" * named(line) for line in message.split("\n")]
    return "\n".join(lines)


def find_project(folder: Path | None = None) -> Project:
    """Return the project that a folder belongs to; by default the working folder.

    Looks in the folder and above it, up to the home folder or to the top of a git repository. A
    file above it counts only if it belongs to this user, or to whom the folder belongs: what it
    names is composed and imported. Raises ConfigError where the file is wrong.
    """
    start = Path.cwd() if folder is None else folder
    for parent in (start, *start.parents):
        file = parent / PROJECT_FILE
        if os.path.isfile(file) and not any(os.path.exists(parent / record) for record in RECORDS):
            if parent == start or file.stat().st_uid in (os.getuid(), start.stat().st_uid):
                return read_project(file)
            sys.stderr.write(f"seedbed: {file} is not used: it belongs to another user\n")
        if os.path.exists(parent / ".git") or str(parent) == os.path.expanduser("~"):
            break
    return Project()


def read_project(file: Path) -> Project:
    """Return the content of a project file; raises ConfigError with file and key where it fails."""
    content = _content(file)
    known = [field.name for field in fields(Project) if field.name != "file"]
    for name in content:
        if name not in known:
            hint = nearest(str(name), known)
            raise ConfigError(f"{file}: {name}: no such key.{hint} Known: {listed(known)}")
    config_dir = content.get("config_dir")
    if config_dir is not None and not isinstance(config_dir, str):
        raise ConfigError(f"{file}: config_dir: {abridged(config_dir)} is not the name of a folder")
    if config_dir is not None and not (file.parent / config_dir).is_dir():
        raise ConfigError(f"{file}: config_dir: no folder '{config_dir}' beside it")
    trust = _list(file, "trust", content, "a module", is_module)
    defaults = _list(file, "defaults", content, "an override such as optimizer=adam", _is_override)
    return Project(file, config_dir, trust, defaults)


def _content(file: Path) -> dict[Any, Any]:
    import yaml  # Most folders have no project file.

    try:
        if file.stat().st_size > MOST_BYTES:
            raise ConfigError(f"{file}: a project file of more than 1 MB is not read")
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise ConfigError(f"{file}: nested too deep") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{file}{line}: not YAML: {error.problem}") from None
    except OSError as error:
        raise ConfigError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, yaml.YAMLError):
        raise ConfigError(f"{file}: not text in UTF-8") from None
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"{file}: a mapping is needed, such as config_dir: mine")
    return content or {}


def _list(
    file: Path, name: str, content: dict[Any, Any], kind: str, accepts: Callable[[str], bool]
) -> tuple[str, ...]:
    """Return the texts under a key."""
    value = content.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ConfigError(f"{file}: {name}: {abridged(value)} is not a list")
    for item in value:
        if not isinstance(item, str) or not accepts(item):
            raise ConfigError(f"{file}: {name}: {abridged(item)} is not {kind}")
    return tuple(value)


def is_module(text: str) -> bool:
    """Return whether a text may be the full name of a module."""
    return all(part.isidentifier() for part in text.split("."))


def _is_override(text: str) -> bool:
    return not text.startswith("-") and bool(key_of(text)) and ("=" in text or text.startswith("~"))


def outputs_folder() -> str:
    """Return the folder that runs and sweeps are written to."""
    return find_project().outputs
