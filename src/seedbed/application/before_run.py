"""Checks of a composed config, and the claim of its folder, before Hydra makes one."""

import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Protocol

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from seedbed.application.composition import StopBeforeRun
from seedbed.application.kept_sources import use_kept_sources
from seedbed.config.groups import is_of_sweep
from seedbed.config.overrides import words_of
from seedbed.config.trust.module_path import reach
from seedbed.config.validation import check
from seedbed.errors import ConfigError, of_a_path, out_of_memory
from seedbed.experiment.weights.source import name_latest
from seedbed.runs.claim import Claim, claim, folder_named, require_free
from seedbed.runs.folder import HYDRA, RunFolder
from seedbed.runs.hydra_job import (
    interpolated_as_in_run,
    require_hydra_folder,
    resolve_sweep_folder,
)


class Requeue(Protocol):
    """What a command does about its job of a cluster: queues it again, or refuses to."""

    def asked(self, config: DictConfig) -> None:
        """Take note of what a composed config asks for."""

    def run_begins(self, folder: Path, config: DictConfig) -> None:
        """Note the folder of a run, before it begins."""

    def sweep_begins(self, folder: Path, modules: Callable[[], Sequence[str]], asks: bool) -> None:
        """Note the folder of a sweep, whose jobs may ask for it, and name classes of modules."""


class CheckBeforeRun(Callback):
    """Hydra callback that checks the composed config before Hydra makes a folder.

    Of a sweep it would see the axes in their sweep syntax; its jobs are checked one by one.
    """

    # Hydra makes this callback by its name alone; the verb's own check is put here before.
    prepare: ClassVar[Any] = staticmethod(lambda config: None)
    # What the command has claimed.
    claimed: ClassVar[Claim | None] = None
    # What queues a Slurm job again.
    requeueing: ClassVar[Requeue | None] = None
    # Whether the composed config is that of a run that is about to start.
    starts_run: ClassVar[bool] = True

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Raise StopBeforeRun where the sweep's folder holds something already."""
        if "optimizer" not in config or not self.starts_run:
            raise StopBeforeRun from ConfigError(
                "only seedbed train sweeps; use this verb without -m"
            )
        try:
            key = "hydra.sweep.dir"
            resolve_sweep_folder(config)
            require_free(folder_named(str(config.hydra.sweep.dir), key), key)
            if self.requeueing is not None:
                self.requeueing.asked(config)
        except Exception as error:
            raise StopBeforeRun from error

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the folder of a run; raise StopBeforeRun where the run must not start."""
        try:
            with interpolated_as_in_run(config):
                if not self.starts_run and "optimizer" in config:
                    if config.resume is not None:
                        raise ConfigError("resume: only seedbed train goes on with a run")
                    check_trust(config.get("trust") or ())
                    return
                check_config(config)
                if "optimizer" in config:
                    self._start(config)
            if "run" in config:
                from seedbed.sweep.results.members import open_run_or_sweep

                open_run_or_sweep(config.run, config.paths.outputs)
        except Exception as error:
            raise StopBeforeRun from of_a_path(error) or out_of_memory(error) or error

    def _start(self, config: DictConfig) -> None:
        """Prepare a run, and claim its folder; a process that works for another one does not."""
        require_hydra_folder(config)
        if config.resume is not None and os.environ.get("LOCAL_RANK") is None:
            raise ConfigError("resume: only the command says it: seedbed train resume=RUN")
        if config.schedule_of is not None and os.environ.get("LOCAL_RANK") is None:
            raise ConfigError(
                "schedule_of: only the command says it: seedbed train schedule_of=TRIAL"
            )
        name_latest(config)
        key = "hydra.run.dir"
        folder = folder_named(str(config.hydra.run.dir), key)
        is_first = os.environ.get("LOCAL_RANK", "0") == "0"
        if is_first:
            require_free(folder, key)
        self.prepare(config)
        if is_first:
            CheckBeforeRun.claimed = claim(folder, key, HYDRA)
            if self.requeueing is not None:
                self.requeueing.run_begins(folder, config)


def check_config(config: DictConfig) -> None:
    """Raise ConfigError where a composed config is wrong; of a run, where it is that of a sweep."""
    check(config, cut_short=bool(config.hydra.runtime.choices.get("debug")))
    use_kept_sources(config)
    check_trust(config.get("trust") or ())
    if "optimizer" in config:
        _check_no_sweep(config)


def _check_no_sweep(config: DictConfig) -> None:
    """Raise ConfigError where the command says something about a sweep, and is none.

    A preset may: its trials train by themselves as well.
    """
    for word in words_of(config.hydra.overrides.task):
        key = word.partition("=")[0].lstrip("+")
        group = key.partition(".")[0]
        if key != group and is_of_sweep(key):
            raise ConfigError(f"{word}: the keys of {group} need -m: seedbed train -m {word}")
        if is_of_sweep(key) and config[group].get("_target_") is not None:
            raise ConfigError(
                f"{word}: a single run has no other trials; it needs -m: seedbed train -m {word}"
            )


def check_trust(modules: Iterable[str]) -> None:
    """Raise ConfigError where a trusted module does not exist."""
    for module in modules:
        reach(module)
        try:
            exists = find_spec(module) is not None
        except Exception:  # The package that it would be in does not exist, or fails.
            exists = False
        if not exists:
            raise ConfigError(
                f"trust: no module '{module}', neither in the working folder nor installed"
            )


def withdraw_claim() -> None:
    """Take back what there is of a run that did not come to start."""
    if (claimed := CheckBeforeRun.claimed) is not None:
        claimed.withdraw(RunFolder(claimed.path).written())
