"""Batch sizes share a program where that takes less time."""

from itertools import chain, combinations

import numpy as np
import pytest

from seedbed.engines.fused.rows.unequal_batches import step_widths
from seedbed.sweep.planning import batch_sizes
from seedbed.sweep.planning.batch_sizes import Load, groups_of_sizes

SMALL, LARGE = Load(320, 140, 330, 100), Load(60_000, 5_000, 30_000, 10)


def test_few_small_jobs_train_together_and_many_apart() -> None:
    few = dict.fromkeys((16, 32, 64, 128), 4)
    assert groups_of_sizes(few, SMALL) == [[128, 64, 32, 16]]
    many = dict.fromkeys((16, 32, 64, 128), 500)
    assert groups_of_sizes(many, SMALL) == [[128], [64], [32], [16]]
    assert groups_of_sizes(dict.fromkeys((16, 512), 50), LARGE) == [[512], [16]]


def test_similar_sizes_train_together_however_many_there_are() -> None:
    sizes = groups_of_sizes(dict.fromkeys(range(16, 257), 1), SMALL)
    assert list(chain.from_iterable(sizes)) == list(range(256, 15, -1))
    assert 1 < len(sizes) < 20
    assert min(map(len, sizes)) > 1


@pytest.mark.parametrize("lanes", [2, 30, 400])
def test_no_other_cut_takes_less_time(lanes: int) -> None:
    sizes = [100, 64, 48, 9, 3]
    cut = groups_of_sizes(dict.fromkeys(sizes, lanes), SMALL)

    def seconds(groups: list[list[int]]) -> float:
        total = 0.0
        for group in groups:
            own = np.array(group)
            steps = -(-SMALL.rows // own)
            width = sum(
                max(size for size, n in zip(group, steps, strict=True) if step < n)
                for step in range(int(steps.max()))
            )
            args = (np.array([lanes * len(group)]), np.array([width]), steps.max(keepdims=True))
            total += float(batch_sizes._seconds(*args, np.array([len(group) > 1]), SMALL)[0])
        return total

    def cuts() -> list[list[list[int]]]:
        places = [p for n in range(5) for p in combinations(range(1, 5), n)]
        return [[sizes[a:b] for a, b in zip((0, *p), (*p, 5), strict=True)] for p in places]

    assert seconds(cut) == pytest.approx(min(map(seconds, cuts())))
    assert step_widths(np.array([10]), np.array([4])) == [4, 4, 2]
