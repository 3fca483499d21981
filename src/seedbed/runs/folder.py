"""Layout of a run folder: what a run writes into it, and finding one."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedbed.errors import RunFolderError, nearest
from seedbed.files import TEMPORARY, remove_temporary_files
from seedbed.reading.content import refuse_links_out
from seedbed.runs.latest import Candidate, latest, start_of
from seedbed.runs.leftovers import clear_leftovers
from seedbed.runs.provenance import files
from seedbed.runs.record import KILLED, read_record, state_of

RECORD = "run.json"
PREPARATION = "preparation.json"
# The plan of a sweep, in the folder above those of its jobs.
SWEEP_PLAN = "sweep.json"
RESOLVED = "resolved.yaml"
HYDRA, CHECKPOINTS, FIGURES = ".hydra", "checkpoints", "figures"
# What a run writes into these folders, and into its own; figures go by the names of callbacks.
WRITTEN = {
    "": rf"{re.escape(RECORD)}|{re.escape(PREPARATION)}|events\.out\.tfevents\.[0-9]+\..+"
    r"|(\w+-)?profile(-[0-9]+)?\.txt|(metrics|hyperparameters|labels)\.csv|report\.html",
    HYDRA: r"(config|hydra|overrides|resolved)\.yaml",
    CHECKPOINTS: r"(best|last)\.ckpt",
}


class RunFolder:
    """Paths inside the folder of one run."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def files(self) -> Path:
        """The folder in which its files are read: `path`, but for a job that is packed."""
        return self.path

    @property
    def is_packed(self) -> bool:
        """Whether it is a job that is packed, so that there is no such folder."""
        return False

    @property
    def record(self) -> Path:
        """The record, run.json."""
        return self.files / RECORD

    @property
    def preparation(self) -> Path:
        """What was fitted to the training rows, preparation.json."""
        return self.files / PREPARATION

    @property
    def config(self) -> Path:
        """The composed config, as Hydra writes it."""
        return self.files / HYDRA / "config.yaml"

    @property
    def resolved(self) -> Path:
        """The config with all interpolations resolved, where some would give other values now."""
        return self.files / HYDRA / RESOLVED

    @property
    def readable_config(self) -> Path:
        """The config that says what the run was, whenever it is read."""
        return self.resolved if self.resolved.is_file() else self.config

    @property
    def figures(self) -> Path:
        """The folder of figures."""
        return self.path / FIGURES

    def checkpoint(self, name: str) -> Path:
        """The checkpoint `best` or `last`."""
        return self.files / CHECKPOINTS / f"{name}.ckpt"

    @property
    def has_weights(self) -> bool:
        """Whether there is a checkpoint."""
        return any(self.checkpoint(name).is_file() for name in ("best", "last"))

    def written(self, callbacks: Iterable[str] = (), job_name: str = "train") -> Iterator[Path]:
        """Yield the files in the folder that a run writes; those of others are left out.

        Args:
            callbacks: names of the run's callbacks, which its figures are named after.
            job_name: Hydra's name of the job, which its log file is named after.
        """
        names = "|".join(map(re.escape, callbacks))
        patterns = {
            **WRITTEN,
            "": rf"{WRITTEN['']}|{re.escape(job_name)}\.log",
            FIGURES: rf"({names})(-epoch-[0-9]+)?\.png",
        }
        for inside, pattern in patterns.items():
            for entry in _entries(self.path / inside):
                own = re.fullmatch(pattern, entry.name) or TEMPORARY.fullmatch(entry.name)
                if own and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
        yield from files.written(self.path)

    def remove_leftovers(self) -> None:
        """Remove what a process that was killed had not finished to write."""
        for folder in (self.path, self.path / CHECKPOINTS, self.path / files.PROVENANCE):
            remove_temporary_files(folder)

    def kept(self, name: str) -> str:
        """The checkpoint that there is: `last` where a run has no best epoch, else `name`.

        A run has none where its watched metric was never a number.
        """
        only_last = not self.checkpoint("best").is_file() and self.checkpoint("last").is_file()
        return "last" if only_last else name


def open_run(run: str, outputs: str, *, say: bool = False, key: str = "run") -> RunFolder:
    """Return the folder of an existing run.

    Args:
        run: the folder; `latest` is the newest below `outputs` that has a checkpoint and has ended.
        outputs: the folder of all outputs.
        say: whether to say on stderr which run is the latest.
        key: the key that names it, for messages.

    Raises:
        RunFolderError: There is no run.
    """
    path = latest_run(Path(outputs), say=say, key=key) if run == "latest" else Path(run)
    folder = RunFolder(path)
    if not folder.record.is_file() and (packed := _packed(path)) is not None:
        return packed
    if not path.is_dir():
        hint = "" if "/" in run else nearest(run, ["latest"])
        raise RunFolderError(f"{key}={run}: no such folder{hint and '.'}{hint}")
    for needed in (folder.record, folder.config):
        if not needed.is_file():
            missing = needed.relative_to(path)
            if (path / SWEEP_PLAN).is_file():
                raise RunFolderError(
                    f"{key}={run}: the folder of a sweep; {key}={path / '0'} is a job of it"
                )
            raise RunFolderError(f"{key}={run}: no run folder, it has no {missing}")
    inside = [folder.record, folder.config, folder.resolved]
    inside += [folder.checkpoint("best"), folder.checkpoint("last")]
    refuse_links_out(path, [str(file.relative_to(path)) for file in inside])
    _clear_if_killed(folder)
    return folder


def _packed(path: Path) -> RunFolder | None:
    """Return the job that a sweep has packed in place of a folder; None where it is none."""
    from seedbed.runs.packed.opening import packed_run  # What reads packs is seldom needed.

    return packed_run(path)


def run_folder(path: Path | str) -> RunFolder:
    """Return the folder of a run, wherever its files are: also of a job that is packed."""
    folder = RunFolder(path)
    return folder if folder.record.is_file() else _packed(folder.path) or folder


def has_run(path: Path) -> bool:
    """Return whether a run lies at a path, be it in a folder or packed."""
    if RunFolder(path).record.is_file():
        return True
    from seedbed.runs.packed.opening import place_of

    return place_of(path) is not None


def record_at(path: Path) -> dict[str, Any] | None:
    """Return the record of the run at a path, be it in a folder or packed; None where none is."""
    file = RunFolder(path).record
    if file.is_file():
        return read_record(file)
    from seedbed.runs.packed.opening import packed_record

    return packed_record(path)


def _clear_if_killed(folder: RunFolder) -> None:
    """Remove what a run has left that was killed; a damaged record is for others to find."""
    with suppress(OSError, RunFolderError):
        if read_record(folder.record).get("error") == KILLED:
            clear_leftovers(folder.path, folder.record.stat().st_mtime)


def has_ended(folder: RunFolder, record: Mapping[str, Any]) -> bool:
    """Return whether a run has ended and left weights."""
    return folder.has_weights and record["status"] != "running"


def latest_run(
    outputs: Path,
    *,
    say: bool = False,
    key: str = "run",
    usable: Callable[[RunFolder, Mapping[str, Any]], bool] = has_ended,
) -> Path:
    """Return the newest run folder that can be used; raises RunFolderError where there is none.

    Args:
        outputs: the folder of all outputs.
        say: whether to say on stderr which run it is.
        key: the key that names it, for messages.
        usable: tells, of a run's folder and record, whether it can be used.
    """
    runs = outputs / "runs"
    path = latest(_candidates(runs.glob(f"*/*/{RECORD}"), usable), f"{key}=latest", say=say)
    if path is None:
        raise RunFolderError(f"{key}=latest: no run in {runs}")
    return path


def _candidates(
    records: Iterable[Path], usable: Callable[[RunFolder, Mapping[str, Any]], bool]
) -> Iterator[Candidate]:
    """Yield the runs whose records can be read."""
    for path in records:
        try:
            fields = read_record(path)
            started = start_of(fields, path)
        except (OSError, RunFolderError):
            continue
        folder = RunFolder(path.parent)
        state = state_of(fields) + ("" if folder.has_weights else ", no checkpoint")
        yield Candidate(path.parent, started, state, usable(folder, fields))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing where there is none, or a link to one."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return list(entries)


def remove_if_empty(folder: Path) -> bool:
    """Remove a folder where nothing is in it; tell whether it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
