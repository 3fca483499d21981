"""Jobs that are crossed with the folds of a cross-validation."""

from collections.abc import Sequence

import pytest

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Words
from seedbed.sweep.results.table import Row
from seedbed.sweep.search.folds import Folds
from seedbed.sweep.search.repeats import Repeats
from seedbed.sweep.search.sampler import ListSampler

pytestmark = pytest.mark.usefixtures("inside_a_folder")


def test_each_job_has_each_fold_once(composer: Composer) -> None:
    jobs = [["optimizer.lr=1.0"], ["data=blobs", "seed=7"]]
    assert Folds(ListSampler(jobs), composer, 3).ask() == [
        *(("optimizer.lr=1.0", "data.folds=3", f"data.fold={fold}") for fold in range(3)),
        *(("data=blobs", "seed=7", "data.folds=3", f"data.fold={fold}") for fold in range(3)),
    ]


def test_rows_that_a_preset_holds_out_go_to_the_folds(composer: Composer) -> None:
    [first, _] = Folds(ListSampler([["experiment=thermometer_split"]]), composer, 2).ask()
    assert first == (
        "experiment=thermometer_split",
        "data.folds=2",
        "data.val_size=0",
        "data.fold=0",
    )


def test_seeds_come_on_top_of_the_folds(composer: Composer) -> None:
    folds = Folds(ListSampler([["data=blobs"]]), composer, 2)
    jobs = Repeats(folds, composer, 2).ask()
    assert [words[2:] for words in jobs] == [
        ("data.fold=0", "seed=0"),
        ("data.fold=0", "seed=1"),
        ("data.fold=1", "seed=0"),
        ("data.fold=1", "seed=1"),
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["data.fold=1"], "each job has all folds already; leave data.fold=1 out"),
        (["data.folds=4"], "each job has all folds already; leave data.folds=4 out"),
        (["data.val_size=3"], "each fold is the validation set once; leave data.val_size=3 out"),
        (["data=none", "model=bowl"], "the model is a function without rows"),
        (["data=clusters", "data.sample=stream"], "data.sample=stream draws new rows"),
        (["data=blobs", "data.rows=4"], "there are 4 rows; at most 4 folds"),
        (
            ["data=blobs", "data.rows=8", "data.test_size=4"],
            "there are 8 rows, and 4 of them are test rows; at most 4 folds",
        ),
    ],
)
def test_what_cannot_be_cut_into_folds_is_refused(
    composer: Composer, words: list[str], reason: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Folds(ListSampler([[], words]), composer, 5).ask()
    assert str(error.value).startswith(f"sweep.folds=5: {reason}")


def test_too_many_jobs_are_refused(composer: Composer) -> None:
    with pytest.raises(ConfigError, match=r"sweep\.folds=2000000: 2,000,000 jobs"):
        Folds(ListSampler([[]]), composer, 2_000_000).ask()


class Told:
    """A sampler of two jobs that keeps what it is asked for and told."""

    def __init__(self) -> None:
        self.counts: list[int | None] = []
        self.results: list[Row] = []

    def ask(self, count: int | None = None) -> list[Words]:
        self.counts.append(count)
        return [("optimizer.lr=1.0",), ("optimizer.lr=2.0",)]

    def tell(self, results: Sequence[Row]) -> None:
        self.results = list(results)


def row(number: int, status: str = "completed", **metrics: float) -> Row:
    return Row(number, {}, status, str(number), metrics)


def test_a_sampler_is_told_the_mean_over_folds_of_the_means_over_seeds(composer: Composer) -> None:
    told = Told()
    sampler = Repeats(Folds(told, composer, 2), composer, 2)
    assert len(sampler.ask(9)) == 8
    assert told.counts == [2]
    losses = [1.0, 3.0, 4.0, 8.0]  # Of two folds, of two seeds each.
    rows = [row(number, loss=loss) for number, loss in enumerate(losses)]
    sampler.tell([*rows, row(4, loss=5.0), row(5, "diverged"), row(6, loss=7.0), row(7, loss=9.0)])
    assert told.results == [row(0, loss=(2.0 + 6.0) / 2), row(5, "diverged", loss=8.0)]
