"""A verb as a Hydra application: compose, check, run; errors and exit codes as one contract.

Hydra composes, prints (`--cfg`, `--info`, `--help`), completes and sweeps. What is added here: the
config is checked before any folder is made, an error is one or two lines, and the exit code says
what happened: 0 done, 1 a run failed, 2 the command or the config is wrong, 128 + n stopped by
signal n.
"""

import os
import re
import secrets
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
    SearchPathException,
)
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException, ValidationError
from yaml import MarkedYAMLError, YAMLError

from seedbed import listing
from seedbed.checks import check
from seedbed.errors import ConfigError, Interrupted, SeedbedError, listed, nearest
from seedbed.runs.folder import RECORD
from seedbed.schema.store import GROUPS, register_schema

FAILED = 1
WRONG_CONFIG = 2


class StopBeforeRun(BaseException):
    """Carries a ConfigError past Hydra, which turns exceptions of callbacks into warnings."""


class CheckBeforeRun(Callback):
    """Hydra callback that checks the composed config before Hydra makes a folder."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        self._check(config)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        # Axes still hold their sweep syntax here; each job is checked when it is composed.
        return

    def _check(self, config: DictConfig) -> None:
        try:
            check(config)
            _check_folder_is_free(config)
        except ConfigError as error:
            raise StopBeforeRun from error


def _check_folder_is_free(config: DictConfig) -> None:
    """Raise ConfigError where `hydra.run.dir` holds a run that this one would overwrite."""
    folder = Path(str(config.hydra.run.dir))
    if config.hydra.output_subdir is not None and (folder / RECORD).exists():
        raise ConfigError(f"hydra.run.dir={folder}: holds a run already; choose another folder")


def register_resolvers() -> None:
    """Register the resolvers that the shipped YAML uses."""
    register = OmegaConf.register_new_resolver
    register("unique", lambda: secrets.token_hex(3), use_cache=True, replace=True)
    register("help", listing.help_text, replace=True)
    register("mul", lambda a, b: a * b, replace=True)


def run_application(
    verb: str, arguments: list[str], function: Callable[[DictConfig, list[str]], int]
) -> NoReturn:
    """Run `function` on the config that Hydra composes for the verb, and exit.

    `function` takes the config and the full command line, and returns the exit code of its job. It
    may raise a SeedbedError, which is shown as its message alone.
    """
    register_resolvers()
    register_schema()
    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"
    # Hydra then hands every exception to us instead of printing it in its own way.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    command = [sys.argv[0], verb, *arguments]
    codes: list[int] = []

    def checked(config: DictConfig) -> int:
        # Hydra calls back before a single run, but not before the jobs of a sweep.
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            check(config)
        return function(config, command)

    def job(config: DictConfig) -> None:
        if full_error:
            codes.append(checked(config))
            return
        try:
            codes.append(checked(config))
        except Interrupted as interruption:
            sys.exit(128 + interruption.signal_number)
        except ConfigError as error:
            _remove_unused(Path(HydraConfig.get().runtime.output_dir))
            codes.append(_show(error, WRONG_CONFIG))
        except SeedbedError as error:
            codes.append(_show(error, FAILED))
        except Exception:
            traceback.print_exc()
            codes.append(FAILED)

    folder = str(listing.config_folder())
    application = hydra.main(version_base="1.3", config_path=folder, config_name=verb)(job)
    sys.argv = [sys.argv[0], *arguments]
    try:
        application()
    except StopBeforeRun as stop:
        assert isinstance(stop.__cause__, ConfigError)
        if full_error:
            raise stop.__cause__ from None
        sys.exit(_show(stop.__cause__, WRONG_CONFIG))
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        if full_error:
            raise
        sys.exit(_show(explain(error), WRONG_CONFIG))
    except ValueError as error:
        # Hydra's own complaint about flags that exclude each other.
        if full_error or not str(error).startswith(("Only one of", "The --resolve")):
            raise
        sys.exit(_show(error, WRONG_CONFIG))
    sys.exit(max(codes, default=0))


def _show(error: Exception, code: int) -> int:
    sys.stderr.write(f"seedbed: {error}\n")
    return code


def _remove_unused(folder: Path) -> None:
    """Remove a run folder that holds only its config, and the day's folder if that is empty."""
    if folder.is_dir() and [entry.name for entry in folder.iterdir()] == [".hydra"]:
        shutil.rmtree(folder)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()


def explain(error: Exception) -> Exception:
    """Return an error of Hydra or OmegaConf in our words: key, found, accepted, nearest match."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        where = f"{error.problem_mark.name}, line {error.problem_mark.line + 1}"
        return ConfigError(f"{where}: not YAML: {error.problem}")
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_option(error)
    if isinstance(error, SearchPathException):
        return ConfigError(str(error).splitlines()[0])
    if isinstance(error, OverrideParseException):
        problem = str(error).splitlines()[0]
        return ConfigError(f"{error.override}: not an override of the form key=value: {problem}")
    if isinstance(cause, ValidationError):
        return _wrong_type(cause)
    if isinstance(cause, OmegaConfBaseException) and "not in" in str(cause) and cause.full_key:
        return _unknown_key(cause)
    return _other(error)


def _missing_option(error: MissingConfigException) -> ConfigError:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    known = [name for name in error.options or [] if name != "schema"]
    if not group:
        return ConfigError(f"config '{option}' was not found.{nearest(option, known)}")
    return ConfigError(
        f"{group}={option}: no such option.{nearest(option, known)}\n"
        f"{group} may be: {listed(known)}"
    )


def _unknown_key(error: OmegaConfBaseException) -> ConfigError:
    full_key = str(error.full_key)
    parent = full_key.rpartition(".")[0]
    node = error.parent_node
    known = [str(name) for name in node] if isinstance(node, DictConfig) else []
    if not parent:
        known = sorted({*known, *(set(GROUPS) - {"callback"}), *listing.COMMAND_LINE_ONLY})
    if error.object_type is dict and parent:
        return ConfigError(f"{full_key}: no such key yet; add it with +{full_key}=...")
    full_names = [f"{parent}.{name}" if parent else name for name in known]
    suggestion = nearest(full_key, full_names)
    return ConfigError(
        f"{full_key}: no such key.{suggestion}\n{parent or 'the config'} has: {listed(known, 30)}"
    )


def _wrong_type(error: ValidationError) -> ConfigError:
    message = str(error).splitlines()[0]
    field = re.sub(r"\W*field '[^']*'\W*", "", message)
    kind = re.search(r"Value '(.*)' of type '.*' could not be converted to (\w+)", message)
    if kind:
        accepted = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false"}
        found = f"'{kind[1]}' is not {accepted.get(kind[2], kind[2].lower())}"
    elif "is not Optional" in message:
        found = "null is not accepted"
    else:
        found = field
    return ConfigError(f"{error.full_key}: {found}{_meaning(error)}")


def _meaning(error: ValidationError) -> str:
    name = str(error.full_key).rpartition(".")[2].partition("[")[0]
    fields = getattr(error.object_type, "__dataclass_fields__", {})
    meaning = fields[name].metadata.get("meaning") if name in fields else None
    return f" ({meaning})" if meaning else ""


def _other(error: Exception) -> ConfigError:
    text = str(error)
    ambiguous = re.search(r"Ambiguous value for argument '(.*)'", text)
    if ambiguous:
        return ConfigError(
            f"{ambiguous[1]}: several values make a sweep, which needs -m; a list is [a,b]"
        )
    override = re.search(r"Could not override '([^']*)'", text)
    if override:
        word = override[1].partition("@")[0]
        known = sorted({*listing.GROUPS})
        return ConfigError(f"{override[1]}: no such group or key.{nearest(word, known)}")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if isinstance(error, ConfigCompositionException) and error.__cause__ is not None:
        lines.append(str(error.__cause__).splitlines()[0])
    return ConfigError(" ".join(lines[:2]))
