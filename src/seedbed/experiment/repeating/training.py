"""A run that is built and trained again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.instantiation import keys_of
from seedbed.config.metrics import Objective
from seedbed.config.spec import RunSpec, run_spec
from seedbed.config.trust.targets import targets
from seedbed.errors import ConfigError, OtherData
from seedbed.experiment.build import build_data
from seedbed.experiment.predicting.member import of_file
from seedbed.experiment.provenance import (
    Environment,
    ProvenanceKeeper,
    data_fields,
    environment_of_command,
)
from seedbed.experiment.repeating.conditions import data_differences
from seedbed.experiment.repeating.opening import Repeated, config_of
from seedbed.experiment.run import run
from seedbed.experiment.training.experiment import Experiment, build_experiment
from seedbed.experiment.training.loading import load, threads_of
from seedbed.experiment.weights.taking import require_recorded
from seedbed.experiment.writer import RunWriter
from seedbed.files import write_atomically
from seedbed.reading.content import read_text
from seedbed.reading.yaml_files import MOST_BYTES
from seedbed.runs.claim import claim, require_free
from seedbed.runs.folder import HYDRA, RunFolder
from seedbed.runs.preparation import stored_preparation
from seedbed.runs.provenance.environment import device_name
from seedbed.runs.provenance.files import PACKAGES, ProvenanceFiles
from seedbed.runs.provenance.sources import own_sources
from seedbed.runs.record import Record
from seedbed.training.trial_stopping.judge import Judge, judged_by
from seedbed.training.trial_stopping.recorded import Recorded
from seedbed.training.trial_stopping.trials import Stop

# Fields of the record that are those of the config, which is the same.
_SAME = ("name", "tags", "notes", "hyperparameters", "seed")


@dataclass(frozen=True)
class Again:
    """Run that is trained again.

    Attributes:
        config: its config.
        experiment: its objects; its data are loaded.
        environment: command, versions, packages, code and device.
        provenance: first fields of its record, as far as they are known before training.
        targets: names of the classes that its config names.
    """

    config: DictConfig
    experiment: Experiment
    environment: Environment
    provenance: dict[str, Any]
    targets: Sequence[str]

    @property
    def packages(self) -> str:
        """The packages that are installed."""
        return self.environment.files[PACKAGES].decode()


# Trains a run, whose files of `.hydra` these are.
Train = Callable[[Again, Mapping[str, str], ProvenanceKeeper], None]


def built(repeated: Repeated, asked: DictConfig, command: Sequence[str]) -> Again:
    """Return a run that is about to be trained again; nothing is written.

    Args:
        repeated: The run.
        asked: Config of `seedbed repeat`.
        command: The command, for the record.

    Raises:
        ConfigError: Its data, or its initial weights, are others, or cannot be had.
    """
    require_free(Path(str(asked.folder)), "folder")
    config = config_of(repeated, list(asked.trust), asked.paths, asked.accelerator)
    spec = of_file(run_spec(config), asked.file)
    if asked.file is not None:
        _note_file(config, spec)
    _require_source(repeated, spec, asked)
    require_recorded(spec.initial_weights, spec.outputs, repeated.record)
    folder = RunFolder(Path(str(asked.folder)))
    with judged_by(_stops_as(repeated, spec)):
        experiment = build_experiment(spec, folder)
    load(experiment, cut_short=True)
    named = [target.name for target in targets(spec)]
    environment = environment_of_command(command, experiment.trainer.strategy.root_device)
    threads = threads_of(experiment)
    choice = str((repeated.record.get("data") or {}).get("choice"))
    fields, _ = data_fields(experiment.data, choice)
    _require_same_rows(repeated, fields, asked)
    provenance = {
        **{name: repeated.record[name] for name in _SAME if name in repeated.record},
        "repeats": str(asked.run) if asked.run != "latest" else str(repeated.folder.path),
        **environment.fields,
        "data": fields,
        **({"schedule": list(spec.schedule)} if spec.schedule else {}),
        "device": device_name(experiment.trainer.strategy.root_device, threads),
        "threads": threads,
        **({} if experiment.weights is None else {"initial_weights": experiment.weights.record()}),
    }
    sources = {
        name: {"file": source.file, "sha256": source.sha256}
        for name, source in own_sources(named).items()
    }
    return Again(config, experiment, environment, {**provenance, "sources": sources}, named)


def _stops_as(repeated: Repeated, spec: RunSpec) -> Judge | None:
    """Return who stops a trial of a search after the epoch that it was stopped after; or None."""
    stopped = repeated.record.get("stopped")
    if not isinstance(stopped, dict):
        return None
    stop = Stop(stopped["reason"], stopped["rung"])
    rule = Recorded(stopped["rule"], stopped["epoch"], stop)
    return Judge(rule, [Objective(spec.optimized_metric, spec.optimized_mode)], [0])


def _note_file(config: DictConfig, spec: RunSpec) -> None:
    """Write into the config where the data lie now."""
    for name in ("file", "folder"):
        value = keys_of(spec.data).get(name)
        if value is not None and name in config.data:
            config.data[name] = value


def _require_source(repeated: Repeated, spec: RunSpec, asked: DictConfig) -> None:
    """Raise ConfigError where files are others than those of the run; nothing of them is read.

    With `other_data` those may be that the command names itself: what a folder names may be any.
    """
    if asked.other_data and asked.file is not None:
        return
    data = build_data(spec)
    preparation = stored_preparation(repeated.folder)
    if preparation is not None:
        data.use_preparation(preparation, repeated.folder.path)
    try:
        data.require_source((repeated.record.get("data") or {}).get("fingerprint"))
    except OtherData as error:
        where = "" if asked.file is not None else " file=PATH"
        raise ConfigError(f"{error}; other_data=true{where} trains on them all the same") from None


def _require_same_rows(repeated: Repeated, now: Mapping[str, Any], asked: DictConfig) -> None:
    """Raise ConfigError where the rows are others than those of the run."""
    if asked.other_data:
        return
    if others := list(data_differences(repeated.record.get("data"), now)):
        what = "; ".join(text for _, text in others)
        raise ConfigError(
            f"data: not those that the run was trained on: {what}; other_data=true trains on them "
            "all the same"
        )


def train_again(again: Again, repeated: Repeated, train: Train) -> None:
    """Train in the new folder, which is claimed for it.

    Raises what `train` raises, which is `train_alone` or trains side by side.
    """
    folder, config = again.experiment.folder, again.config
    claimed = claim(folder.path, "folder", HYDRA)
    texts = {"config.yaml": OmegaConf.to_yaml(config, resolve=True)}
    for name in ("overrides.yaml", "hydra.yaml"):
        source = repeated.folder.config.with_name(name)
        if source.is_file():
            texts[name] = read_text(source, MOST_BYTES)
    keeper = ProvenanceKeeper(ProvenanceFiles(folder.path), again.environment, again.targets)
    try:
        train(again, texts, keeper)
    except ConfigError:
        claimed.withdraw(folder.written(again.experiment.spec.callbacks))
        raise


def train_alone(again: Again, texts: Mapping[str, str], keeper: ProvenanceKeeper) -> None:
    """Train a run by itself, and write its folder; `texts` are the files of `.hydra`."""
    experiment = again.experiment
    folder, spec = experiment.folder, experiment.spec
    for name, text in texts.items():
        write_atomically(folder.config.with_name(name), text.encode())
    record = Record(folder.record, again.provenance, experiment.trainer.is_global_zero)
    metric, config = spec.optimized_metric, texts["config.yaml"]
    run(experiment, RunWriter(record, experiment.loggers, metric, config, None, keeper))
