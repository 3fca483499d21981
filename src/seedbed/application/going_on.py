"""`resume=` and `schedule_of=`: a run goes on, or follows the schedule of another one.

Its config is not composed anew: it is the one that was saved, but for what new words change.
"""

import sys
from collections.abc import Callable

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from seedbed.application.before_run import CheckBeforeRun, check_trust, withdraw_claim
from seedbed.application.composition import files_within_limits, own_files_first
from seedbed.application.flags import overrides_among
from seedbed.application.jobs import FULL_ERROR, Jobs
from seedbed.application.replaying import ReplayCommand, write_hydra_files
from seedbed.application.resuming import ResumeCommand
from seedbed.config.composition_errors import explain
from seedbed.config.overrides import refuse_repeated_keys, trusted_modules
from seedbed.config.project import Project
from seedbed.config.trust.restriction import restricted_to
from seedbed.errors import ConfigError, DiskFull, disk_full, of_a_path, out_of_memory
from seedbed.process.environment import environment_variable
from seedbed.runs.claim import claim, folder_named, require_free
from seedbed.runs.folder import HYDRA


def go_on(
    arguments: list[str],
    jobs: Jobs,
    prepare: Callable[[DictConfig], None],
    project: Project,
    *,
    replays: bool,
) -> None:
    """Go on with a run, or follow the schedule of another one.

    Raises ConfigError for whatever goes wrong until it has started: it is in the command.
    """
    CheckBeforeRun.claimed = None
    overrides: list[str] = []
    try:
        overrides = overrides_among("train", arguments)
        refuse_repeated_keys(overrides)
        jobs.trust = trusted_modules(overrides)
        check_trust(jobs.trust)
        flags = [word for word in arguments if word not in overrides]
        kind = ReplayCommand if replays else ResumeCommand
        command = kind(overrides, flags, project.outputs)
        with (
            environment_variable(FULL_ERROR, "1"),
            restricted_to(jobs.trust, overrides),
            files_within_limits(),
            own_files_first(),
            command.opened() as folder,
        ):
            config = command.config(folder)
            task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
            if command.shows_config:
                print(OmegaConf.to_yaml(task, resolve=True))
                sys.exit(0)
            HydraConfig.instance().set_config(config)
            if replays:
                _begin(config, prepare)
            else:
                prepare(config)
            jobs(task)
    except Exception as error:
        if replays and not jobs.started:
            withdraw_claim()
        if jobs.full_error or jobs.started:
            raise
        told = disk_full(error) or of_a_path(error) or out_of_memory(error) or error
        if isinstance(told, DiskFull):
            raise told from error
        refusal = explain(told, "train", overrides)
        raise refusal if isinstance(refusal, ConfigError) else ConfigError(str(refusal)) from None


def _begin(config: DictConfig, prepare: Callable[[DictConfig], None]) -> None:
    """Prepare a run that Hydra has not composed, and claim its folder and write its config."""
    key, folder = "hydra.run.dir", folder_named(str(config.hydra.run.dir), "hydra.run.dir")
    require_free(folder, key)
    prepare(config)
    CheckBeforeRun.claimed = claim(folder, key, HYDRA)
    write_hydra_files(config, folder)
    if CheckBeforeRun.requeueing is not None:
        CheckBeforeRun.requeueing.run_begins(folder, config)
