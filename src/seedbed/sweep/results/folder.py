"""Folder of a sweep: what lies where, and who may work in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seedbed.errors import ConfigError
from seedbed.files import locked
from seedbed.runs.folder import RECORD

RESULTS, PLAN = "results.csv", "sweep.json"
# What a sweep needs in order to go on.
SAVED = ".sweep"


class SweepFolder:
    """Paths inside the folder of one sweep."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def results(self) -> Path:
        """The table of all jobs."""
        return self.path / RESULTS

    @property
    def plan(self) -> Path:
        """The axes, jobs and groups; it is written last, so that with it a sweep can go on."""
        return self.path / PLAN

    @property
    def saved(self) -> Path:
        """The folder of configs and of groups in training."""
        return self.path / SAVED

    def state(self, first: int) -> Path:
        """The state of the chunk in training whose first job has this number."""
        return self.saved / f"chunk-{first}.ckpt"

    def unit_progress(self, first: int) -> Path:
        """How far the unit is whose first job has this number, where it runs elsewhere."""
        return self.saved / f"unit-{first}.json"

    def unit_results(self, first: int) -> Path:
        """The table of the jobs of such a unit, written when it has ended."""
        return self.saved / f"unit-{first}.csv"

    @property
    def stop(self) -> Path:
        """A file that keeps units from starting elsewhere: one has failed."""
        return self.saved / "stop"

    def results_of_units(self) -> list[Path]:
        """Return the tables of units that nobody has entered into the sweep's own yet."""
        return sorted(self.saved.glob("unit-*.csv"))

    def forget_units(self) -> None:
        """Remove what units elsewhere have left, all of whose results are in the sweep's table."""
        for path in (self.stop, *self.saved.glob("unit-*.csv"), *self.saved.glob("unit-*.json")):
            path.unlink(missing_ok=True)

    def forget_unit(self, first: int) -> None:
        """Remove what a unit has left, whose results are in the sweep's table."""
        for path in (self.unit_progress(first), self.unit_results(first), self.state(first)):
            path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running this sweep; raises ConfigError where one does."""
        with locked(self.saved / "sweep.lock", f"{self.path}: another process runs this sweep"):
            for unit in self.saved.glob("unit-*.lock"):
                with locked(unit, f"{self.path}: a job that was handed out is still running"):
                    pass
                unit.unlink(missing_ok=True)
            yield

    @contextmanager
    def unit_locked(self, first: int) -> Iterator[None]:
        """Keep the sweep from being resumed while the unit whose first job this is runs."""
        path = self.saved / f"unit-{first}.lock"
        with locked(path, f"{self.path}: another process runs job {first}"):
            yield


def open_sweep(word: str, outputs: str, key: str = "sweep.resume") -> SweepFolder:
    """Return the folder of an existing sweep; `latest` is the newest below `outputs`.

    Raises ConfigError where there is none; `key` is what the word was given for.
    """
    path = latest_sweep(Path(outputs), key) if word == "latest" else Path(word)
    folder = SweepFolder(path)
    if not word or not path.is_dir():
        raise ConfigError(f"{key}={word}: no such folder")
    if (path / RECORD).is_file():
        raise ConfigError(
            f"{key}={word}: the folder of one run, not of a sweep; see seedbed evaluate"
        )
    if not folder.plan.is_file():
        raise ConfigError(f"{key}={word}: no sweep, it has no {PLAN}")
    return folder


def latest_sweep(outputs: Path, key: str) -> Path:
    """Return the newest folder of a sweep; raises ConfigError where there is none."""
    plans = (outputs / "sweeps").glob(f"*/*/{PLAN}")
    sweeps = [plan.parent for plan in plans if re.match(r"\d", plan.parent.name)]
    if not sweeps:
        raise ConfigError(f"{key}=latest: no sweep in {outputs / 'sweeps'}")
    return max(sweeps, key=lambda path: (path.parent.name, path.name))
