"""Samplers: what a sweep asks for jobs, round by round, and tells how they ended."""

from collections.abc import Sequence
from typing import Protocol

from seedbed.sweep.job import Words
from seedbed.sweep.results.table import Row


class Sampler(Protocol):
    """Source of the jobs of a sweep.

    A sweep asks for jobs, runs them, tells how they ended, and asks again, until there are no more.
    A sweep that goes on asks and tells again from the first round on: with the same results a
    sampler must give the same jobs.
    """

    def ask(self, count: int | None = None) -> list[Words]:
        """Return the overrides of the jobs of the next round; none where there are no more.

        Parameters
        ----------
        count:
            Most jobs of the round; None: as many as the sampler likes.
        """

    def tell(self, results: Sequence[Row]) -> None:
        """Take how the jobs of the last round ended, in the order in which they were given.

        A metric that is not finite is left out of `metrics`.
        """


class ListSampler:
    """Sampler of jobs that are known beforehand, as those of a grid: all of them in one round."""

    def __init__(self, jobs: Sequence[Sequence[str]]) -> None:
        """`jobs` are the overrides of each."""
        self._left = [tuple(words) for words in jobs]

    def ask(self, count: int | None = None) -> list[Words]:
        """Return all jobs, or the next `count`."""
        asked, self._left = self._left[:count], self._left[len(self._left[:count]) :]
        return asked

    def tell(self, results: Sequence[Row]) -> None:
        """Nothing depends on the results."""
