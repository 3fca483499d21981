"""Composition by Hydra: once, and from folders of the user's own, or within what is trusted."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.hydra import Hydra
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig

from seedbed.config.groups import config_folder
from seedbed.config.schema.launcher import LAUNCHERS
from seedbed.config.schema.store import ROOTS
from seedbed.config.trust.config_folders import require_own_or_trusted
from seedbed.config.trust.restriction import restricted_to
from seedbed.errors import ConfigError
from seedbed.reading.content import read_text
from seedbed.reading.yaml_files import MOST_BYTES, check_yaml
from seedbed.terminal.words import relative


class StopBeforeRun(BaseException):
    """Carries a ConfigError past Hydra, which turns exceptions of callbacks into warnings."""


@contextmanager
def composed_once(arguments: list[str]) -> Iterator[None]:
    """Keep Hydra from composing twice, and from listing its groups for a help that has ours.

    Hydra composes a first time only to read `hydra.mode`, which our configs do not set; a user may
    have set it where this or other config files are named. Listing all groups takes two seconds.
    """
    flags_of_files = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")
    replaced: dict[str, Callable[..., Any]] = {}
    if not any("hydra.mode" in word or word.startswith(flags_of_files) for word in arguments):
        replaced["get_mode"] = lambda self, config_name, overrides: None
    if not any(word.startswith(("--hydra-help", "hydra.help", "hydra/help")) for word in arguments):
        replaced["format_config_groups"] = lambda self, predicate, compact=True: ""
    with _replaced(Hydra, replaced):
        yield


@contextmanager
def package_required() -> Iterator[None]:
    """Let Hydra raise ConfigError where `--cfg` shows a `--package` that does not exist."""
    show = Hydra.show_cfg

    def shown(self: Hydra, *arguments: Any, **options: Any) -> None:
        with redirect_stderr(StringIO()) as said:
            try:
                show(self, *arguments, **options)
            except SystemExit:
                raise ConfigError(f"--package: {said.getvalue().strip()}") from None
        sys.stderr.write(said.getvalue())

    with _replaced(Hydra, {"show_cfg": shown}):
        yield


@contextmanager
def only_own_or_trusted(trust: Sequence[str]) -> Iterator[None]:
    """Let Hydra make what a config names only where it comes from the user's own folders.

    Of other folders only what is allowed or in the modules of `trust`: for as long as the context
    lasts, from the moment when it is composed.
    """
    compose, load = Hydra.compose_config, ConfigLoaderImpl.load_configuration
    makes = False

    def composed(self: Hydra, *arguments: Any, **options: Any) -> DictConfig:
        nonlocal makes
        # Else the config is only shown.
        makes = bool(options.get("with_log_configuration"))
        return compose(self, *arguments, **options)

    def loaded(self: ConfigLoaderImpl, *arguments: Any, **options: Any) -> DictConfig:
        config = load(self, *arguments, **options)
        if makes:
            try:
                own = require_own_or_trusted(config, trust)
            except ConfigError as error:
                raise StopBeforeRun from error
            if not own:
                stack.enter_context(restricted_to(trust))
        return config

    with ExitStack() as stack:
        stack.enter_context(_replaced(Hydra, {"compose_config": composed}))
        stack.enter_context(_replaced(ConfigLoaderImpl, {"load_configuration": loaded}))
        yield


@contextmanager
def own_files_first() -> Iterator[None]:
    """Let files of `--config-dir` go before those of Seedbed's that bear the same name.

    It is said, as a user may not know the name to be taken. Raises ConfigError, where a file takes
    the place of a whole config and is none.
    """
    prepend, load = ConfigSearchPathImpl.prepend, ConfigRepository.load_config
    brought, said = config_folder(), set[Path]()

    def prepended(self: ConfigSearchPathImpl, provider: str, path: str, anchor: Any = None) -> None:
        before = SearchPathQuery(provider="main") if provider == "command-line" else anchor
        prepend(self, provider, path, before)

    def loaded(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        result = load(self, config_path)
        if source is None or source.provider != "command-line" or result is None:
            return result
        name = source._normalize_file_name(config_path)
        path = Path(source.path, name)
        if not (brought / name).is_file():
            return result
        _require_whole(path, name, result)
        if path not in said:
            said.add(path)
            sys.stderr.write(f"seedbed: {relative(path)} takes the place of Seedbed's own {name}\n")
        return result

    with (
        _replaced(ConfigSearchPathImpl, {"prepend": prepended}),
        _replaced(ConfigRepository, {"load_config": loaded}),
    ):
        yield


@contextmanager
def own_launchers() -> Iterator[None]:
    """Let what a plugin has stored for a launcher that Seedbed brings not be taken for its schema.

    Such as hydra-ray-launcher, which stays what it is for other programs.
    """
    load, brought = ConfigRepository.load_config, str(config_folder())

    def loaded(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        result = load(self, config_path)
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        if result is not None and group == "hydra/launcher" and name in LAUNCHERS:
            source = self._find_object_source(config_path, ObjectType.CONFIG)
            # Then Hydra looks for no other one.
            result.is_schema_source |= source is not None and source.path == brought
        return result

    with _replaced(ConfigRepository, {"load_config": loaded}):
        yield


def _require_whole(path: Path, name: str, result: ConfigResult) -> None:
    verb = name.removesuffix(".yaml")
    if verb in ROOTS and f"schema/{verb}" not in str(result.defaults_list):
        raise ConfigError(
            f"{relative(path)}: it takes the place of the whole config of seedbed {verb}; name it "
            f"otherwise, such as my_{verb}.yaml with 'defaults: [{verb}, _self_]', and type "
            f"--config-name=my_{verb}"
        )


@contextmanager
def files_within_limits() -> Iterator[None]:
    """Let Hydra read config files only as large, once their aliases are written out, as any can be.

    Those that Seedbed brings are known to be.
    """
    load, brought = ConfigRepository.load_config, str(config_folder())

    def loaded(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        if source is not None and source.scheme() == "file" and source.path != brought:
            path = Path(source.path, source._normalize_file_name(config_path))
            check_yaml(path, read_text(path, MOST_BYTES))
        return load(self, config_path)

    with _replaced(ConfigRepository, {"load_config": loaded}):
        yield


@contextmanager
def _replaced(kind: type, functions: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """Replace methods of a class for a while."""
    before = {name: getattr(kind, name) for name in functions}
    for name, function in functions.items():
        setattr(kind, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(kind, name, function)
