"""Jobs that are repeated with other seeds."""

from collections.abc import Sequence

import pytest

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Words
from seedbed.sweep.results.table import Row
from seedbed.sweep.search.repeats import Repeats
from seedbed.sweep.search.sampler import ListSampler

pytestmark = pytest.mark.usefixtures("inside_a_folder")


def test_repeats_count_from_the_seed_of_each_job(composer: Composer) -> None:
    jobs = [["optimizer.lr=1.0"], ["seed=7", "optimizer.lr=2.0"], ["++seed=3"]]
    assert Repeats(ListSampler(jobs), composer, 2).ask() == [
        ("optimizer.lr=1.0", "seed=0"),
        ("optimizer.lr=1.0", "seed=1"),
        ("seed=7", "optimizer.lr=2.0"),
        ("seed=8", "optimizer.lr=2.0"),
        ("++seed=3",),
        ("++seed=4",),
    ]


@pytest.mark.parametrize(
    ("jobs", "repeats", "reason"),
    [
        ([["seed=0"], ["seed=1"]], 2, "sweep.repeats=2: the seeds of the sweep overlap"),
        ([["seed=0"]], 10**12, "sweep.repeats=1000000000000: 1,000,000,000,000 jobs"),
        ([["~seed"]], 3, "sweep.repeats=3: the seed None is not a whole number"),
    ],
)
def test_repeats_that_make_no_sense_are_refused(
    composer: Composer, jobs: list[list[str]], repeats: int, reason: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Repeats(ListSampler(jobs), composer, repeats).ask()
    assert str(error.value).startswith(reason)


class Told:
    """A sampler of two jobs that keeps what it is asked for and told."""

    def __init__(self) -> None:
        self.counts: list[int | None] = []
        self.results: list[Row] = []

    def ask(self, count: int | None = None) -> list[Words]:
        self.counts.append(count)
        return [("seed=1", "optimizer.lr=1.0"), ("seed=5", "optimizer.lr=2.0")]

    def tell(self, results: Sequence[Row]) -> None:
        self.results = list(results)


def row(number: int, status: str = "completed", **metrics: float) -> Row:
    return Row(number, {}, status, str(number), metrics)


def test_a_sampler_is_told_the_mean_over_the_seeds_of_each_job(composer: Composer) -> None:
    told = Told()
    sampler = Repeats(told, composer, 3)
    seeds = [words[0] for words in sampler.ask()]
    assert seeds == ["seed=1", "seed=2", "seed=3", "seed=5", "seed=6", "seed=7"]
    sampler.tell(
        [
            row(0, "diverged", loss=100.0),
            row(1, loss=1.0, rmse=3.0),
            row(2, loss=2.0),
            row(3, "failed"),
            row(4, "diverged", loss=7.0),
            row(5, "failed"),
        ]
    )
    # A trial is as the job that ended worst.
    assert told.results == [row(0, "diverged", loss=1.5, rmse=3.0), row(3, "failed")]


@pytest.mark.parametrize(("count", "asked"), [(None, None), (6, 2), (7, 2), (1, 1)])
def test_as_many_jobs_are_asked_for_as_fit_with_their_repeats(
    composer: Composer, count: int | None, asked: int | None
) -> None:
    told = Told()
    Repeats(told, composer, 3).ask(count)
    assert told.counts == [asked]
