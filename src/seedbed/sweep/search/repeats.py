"""Repetitions of each job of a sweep, with other seeds."""

from collections.abc import Sequence

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job, Words, numbered, with_value
from seedbed.sweep.results.table import Row, mean_row
from seedbed.sweep.search.axes import require_few
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

        Raises ConfigError where there are too many, a job has no whole number as seed, or one comes
        twice because the seeds of two jobs overlap.
        """
        asked = self.sampler.ask(None if count is None else max(1, count // self.repeats))
        require_few(f"sweep.repeats={self.repeats}", self.repeats * len(asked))
        jobs = [words for job in numbered(asked) for words in self._repeated(job)]
        if len(set(jobs)) < self.repeats * len(set(asked)):
            raise ConfigError(
                f"sweep.repeats={self.repeats}: the seeds of the sweep overlap, so jobs would run "
                "twice; sweep the seed or repeat, not both"
            )
        return jobs

    def _repeated(self, job: Job) -> list[Words]:
        with self.composer.applied(job) as config:
            seed = config.get("seed")
        if not isinstance(seed, int):
            raise ConfigError(
                f"sweep.repeats={self.repeats}: the seed {seed} is not a whole number"
            )
        return [with_value(job.overrides, "seed", seed + more) for more in range(self.repeats)]

    def tell(self, results: Sequence[Row]) -> None:
        """Tell the other sampler the means."""
        starts = range(0, len(results), self.repeats)
        self.sampler.tell([mean_row(results[at : at + self.repeats]) for at in starts])
