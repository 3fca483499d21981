"""Each job of a sweep several times, with other seeds."""

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Words, numbered
from seedbed.sweep.results.table import Row
from seedbed.sweep.search.sampler import Sampler


class Repeats:
    """Sampler that gives each job of another one `repeats` times, with the seeds from its own on.

    The other sampler is told one result a job: the mean of each metric over the seeds.
    """

    def __init__(self, sampler: Sampler, composer: Composer, repeats: int) -> None:
        self.sampler = sampler
        self.composer = composer
        self.repeats = repeats

    def ask(self, count: int | None = None) -> list[Words]:
        """Return the jobs of the next round, the seeds of one job innermost.

        Raises ConfigError where a job has no whole number as seed, or where one comes twice because
        the seeds of two jobs overlap.
        """
        asked = self.sampler.ask(None if count is None else max(1, count // self.repeats))
        return repeated(self.composer, asked, self.repeats)

    def tell(self, results: Sequence[Row]) -> None:
        """Tell the other sampler the means."""
        starts = range(0, len(results), self.repeats)
        self.sampler.tell([mean_over_seeds(results[at : at + self.repeats]) for at in starts])


def mean_over_seeds(rows: Sequence[Row]) -> Row:
    """Return the row of a job that stands for its repetitions: the first one that completed.

    Its metrics are the means over those that completed; where none did it is the first row.
    """
    completed = [row for row in rows if row.status == "completed"]
    if not completed:
        return rows[0]
    values: dict[str, list[float]] = {}
    for row in completed:
        for name, value in row.metrics.items():
            values.setdefault(name, []).append(value)
    return replace(completed[0], metrics={name: mean(some) for name, some in values.items()})


def repeated(composer: Composer, overrides: Sequence[Sequence[str]], repeats: int) -> list[Words]:
    """Return each job `repeats` times, with the seeds from its own seed on, these innermost.

    Raises ConfigError where a job has no whole number as seed, or where one comes twice because
    the seeds of two jobs overlap.
    """
    if repeats < 1:
        raise ConfigError(f"sweep.repeats={repeats}: a job runs once at least")
    jobs = []
    for job in numbered(overrides):
        with composer.applied(job) as config:
            seed = config.get("seed")
        if not isinstance(seed, int):
            raise ConfigError(f"sweep.repeats={repeats}: the seed {seed} is not a whole number")
        jobs += [_with_seed(job.overrides, seed + more) for more in range(repeats)]
    if len(set(jobs)) < repeats * len(set(map(tuple, overrides))):
        raise ConfigError(
            f"sweep.repeats={repeats}: the seeds of the sweep overlap, so jobs would run twice; "
            "sweep the seed or repeat, not both"
        )
    return jobs


def _with_seed(overrides: Words, seed: int) -> Words:
    """Return the overrides with this seed, in the place of the one they have or at their end."""
    words = tuple(re.sub(r"^(\+*seed)=.*", rf"\1={seed}", word) for word in overrides)
    has_seed = any(re.match(r"\+*seed=", word) for word in words)
    return words if has_seed else (*words, f"seed={seed}")
