"""Check all jobs of a sweep before the first one starts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig

from seedbed.config.composition_errors import explain
from seedbed.config.known_keys import is_independent
from seedbed.config.validation import check, check_value
from seedbed.errors import ConfigError, DoesNotFit, listed
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.compatibility import is_plain, key_of
from seedbed.sweep.planning.job_folders import JobFolders
from seedbed.sweep.search.axes import row_of_job
from seedbed.terminal.words import jobs_text

# Wrong jobs that are shown; the others are counted.
MOST_SHOWN = 5


def wrong_jobs(
    composer: Composer, jobs: Sequence[Job], folders: JobFolders, table: str | None = None
) -> dict[int, ConfigError]:
    """Return what is wrong with the config of each job that is wrong, by its number.

    `folders` notes those of the jobs. `table` is the file that they were made of, if one was: then
    the message names the row. Raises what Hydra raises where a job cannot be composed, and
    ConfigError where it is of a table, or where a job has no folder of its own.
    """
    wrong: dict[int, ConfigError] = {}
    clash: ConfigError | None = None
    seen: dict[tuple[str, ...], bool] = {}
    for job in jobs:
        try:
            with composer.applied(job) as config:
                _check_job(config, job, seen)
                clash = clash or _clash(folders, job, config)
        except ConfigError as error:
            wrong[job.number] = ConfigError(_row(table, job) + str(error))
        except Exception as error:  # Whatever goes wrong while composing is in the job's words.
            if table is None:
                raise
            raise ConfigError(
                f"{_row(table, job)}{explain(error, 'train', job.overrides)}"
            ) from None
    if clash is not None:
        raise clash
    return wrong


def _clash(folders: JobFolders, job: Job, config: DictConfig) -> ConfigError | None:
    """Return why a job has no folder of its own; None where it has."""
    try:
        folders.add(job.number, config)
    except ConfigError as error:
        return error
    return None


def refuse(wrong: Mapping[int, ConfigError], jobs: Sequence[Job], on_failure: str | None) -> None:
    """Raise ConfigError that shows the first jobs that are wrong, unless the others shall run.

    By default they shall, where no job is wrong by its words alone.
    """
    goes_on = on_failure == "continue" or (
        on_failure is None and all(isinstance(error, DoesNotFit) for error in wrong.values())
    )
    if not wrong or (goes_on and len(wrong) < len(jobs)):
        return
    texts = list(dict.fromkeys(map(str, wrong.values())))[:MOST_SHOWN]
    texts = [text + _words_of(text, wrong, jobs) for text in texts]
    of = f" ({len(wrong)} of {len(jobs)} jobs are wrong; nothing was run)" if len(jobs) > 1 else ""
    raise ConfigError("\n".join(texts) + of)


def _words_of(text: str, wrong: Mapping[int, ConfigError], jobs: Sequence[Job]) -> str:
    """Return ` (with model.width=7)` for the words that tell the jobs with an error from others.

    Nothing where they have none, or the error names their keys.
    """
    alike = [set(job.overrides) for job in jobs if str(wrong.get(job.number)) == text]
    right = {word for job in jobs if job.number not in wrong for word in job.overrides}
    if not right:
        return ""
    words = [word.lstrip("+") for word in sorted(set.intersection(*alike) - right)]
    words = [word for word in words if key_of(word) not in text]
    return f" (with {' '.join(words)})" if words else ""


def refuse_alone(alone: Mapping[str, Sequence[int]], jobs: int) -> None:
    """Raise ConfigError where jobs would train alone, with the reasons and their numbers."""
    if not alone:
        return
    lines = [
        f"number{'s' * (len(numbers) > 1)} {listed(sorted(numbers), MOST_SHOWN)}: {reason}"
        for reason, numbers in list(alone.items())[:MOST_SHOWN]
    ]
    count = sum(map(len, alone.values()))
    more = f"; and {len(alone) - MOST_SHOWN} more reasons" * (len(alone) > MOST_SHOWN)
    raise ConfigError(
        f"sweep.fuse=always: {count} of {jobs_text(jobs)} cannot train side by side"
        f"{more}; sweep.fuse=auto trains them one after another\n" + "\n".join(lines)
    )


def _row(table: str | None, job: Job) -> str:
    """Return the row of the table that a job was made of, as an error begins."""
    number = row_of_job(Path(table), job.overrides) if table is not None else None
    return f"sweep.table={table}, row {number}: " if number is not None else ""


def _check_job(config: DictConfig, job: Job, seen: dict[tuple[str, ...], bool]) -> None:
    """Check a config; of numbers that no other key depends on, each value once.

    `seen` are words that were checked already, and whether no key of such a job follows another.
    """
    lone = [word for word in job.overrides if is_independent(key_of(word))]
    rest = tuple(word for word in job.overrides if word not in lone)
    if not seen.get(rest, False):
        check(config, cut_short=bool(config.hydra.runtime.choices.get("debug")))
        seen[rest] = is_plain(config)
        return
    for word in lone:
        if (word,) not in seen:
            check_value(config, key_of(word))
            seen[word,] = True
