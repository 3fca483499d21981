"""Check of the jobs of a sweep that may be a stranger's, before it goes on."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.trust.restriction import require_trusted, restriction, untrusted_modules
from seedbed.config.trust.saved_config import bounded_interpolations, plain_config
from seedbed.errors import RunFolderError
from seedbed.reading.content import inside
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.sources import SavedSource
from seedbed.sweep.job import Job

# An override that may change more than a number or a word: what is made, or where data lie.
_FAR_REACHING = re.compile(r"_target_|_args_|[{$]|^\W*(data\.folder|paths|hydra)\b")


def require_trusted_jobs(
    composer: Composer, folder: Path, jobs: Sequence[Job], *, new: bool = False
) -> None:
    """Raise RunFolderError where a job names what is not trusted, all of it at once.

    As well where the config of a job was not saved, unless it is `new`: the next one of a search
    whose space a stranger may have written. Or where its folder would be elsewhere, or its data lie
    where the command does not say.
    """
    source = composer.source
    assert isinstance(source, SavedSource)
    nodes = []
    for job in _differing(composer, None if new else source, jobs):
        with bounded_interpolations(folder), composer.applied(job) as config:
            task = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
            values = plain_config(f"{folder}: job {job.number}", task, resolve=True)
            _require_own_data(folder, job, values, source.command)
            inside(folder, str(config.hydra.sweep.subdir))
        nodes.append(values)
    require_trusted(folder, restriction() or (), *nodes)


def modules_to_trust(composer: Composer, jobs: Sequence[Job]) -> list[str]:
    """Return the modules that `sweep.resume` has to be told to trust, to go on with these jobs."""
    modules: dict[str, None] = {}
    for job in {composer.composed_lines(job): job for job in reversed(jobs)}.values():
        with composer.applied(job) as config:
            task = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
            modules |= dict.fromkeys(untrusted_modules(OmegaConf.to_container(task, resolve=True)))
    return list(modules)


def _differing(
    composer: Composer, source: SavedSource | None, jobs: Sequence[Job]
) -> Iterator[Job]:
    """Yield a job for every config that is composed, and those that change it in more than numbers.

    Raises RunFolderError where a job needs a config that the source has not saved.
    """
    known: set[tuple[str, ...]] = set()
    saved = set(source.lines) if source else set()
    for job in jobs:
        lines = composer.composed_lines(job)
        if source and lines not in saved:
            raise RunFolderError(
                f"{source.folder}: job {job.number}: its config was not saved: {' '.join(lines)}"
            )
        if lines not in known or any(map(_FAR_REACHING.search, job.overrides)):
            known.add(lines)
            yield job


def _require_own_data(
    folder: Path, job: Job, values: dict[str, Any], command: DictConfig | None
) -> None:
    """Raise RunFolderError where data are looked for, or downloaded, elsewhere."""
    data = values.get("data")
    named = data.get("folder") if isinstance(data, dict) else None
    if command is None or named in (None, command.paths.data):
        return
    raise RunFolderError(
        f"{folder}: job {job.number}: data.folder is {named}, and data are looked for in "
        f"paths.data={command.paths.data}; if they lie there: paths.data={named}"
    )
