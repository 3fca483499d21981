"""Folders of a sweep's jobs: each job has its own, below the sweep's, told before any job runs."""

import os
from pathlib import Path, PurePath

from omegaconf import DictConfig

from seedbed.errors import ConfigError
from seedbed.files import TEMPORARY
from seedbed.runs.claim import require_name
from seedbed.runs.hydra_job import SUBDIR, name_of_job, raw_value, require_hydra_folder
from seedbed.runs.packed.manifest import PACKED
from seedbed.runs.provenance.files import PROVENANCE
from seedbed.sweep.configs.sources import MASTER
from seedbed.sweep.results.folder import (
    CONFIGURATIONS,
    JOURNAL,
    OUT_OF_FOLD,
    PLAN,
    REFIT,
    RESULTS,
    SAVED,
    SweepFolder,
)

# Names in a sweep's folder that are its own, or those of launchers.
RESERVED = (
    RESULTS,
    PLAN,
    CONFIGURATIONS,
    JOURNAL,
    OUT_OF_FOLD,
    REFIT,
    MASTER,
    SAVED,
    PROVENANCE,
    PACKED,
    ".submitit",
)
OUTPUT_DIR = ("hydra", "runtime", "output_dir")
# Names that are longer are checked against what the file system takes.
SURELY_SHORT = 100


class JobFolders:
    """Names of the folders that jobs have been given so far."""

    def __init__(self, folder: SweepFolder) -> None:
        self.folder = folder
        self._jobs: dict[str, int] = {}
        # The folders that those of jobs lie in.
        self._above: dict[str, int] = {}
        self._depth = len(str(folder.absolute))

    def add(self, number: int, config: DictConfig) -> None:
        """Note the folder of a job by its config, `hydra` included.

        Raises ConfigError where the folder is that of another job, holds it or lies in it, is the
        sweep's own or leads out of it, or cannot be made.
        """
        require_hydra_folder(config)
        name = name_of_job(config)
        key = f"hydra.sweep.subdir={raw_value(config, SUBDIR)}"
        self._require_below(name, config)
        parts = PurePath(name).parts
        if name == "." or parts[0] in RESERVED or TEMPORARY.fullmatch(parts[0]):
            raise ConfigError(f"{key}: job {number} would write into the sweep's own '{name}'")
        if self._depth + len(name) > SURELY_SHORT:
            require_name(self.folder.absolute / name, key)
        elif "\0" in name:
            require_name(Path(name), key)
        above = [str(PurePath(*parts[:depth])) for depth in range(1, len(parts))]
        other = self._jobs.get(name, self._above.get(name))
        other = next((self._jobs[parent] for parent in above if parent in self._jobs), other)
        if other is not None:
            raise ConfigError(
                f"{key}: jobs {other} and {number} would share the folder '{name}'; what tells "
                "them apart is needed, such as ${hydra.job.num} in it"
            )
        self._jobs[name] = number
        self._above.update(dict.fromkeys(above, number))

    def _require_below(self, name: str, config: DictConfig) -> None:
        """Raise ConfigError where a job would lie elsewhere than below the sweep's folder."""
        key, told = "dir", str(raw_value(config, OUTPUT_DIR))
        if told == os.path.normpath(f"{self.folder.absolute}{os.sep}{name}"):
            key, told = "subdir", name
            if not (os.path.isabs(name) or name.split(os.sep)[0] == os.pardir):
                return
        value = raw_value(config, ("hydra", "sweep", key))
        raise ConfigError(
            f"hydra.sweep.{key}={value}: job {config.hydra.job.num} would lie in {told}, not below "
            f"{self.folder.absolute}\nWhat differs between jobs belongs in hydra.sweep.subdir, "
            "as a name below it."
        )
