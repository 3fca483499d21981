"""`seedbed train schedule_of=TRIAL [key=value ...]`: a trial of a population, trained alone.

A trial of `search=pbt` has trained with other numbers from time to time, on weights that it had
taken from other trials. Its run.json has the schedule that leads from the first weights to its end.
Here one run follows it, in a folder of its own, with the trial's config.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.utils import setup_globals
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.application.resuming import ResumeCommand, compose, hydra_of
from seedbed.config.overrides import quoted
from seedbed.config.project import key_of, value_of
from seedbed.config.scheduled_numbers import RATE
from seedbed.config.schema import typed as with_types
from seedbed.config.trust.restriction import require_trusted, restriction
from seedbed.config.validation import check
from seedbed.errors import ConfigError
from seedbed.experiment.repeating.opening import with_schedule
from seedbed.files import write_atomically
from seedbed.runs.folder import SWEEP_PLAN, RunFolder, open_run
from seedbed.runs.record import read_record
from seedbed.runs.resuming.saved_config import Changes, SavedConfig
from seedbed.terminal.words import relative


class ReplayCommand(ResumeCommand):
    """Command that trains the schedule of a trial; its `word` is the trial, or its sweep."""

    key: ClassVar[str] = "schedule_of"

    @contextmanager
    def opened(self) -> Iterator[RunFolder]:
        """Give the folder of the trial; raises ConfigError where there is none."""
        if {"-m", "--multirun"} & {*self.flags}:
            raise ConfigError(f"schedule_of={self.word}: one run follows a schedule, without -m")
        yield self._trial()

    def _trial(self) -> RunFolder:
        from seedbed.sweep.results.folder import open_sweep
        from seedbed.sweep.results.members import members_of

        if self.word == "latest":
            raise ConfigError("schedule_of=latest: name the folder of a trial, or of its sweep")
        if not (Path(self.word) / SWEEP_PLAN).is_file():
            return open_run(self.word, self.outputs_folder, key=self.key)
        folder = open_sweep(self.word, self.outputs_folder, self.key)
        [(_, trial), *_] = members_of(folder, "best", self.outputs_folder).jobs
        return trial

    def config(self, folder: RunFolder) -> DictConfig:
        """Return the config that follows the schedule, typed and checked, with `hydra`.

        Raises:
            ConfigError: The run has no schedule, or a word is wrong.
        """
        record, saved = read_record(folder.record), SavedConfig(folder)
        name = f"schedule_of={relative(folder.path)}"
        schedule = record.get("schedule")
        if not schedule:
            raise ConfigError(f"{name}: its run.json has no schedule: it is no trial of search=pbt")
        changes: Changes = {}
        words, choices = saved.words, saved.choices
        own = [word for word in self.new_words if not re.match(r"hydra[./]", key_of(word))]
        for word in own:
            if key_of(word) == RATE or key_of(word).partition(".")[0] == "scheduler":
                raise ConfigError(f"{word}: {name} says the learning rates")
        if own:
            changes, words, choices = self.composed(saved, own)
        values = with_schedule(saved, schedule, changes)
        require_trusted(folder.config, restriction() or (), values)
        config = with_types(OmegaConf.create(values))
        self.use_own_data(config)
        path = self._folder_of_run()
        with open_dict(config):
            config.schedule_of = os.path.abspath(folder.path)
            config.paths.outputs = self.outputs_folder
            config.trust = list(restriction() or ())
            check(config, cut_short=bool(choices.get("debug")))
            config.hydra = hydra_of(path, words, choices)
        return config

    def _folder_of_run(self) -> str:
        words = [word for word in self.new_words if key_of(word) == "hydra.run.dir"]
        if words:
            return value_of(words[0])
        setup_globals()  # The time in the name of the folder.
        return str(compose([f"paths.outputs={quoted(self.outputs_folder)}"], []).hydra.run.dir)


def write_hydra_files(config: DictConfig, folder: Path) -> None:
    """Write the files of `.hydra`, as Hydra does for the runs that it composes."""
    task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    hydra = OmegaConf.masked_copy(config, ["hydra"])
    texts: Mapping[str, Any] = {
        "config": task,
        "hydra": hydra,
        "overrides": list(config.hydra.overrides.task),
    }
    for name, content in texts.items():
        path = RunFolder(folder).config.with_name(f"{name}.yaml")
        write_atomically(path, OmegaConf.to_yaml(content).encode())
