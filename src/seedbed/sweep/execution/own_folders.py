"""Folders of the jobs of a sweep: what lies there is checked to be the job's before it is used."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from seedbed.errors import ConfigError, RunFolderError
from seedbed.reading.checkpoint_files import check_checkpoint
from seedbed.runs.claim import Claim, claim
from seedbed.runs.folder import (
    CHECKPOINTS,
    FIGURES,
    HYDRA,
    RECORD,
    RunFolder,
    remove_if_empty,
    run_folder,
)
from seedbed.runs.hydra_job import written_by_run
from seedbed.runs.provenance.files import PROVENANCE, remove_empty_folders
from seedbed.runs.record import read_record
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.results.folder import SweepFolder

# The files of `.hydra` that say which job it is.
TELLING = ("overrides.yaml", "config.yaml")


class OwnFolders:
    """Folders of the jobs; a file is removed only if a run writes it and it is of this job's.

    `earlier` returns a job with the words that it had before the sweep was continued.
    """

    def __init__(
        self,
        composer: Composer,
        folder: SweepFolder,
        earlier: Callable[[Job], Sequence[Job]] = lambda job: (),
    ) -> None:
        self.composer = composer
        self.folder = folder
        self.earlier = earlier

    def path(self, job: Job) -> Path:
        """Return the folder of a job."""
        return self.folder.path / self.composer.folder_name(job)

    def require_own(self, job: Job) -> None:
        """Raise ConfigError where a job's folder holds another run, or is led elsewhere by a link.

        Files that no run writes may lie there.
        """
        path = self.path(job)
        if not os.path.lexists(path):
            return
        for inside in ("", HYDRA, CHECKPOINTS, FIGURES, RECORD):
            if (path / inside).is_symlink():
                raise ConfigError(f"{path / inside}: a link, which no job makes; move it away")
        if path.exists() and not self._is_own(job, RunFolder(path)):
            if (epoch := gone_on_alone(RunFolder(path))) is not None:
                raise ConfigError(
                    f"{path}: job {job.number} has gone on by itself since, to epoch {epoch}; move "
                    "its folder away, and the sweep takes it up where the sweep left it"
                )
            raise ConfigError(
                f"{path}: holds something else than job {job.number} of this sweep; move it away"
            )

    def remove(self, job: Job) -> None:
        """Remove what was written of a job, and the folders in which nothing else is then."""
        path = self.path(job)
        if path.parent == self.folder.path and not os.path.lexists(path):
            return
        self.require_own(job)
        for file in self._written(job, path):
            file.unlink(missing_ok=True)
        for inside in (HYDRA, CHECKPOINTS, FIGURES):
            remove_if_empty(path / inside)
        remove_empty_folders(path / PROVENANCE)
        while path != self.folder.path and remove_if_empty(path):
            path = path.parent

    def claim(self, job: Job) -> Claim:
        """Claim the folder of a job that begins; what an earlier attempt has left is removed."""
        self.remove(job)
        return claim(self.path(job), "hydra.sweep.subdir", HYDRA, shared=True)

    def withdraw(self, job: Job, claimed: Claim) -> None:
        """Take back what a job has written that must not run."""
        claimed.withdraw(self._written(job, claimed.path))

    def written(self, job: Job) -> list[Path]:
        """Return the files in a job's folder that it has written; raises where it is another's."""
        self.require_own(job)
        return self._written(job, self.path(job))

    def _written(self, job: Job, path: Path) -> list[Path]:
        with self.composer.applied(job) as config:
            return list(written_by_run(path, config, config.hydra.job.name))

    def _is_own(self, job: Job, folder: RunFolder) -> bool:
        if not folder.config.parent.is_dir():
            return not any(folder.written())
        ended = folder.record.exists()
        if self._says(folder, [job], ended):
            return True
        earlier = self.earlier(job)
        # Files of a job that went on are written one by one.
        return bool(earlier) and self._says(folder, [job, *earlier], ended)

    def is_as_now(self, job: Job) -> bool:
        """Return whether what lies in a job's folder, or in a pack, is of its words as of now."""
        folder = run_folder(self.path(job))
        return not (folder.is_packed or self.earlier(job)) or self._says(folder, [job], True)

    def _says(self, folder: RunFolder, jobs: Sequence[Job], ended: bool) -> bool:
        """Return whether each file that says which job it is says one of these."""
        texts = [self.composer.texts(job) for job in jobs]
        return all(
            any(_is_same(folder.config.parent / name, text[name], ended) for text in texts)
            for name in TELLING
        )


def gone_on_alone(folder: RunFolder) -> int | None:
    """Return the epoch to which a job that trained beside others has gone on by `resume=`.

    None where it has not.
    """
    try:
        record = read_record(folder.record)
        has_whole_state = "loops" in check_checkpoint(folder.checkpoint("last"))
    except (OSError, RunFolderError):
        return None
    is_alone = "group" in record and bool(record.get("resumed")) and has_whole_state
    return record.get("metrics_epoch") if is_alone else None


def _is_same(path: Path, expected: str, ended: bool) -> bool:
    """Tell whether a YAML file says what is expected; of a job not ended it may be cut off."""
    try:
        content = path.read_bytes()
        if content == expected.encode() or (not ended and expected.encode().startswith(content)):
            return True
        own, wanted = (_plain(OmegaConf.create(text)) for text in (content.decode(), expected))
    except FileNotFoundError:
        return not ended
    except (OSError, ValueError, YAMLError, OmegaConfBaseException):
        return False
    return all(left == right for left, right in _pairs(own, wanted))


def _plain(config: Any) -> Any:
    return OmegaConf.to_container(config, resolve=False)


def _pairs(own: Any, wanted: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what stands at the same place; keys that another version has or lacks are left out."""
    if isinstance(own, Mapping) and isinstance(wanted, Mapping):
        for key in own.keys() & wanted.keys():
            yield from _pairs(own[key], wanted[key])
    else:
        yield own, wanted
