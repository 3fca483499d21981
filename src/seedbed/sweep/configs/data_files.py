"""Files that the jobs of a sweep are told of, and what was in them when it began.

They are those that the facts of data are inferred from, and those of initial weights. A sweep that
goes on must train its jobs on the same rows, from the same weights, and opens no file of the user's
because a stranger's sweep names it: what is in it must be known already.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig

from seedbed.data.inference import data_class, given_options
from seedbed.errors import ConfigError
from seedbed.experiment.weights.source import weights_file_of
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job


def data_files(composer: Composer, jobs: Sequence[Job]) -> dict[str, str]:
    """Return the SHA-256 of each file by its path as the configs have it.

    Raises ConfigError where there are no initial weights.
    """
    return {str(path): _digest(path) for path in dict.fromkeys(_files(composer, jobs))}


def require_unchanged(composer: Composer, jobs: Sequence[Job], known: Mapping[str, str]) -> None:
    """Raise ConfigError where a file of the jobs' data is another than when the sweep began."""
    for path in dict.fromkeys(_files(composer, jobs)):
        # One that cannot be read has none, whatever a stranger's plan says.
        if not known.get(str(path)) or _digest(path) != known[str(path)]:
            raise ConfigError(
                f"{path}: not the file that the sweep was begun with; its jobs would train on "
                "other rows, or from other weights. Put it back, or begin a new sweep"
            )


def _files(composer: Composer, jobs: Sequence[Job]) -> Iterator[Path]:
    """Yield the files of all jobs, which follow from the words about data and initial weights."""
    seen: set[tuple[str, ...]] = set()
    for job in jobs:
        words = tuple(word for word in job.overrides if not _is_number_of_training(word))
        if words not in seen:
            seen.add(words)
            with composer.applied(job) as config:
                yield from _of(config.data)
                weights = weights_file_of(config.initial_weights, str(config.paths.outputs))
                yield from () if weights is None else (weights,)


def _is_number_of_training(word: str) -> bool:
    return word.startswith(("seed=", "optimizer.", "model.", "trainer.", "data.fold"))


def _of(node: DictConfig) -> Sequence[Path]:
    return data_class(str(node.get("_target_"))).files(given_options(node))


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, of a folder that of the names and sizes in it."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        inside = sorted((str(below), below.stat().st_size) for below in path.rglob("*"))
    except OSError:
        return ""
    return hashlib.sha256(repr(inside).encode()).hexdigest() if path.is_dir() else ""
