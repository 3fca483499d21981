"""`seedbed train`: one experiment, from its config to its run folder."""

import os
import sys
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, read_write

from seedbed.config.overrides import inside_double_quotes, no_interpolation, words_of
from seedbed.config.schema import schema_of, typed
from seedbed.config.spec import run_spec
from seedbed.config.trust.config_folders import OWN_CONFIG
from seedbed.config.trust.restriction import restriction
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.experiment.provenance import (
    config_folders,
    preset_keys,
    provenance_of_command,
    provenance_of_job,
)
from seedbed.experiment.run import Experiment, build_experiment, load, run
from seedbed.experiment.writer import RunWriter
from seedbed.files import write_atomically
from seedbed.runs.folder import RunFolder
from seedbed.runs.hydra_job import PASSING
from seedbed.runs.record import Record

# The run that was prepared before its folder was made.
_prepared: list[Experiment] = []


def prepare(config: DictConfig) -> None:
    """Build the run of a composed config, load its data and check it; nothing is written.

    `train` goes on from here, in the same process. Raises SeedbedError where the run must not
    start.
    """
    folder = Path(str(config.hydra.runtime.output_dir))
    debugs = bool(config.hydra.runtime.choices.get("debug"))
    _prepared[:] = [_built(config, RunFolder(folder), debugs)]


def _built(config: DictConfig, folder: RunFolder, cut_short: bool) -> Experiment:
    quiet_lightning()
    if schema_of(config.trainer) is None:  # A process that DDP started reads the saved config.
        config = typed(config)
    experiment = build_experiment(run_spec(config), folder)
    load(experiment, cut_short)
    return experiment


def train(config: DictConfig, command: list[str]) -> int:
    """Train the composed config in the folder that Hydra made for it; return the exit code."""
    composed = HydraConfig.get()
    folder = RunFolder(composed.runtime.output_dir)
    experiment = _prepared.pop() if _prepared else None
    if experiment is None or experiment.folder.path != folder.path:
        experiment = _built(config, folder, bool(composed.runtime.choices.get("debug")))
    if schema_of(config.trainer) is None:
        config = typed(config)
    trainer, spec = experiment.trainer, experiment.spec
    choices = {str(group): option for group, option in composed.runtime.choices.items() if option}
    preset = preset_keys(choices.get("experiment"), config_folders(composed.runtime))
    provenance = {
        **provenance_of_job(config, choices, words_of(composed.overrides.task), preset),
        **provenance_of_command(command, trainer.strategy.root_device),
    }
    record = Record(folder.record, provenance, trainer.is_global_zero)
    text = OmegaConf.to_yaml(config, resolve=True)
    if PASSING.search(OmegaConf.to_yaml(config)) and trainer.is_global_zero:
        write_atomically(folder.resolved, text.encode())
    _let_processes_start_as_this_one(folder)
    return run(experiment, RunWriter(record, experiment.loggers, spec.optimized_metric, text))


def _let_processes_start_as_this_one(folder: RunFolder) -> None:
    """Let the processes that DDP starts read this run's saved config, not the command again.

    Lightning starts them with `sys.argv` and adds `hydra.run.dir` to it, in double quotes, which of
    a job of a sweep is not its folder.
    """
    if os.environ.get("LOCAL_RANK") is not None:
        return
    composed: Any = HydraConfig.instance().cfg
    with read_write(composed.hydra):
        path = inside_double_quotes(str(folder.path.resolve()))
        composed.hydra.run.dir = no_interpolation(path)
    hydra_folder = str(folder.config.parent.resolve())
    silent = ["hydra/job_logging=none", "hydra/hydra_logging=none"]
    where = ["--config-path", hydra_folder, "--config-name", folder.readable_config.stem]
    sys.argv = [sys.argv[0], "train", *where, *silent]
    trust = restriction()
    if trust is None:
        os.environ[OWN_CONFIG] = hydra_folder
    else:
        sys.argv.append(f"trust=[{','.join(trust)}]")
