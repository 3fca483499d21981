"""`seedbed train`: one experiment, from its config to its run folder."""

import os
import sys

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from seedbed.config.schema import schema_of, typed
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.experiment.run import build_experiment, provenance, run
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import Record


def train(config: DictConfig, command: list[str]) -> int:
    """Train the composed config in the folder that Hydra made for it; return the exit code."""
    quiet_lightning()
    if schema_of(config.trainer) is None:  # A process that DDP started reads the saved config.
        config = typed(config)
    composed = HydraConfig.get()
    folder = RunFolder(composed.runtime.output_dir)
    choices = {group: option for group, option in composed.runtime.choices.items() if option}
    experiment = build_experiment(config, folder, choices, list(composed.overrides.task))
    record = Record(
        folder.record, provenance(experiment, command), experiment.trainer.is_global_zero
    )
    _let_processes_start_as_this_one(folder)
    return run(experiment, record)


def _let_processes_start_as_this_one(folder: RunFolder) -> None:
    """Let the processes that DDP starts read this run's saved config, not the command again.

    Lightning starts them with `sys.argv` and adds Hydra's folder to it.
    """
    if os.environ.get("LOCAL_RANK") is not None:
        return
    hydra_folder = str(folder.config.parent.resolve())
    silent = ["hydra/job_logging=none", "hydra/hydra_logging=none"]
    where = ["--config-path", hydra_folder, "--config-name", "config"]
    sys.argv = [sys.argv[0], "train", *where, *silent]
