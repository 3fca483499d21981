"""Folder of a sweep: what lies where, and who may work in it."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError, nearest
from seedbed.files import is_locked, locked
from seedbed.reading.content import refuse_links_out
from seedbed.reading.json_files import read_json
from seedbed.runs.claim import Claim, claim
from seedbed.runs.folder import RECORD
from seedbed.runs.latest import Candidate, latest, start_of
from seedbed.runs.leftovers import leftovers
from seedbed.runs.packed.manifest import PACKED
from seedbed.sweep.presence.controller import see_controller
from seedbed.sweep.queue.queue import STATES, Queue
from seedbed.sweep.queue.workers import read_workers
from seedbed.terminal.words import relative

if TYPE_CHECKING:
    from seedbed.sweep.results.table import Row

RESULTS, PLAN, JOURNAL = "results.csv", "sweep.json", "optuna.log"
# Of a cross-validation: predictions of the best configuration, its model of all rows, and the means
# of all configurations.
OUT_OF_FOLD, REFIT, CONFIGURATIONS = "out_of_fold.csv", "refit", "configurations.csv"
# What a sweep needs in order to go on.
SAVED = ".sweep"
# Its folders in which files are written under hidden names first.
WRITTEN_INTO = ("", SAVED, PACKED, "figures", "provenance", "provenance/sources")
# Folders in `SAVED` that all who work on the sweep write into.
_SHARED = ("units", *(f"units/{state}" for state in STATES), "workers")
# Seconds without a sign, after which a worker on another machine is taken for gone.
SECONDS_UNTIL_GONE = 120.0
# The key that goes on with a sweep.
RESUME = "sweep.resume"


class SweepFolder:
    """Paths inside the folder of one sweep."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @cached_property
    def absolute(self) -> Path:
        """The absolute path."""
        return Path(os.path.abspath(self.path))

    @property
    def results(self) -> Path:
        """The table of all jobs."""
        return self.path / RESULTS

    @property
    def plan(self) -> Path:
        """The axes, jobs and groups; it is written last, so that with it a sweep can go on."""
        return self.path / PLAN

    @property
    def out_of_fold(self) -> Path:
        """The out-of-fold predictions of the best configuration of a cross-validation."""
        return self.path / OUT_OF_FOLD

    @property
    def configurations(self) -> Path:
        """The table of the configurations of a cross-validation."""
        return self.path / CONFIGURATIONS

    @property
    def refit(self) -> Path:
        """The run folder of the best configuration, trained on all rows after the folds."""
        return self.path / REFIT

    @property
    def saved(self) -> Path:
        """The folder of configs and of groups in training."""
        return self.path / SAVED

    def state(self, first: int, time: int = 0, part: int = 0) -> Path:
        """The state of the jobs side by side whose first one has this number.

        It is kept when they have ended, so that they can go on; `time` is how often the sweep was
        continued before they did, and `part` how many they are where a larger group was split.
        """
        if part:
            return self.saved / f"chunk-{first}-{time}-{part}.ckpt"
        return self.saved / (f"chunk-{first}-{time}.ckpt" if time else f"chunk-{first}.ckpt")

    def states(self) -> list[Path]:
        """Return the states of jobs side by side that there are."""
        return sorted(self.saved.glob("chunk-*.ckpt"))

    def reports(self, first: int) -> Path:
        """What the jobs of a unit have reported to the rule of a search, by its first job."""
        return self.saved / f"reports-{first}.json"

    def all_reports(self) -> list[Path]:
        """Return what the jobs of all units have reported."""
        return sorted(self.saved.glob("reports-*.json"))

    @property
    def tries(self) -> Path:
        """How often the units of a search have failed, or their process has died."""
        return self.saved / "tries.json"

    @property
    def running_unit(self) -> Path:
        """A note of the unit of a search that this sweep's own process runs."""
        return self.saved / "running.json"

    @property
    def fault(self) -> Path:
        """A file in which the sweep's own process leaves a trace when it crashes."""
        return self.saved / "fault"

    @property
    def journal(self) -> Path:
        """The journal of a search, for Optuna and its dashboard."""
        return self.path / JOURNAL

    def results_of_units(self) -> list[Path]:
        """Return the tables of units that nobody has entered into the sweep's own yet."""
        queue = Queue(self.saved)
        tables = sorted(queue.table(entry) for entry in queue.done())
        return [path for path in tables if path.is_file()]

    def forget_units(self) -> None:
        """Remove the queue of units, all of whose results are in the sweep's table."""
        Queue(self.saved).remove()

    @property
    def _running(self) -> Path:
        """A file that is there while a process runs jobs, and stays where it is killed."""
        return self.saved / "running"

    @contextmanager
    def noted_as_running(self) -> Iterator[None]:
        """Context in which jobs run; a process that is killed in it can be told from one stopped.

        The process holds the lock.
        """
        self._running.touch()
        try:
            yield
        finally:
            self._running.unlink(missing_ok=True)

    def was_killed(self) -> bool:
        """Return whether the process that ran the jobs last noted no end of its own."""
        return self._running.is_file() and not self.is_running()

    def is_running(self) -> bool:
        """Return whether a process runs this sweep, or works on a part that was handed out.

        Not every shared file system tells of the locks of other machines; signs of life do.
        """
        if see_controller(self.saved, is_locked(self._lock)).state == "alive":
            return True
        seen = read_workers(self.saved).values()
        return any(not each.gone(SECONDS_UNTIL_GONE) for each in seen)

    def clear_leftovers(self) -> None:
        """Remove what a sweep that was killed had not finished to write, unless a process runs it.

        These are files and folders of this user's alone; what cannot be removed stays.
        """
        if not leftovers(self.path, WRITTEN_INTO, folders=True):
            return
        with suppress(ConfigError, OSError), self.locked():
            self.remove_leftovers()

    def remove_leftovers(self) -> None:
        """Remove what processes that have gone had not finished to write; others write nothing."""
        for path in leftovers(self.path, WRITTEN_INTO, folders=True):
            with suppress(OSError):
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def claim(self) -> Claim:
        """Claim the folder for a new sweep; raises ConfigError where something is in it."""
        return claim(self.path, "hydra.sweep.dir", SAVED)

    @property
    def _lock(self) -> Path:
        return self.saved / "sweep.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running this sweep; raises ConfigError where one does."""
        with locked(self._lock, f"{self.path}: another process runs this sweep"):
            # The lock of another machine may not be seen from here.
            there = see_controller(self.saved, is_locked=False)
            if there.state == "alive" and there.is_elsewhere and there.note is not None:
                raise ConfigError(
                    f"{self.path}: process {there.note.pid} on {there.note.host} runs this sweep, "
                    f"its last sign is {there.age or 0:.0f} s old; seedbed cancel stops it, and "
                    f"one that is gone is given up after {SECONDS_UNTIL_GONE:.0f} s"
                )
            yield


def rows_of_sweep(folder: SweepFolder) -> "dict[int, Row]":
    """Return the rows of the jobs that have ended, those too that nobody has entered yet."""
    # With the rules of metrics comes OmegaConf, which who looks for sweeps need not wait for.
    from seedbed.sweep.results.table import read_results

    tables = (folder.results, *folder.results_of_units())
    return {row.number: row for path in tables if path.is_file() for row in read_results(path)}


def digest_of_table(folder: SweepFolder) -> str:
    """Return the SHA-256 of a sweep's table; empty where it has none."""
    if not folder.results.is_file():
        return ""
    with folder.results.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Begun(TypedDict, total=False):
    """What of a sweep.json says when the sweep began."""

    started: str


def open_sweep(word: str, outputs: str, key: str = RESUME) -> SweepFolder:
    """Return the folder of an existing sweep.

    `latest` is the newest below `outputs`; to go on with, the newest that no process runs.

    Raises ConfigError where there is none; `key` is what the word was given for.
    """
    path = latest_sweep(Path(outputs), key) if word == "latest" else Path(word)
    folder = SweepFolder(path)
    if word and path.exists() and not path.is_dir():
        raise ConfigError(f"{key}={word}: a file; name the folder of a sweep")
    if not word or not path.is_dir():
        hint = "" if "/" in word else nearest(word, ["latest"])
        raise ConfigError(f"{key}={word}: no such folder{hint and '.'}{hint}")
    if (path / RECORD).is_file():
        does = f"it goes on by seedbed train {typed_word('resume', word)}"
        raise ConfigError(
            f"{key}={word}: the folder of one run, not of a sweep; "
            + (does if key == RESUME else "see seedbed evaluate")
        )
    if not folder.plan.is_file():
        if folder.saved.is_dir() and not folder.is_running():
            raise ConfigError(
                f"{key}={word}: this sweep was stopped before its first job and has nothing to go "
                f"on with; remove {folder.path} and begin it again"
            )
        raise ConfigError(f"{key}={word}: no sweep, it has no {PLAN}")
    _refuse_links(folder)
    return folder


def _refuse_links(folder: SweepFolder) -> None:
    """Raise RunFolderError where a file of the sweep, or a job's folder, is a link out of it."""
    for place in (folder.path, folder.saved, *(folder.saved / name for name in _SHARED)):
        if place.is_dir():
            with os.scandir(place) as entries:
                links = [entry.name for entry in entries if entry.is_symlink()]
            refuse_links_out(
                folder.path, [str((place / name).relative_to(folder.path)) for name in links]
            )


def latest_sweep(outputs: Path, key: str) -> Path:
    """Return the newest folder of a sweep, and say so; raises ConfigError where there is none."""
    sweeps = outputs / "sweeps"
    plans = sweeps.glob(f"*/*/{PLAN}")
    path = latest(_candidates(plans, key != RESUME), f"{key}=latest", say=True)
    if path is None:
        raise ConfigError(f"{key}=latest: no sweep in {sweeps}")
    return path


def _candidates(plans: Iterable[Path], running_too: bool) -> Iterator[Candidate]:
    """Yield the sweeps whose plans can be read."""
    for plan in plans:
        try:
            started = start_of(read_json(plan, _Begun), plan)
        except (OSError, ConfigError):
            continue
        running = SweepFolder(plan.parent).is_running()
        state = "running" if running else "not running"
        yield Candidate(plan.parent, started, state, running_too or not running)


def resume_word(folder: SweepFolder) -> str:
    """Return the override that lets a sweep go on, as it is typed into a shell."""
    return typed_word(RESUME, relative(folder.path))
