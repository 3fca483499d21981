"""What many tests need: train a config in this process, and read its curves back."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.composing import composed

from seedbed.config.spec import run_spec
from seedbed.experiment.provenance import environment_of_command, provenance_of_job
from seedbed.experiment.run import run
from seedbed.experiment.training.experiment import Experiment, build_experiment
from seedbed.experiment.writer import RunWriter
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import Record, read_record

# What the record of an experiment begins with, and its config, by the experiment's id.
PROVENANCE: dict[int, dict[str, Any]] = {}
CONFIGS: dict[int, str] = {}


def built(folder: Path, *overrides: str) -> Experiment:
    """Return the objects of a run, with its config saved as Hydra would."""
    return built_of(composed("callbacks=quiet", *overrides), folder, *overrides)


def built_of(config: DictConfig, folder: Path, *overrides: str) -> Experiment:
    """Return the objects of a run of a composed config."""
    run_folder = RunFolder(folder)
    run_folder.config.parent.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, run_folder.config)
    experiment = build_experiment(run_spec(config), run_folder)
    command = ["seedbed", "train", *overrides]
    PROVENANCE[id(experiment)] = {
        **provenance_of_job(config, {"data": "of the test"}, overrides),
        **environment_of_command(command, experiment.trainer.strategy.root_device).fields,
    }
    CONFIGS[id(experiment)] = OmegaConf.to_yaml(config, resolve=True)
    return experiment


def finished(experiment: Experiment) -> Experiment:
    """Run an experiment to its end and return it."""
    record = Record(experiment.folder.record, PROVENANCE[id(experiment)])
    text = CONFIGS[id(experiment)]
    metric = experiment.spec.optimized_metric
    run(experiment, RunWriter(record, experiment.loggers, metric, text))
    return experiment


def trained(folder: Path, *overrides: str) -> Experiment:
    """Train in this process and return the objects."""
    return finished(built(folder, *overrides))


def record(folder: Path) -> dict[str, Any]:
    """Return the fields of run.json."""
    return read_record(RunFolder(folder).record)


def curve(folder: Path, tag: str = "train/loss") -> dict[int, float]:
    """Return a curve as TensorBoard reads it: step -> value."""
    return {event.step: event.value for event in events(folder).Scalars(tag)}


def events(folder: Path) -> EventAccumulator:
    """Return what TensorBoard reads from a run folder."""
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def weights(experiment: Experiment) -> dict[str, torch.Tensor]:
    """Return copies of the network's parameters."""
    return {
        name: value.detach().clone() for name, value in experiment.module.net.named_parameters()
    }


def trained_on_own_data(folder: Path, *overrides: str) -> Experiment:
    """Return a finished run, whose folder says what follows from its data, as commands read it."""
    config = composed("callbacks=quiet", "logger=none", *overrides)
    experiment = built_of(config, folder, *overrides)
    plain = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    OmegaConf.save(plain, experiment.folder.resolved)
    return finished(experiment)
