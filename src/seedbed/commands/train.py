"""`seedbed train`: one experiment, from its config to its run folder."""

import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write

from seedbed.config.overrides import inside_double_quotes, no_interpolation, quoted, words_of
from seedbed.config.schema import schema_of, typed
from seedbed.config.spec import run_spec
from seedbed.config.trust.config_folders import OWN_CONFIG
from seedbed.config.trust.restriction import restriction
from seedbed.config.trust.targets import targets
from seedbed.documents import answer
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.evaluation import set_weights
from seedbed.experiment.provenance import (
    ProvenanceKeeper,
    config_folders,
    environment_of_command,
    preset_keys,
    provenance_of_job,
)
from seedbed.experiment.resuming.account import account, continued_provenance
from seedbed.experiment.resuming.same_data import require_same_source, require_source_of_run
from seedbed.experiment.run import run
from seedbed.experiment.training.experiment import Experiment, build_experiment
from seedbed.experiment.training.loading import load
from seedbed.experiment.writer import RunWriter
from seedbed.files import write_atomically
from seedbed.runs.folder import RunFolder
from seedbed.runs.hydra_job import PASSING
from seedbed.runs.loading import load_checkpoint
from seedbed.runs.provenance.files import ProvenanceFiles
from seedbed.runs.provenance.secrets import plain_yaml
from seedbed.runs.record import Record, read_record
from seedbed.runs.resuming.taking_up import TakenUp, take_up
from seedbed.terminal.listener import current_listener


@dataclass(frozen=True)
class _Prepared:
    """A run that may start: its objects, and what it goes on from where it does."""

    experiment: Experiment
    taken_up: TakenUp | None


# The run that was prepared before its folder was made.
_prepared: list[_Prepared] = []
# Where the state of a job lies that goes on alone.
_temporary: list["TemporaryDirectory[str]"] = []


def prepare(config: DictConfig) -> None:
    """Build the run of a composed config, load its data and check it; nothing is written.

    `train` goes on from here, in the same process. Raises SeedbedError where the run must not
    start.
    """
    folder = Path(str(config.hydra.runtime.output_dir))
    debugs = bool(config.hydra.runtime.choices.get("debug"))
    _prepared[:] = [_built(config, RunFolder(folder), debugs)]


def _built(config: DictConfig, folder: RunFolder, cut_short: bool) -> _Prepared:
    quiet_lightning()
    if schema_of(config.trainer) is None:  # A process that DDP started reads the saved config.
        config = typed(config)
    resume_from = taken_up = None
    if config.resume is not None:
        resume_from = _whole_state(folder)
        if os.environ.get("LOCAL_RANK", "0") == "0":
            taken_up = take_up(folder, _values(config), resume_from)
    spec = run_spec(config)
    spec = spec if resume_from is None else spec.of_checkpoint()
    experiment = build_experiment(spec, folder, None, resume_from)
    if taken_up is not None and experiment.resume_from is not None:
        experiment.exact.forget_stop = taken_up.asks_rules_again
        set_weights(
            experiment.module, load_checkpoint(experiment.resume_from)["state_dict"], folder, "last"
        )
        require_same_source(spec, experiment.trainer, taken_up)
    elif config.schedule_of is not None and resume_from is None:
        require_source_of_run(spec, experiment.trainer, RunFolder(config.schedule_of))
    load(experiment, cut_short)
    if taken_up is not None:
        taken_up.require_same_data(experiment.data.fingerprint)
    return _Prepared(experiment, taken_up)


def _whole_state(folder: RunFolder) -> Path:
    """Return the checkpoint that a run goes on from.

    Of a job that trained beside others it is made of what its sweep has kept.
    """
    last = folder.checkpoint("last")
    if os.environ.get("LOCAL_RANK") is not None or "group" not in read_record(folder.record):
        return last
    from seedbed.sweep.continuing.checkpoint_of_job import checkpoint_of_job  # For few runs.

    _temporary[:] = [TemporaryDirectory(prefix="seedbed-")]  # It is read later.
    return checkpoint_of_job(folder, Path(_temporary[0].name)) or last


def _outcome(folder: Path, exit_code: int) -> Any:
    """Return the document of a run that has ended."""
    from seedbed.catalogue.documents.of_run import run_outcome  # For few commands.

    return run_outcome(folder, exit_code)


def train(config: DictConfig, command: list[str]) -> int:
    """Train the composed config in the folder that Hydra made for it; return the exit code.

    Where `resume` names that folder, the run there goes on.
    """
    composed = HydraConfig.get()
    folder = RunFolder(composed.runtime.output_dir)
    prepared = _prepared.pop() if _prepared else None
    if prepared is None or prepared.experiment.folder.path != folder.path:
        prepared = _built(config, folder, bool(composed.runtime.choices.get("debug")))
    if composed.mode != RunMode.MULTIRUN and os.environ.get("LOCAL_RANK") is None:
        answer.give_at_end(partial(_outcome, folder.path))
    experiment, taken_up = prepared.experiment, prepared.taken_up
    if schema_of(config.trainer) is None:
        config = typed(config)
    trainer, spec = experiment.trainer, experiment.spec
    choices = {str(group): option for group, option in composed.runtime.choices.items() if option}
    words = words_of(composed.overrides.task)
    preset = preset_keys(choices.get("experiment"), config_folders(composed.runtime))
    environment = environment_of_command(command, trainer.strategy.root_device)
    provenance = {
        **provenance_of_job(config, choices, words, preset),
        **environment.fields,
        **({} if experiment.weights is None else {"initial_weights": experiment.weights.record()}),
    }
    # The jobs of a sweep share it.
    top = composed.sweep.dir if composed.mode == RunMode.MULTIRUN else folder.path
    named = [target.name for target in targets(spec)]
    keeper = ProvenanceKeeper(ProvenanceFiles(Path(top)), environment, named)
    text = plain_yaml(OmegaConf.to_yaml(config, resolve=True))
    before = None
    if taken_up is not None:
        before = taken_up.record
        provenance = continued_provenance(taken_up, provenance, config, choices, words)
        if current_listener() is None:
            print("\n".join(account(taken_up, choices, provenance)), flush=True)
    record = Record(folder.record, provenance, trainer.is_global_zero, before)
    if taken_up is not None:
        taken_up.saved.save(taken_up.changes, words, choices)
    elif PASSING.search(OmegaConf.to_yaml(config)) and trainer.is_global_zero:
        write_atomically(folder.resolved, text.encode())
    let_processes_start_as_this_one(folder, resumed=config.resume is not None)
    after = None if taken_up is None else (taken_up.measured, taken_up.step)
    metric = spec.optimized_metric
    writer = RunWriter(record, experiment.loggers, metric, text, after, keeper, spec.objectives)
    try:
        return run(experiment, writer)
    except ConfigError:
        if taken_up is not None:  # What was refused changes nothing.
            taken_up.saved.restore()
        raise
    finally:
        record.close()


def _values(config: DictConfig) -> dict[str, Any]:
    task = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    values: Any = OmegaConf.to_container(task, resolve=True)
    return {str(name): value for name, value in values.items()}


def let_processes_start_as_this_one(folder: RunFolder, resumed: bool = False) -> None:
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
    if resumed:
        sys.argv.append(f"resume={quoted(str(folder.path.resolve()))}")
    trust = restriction()
    if trust is None:
        os.environ[OWN_CONFIG] = hydra_folder
    else:
        sys.argv.append(f"trust=[{','.join(trust)}]")
