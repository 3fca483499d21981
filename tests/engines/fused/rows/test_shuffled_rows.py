"""Rows that are drawn ahead: those that each job's own order of them gives."""

import pytest
import torch

from seedbed.data.random import permutations
from seedbed.data.table import Table
from seedbed.engines.fused.rows import shuffled_rows as module
from seedbed.engines.fused.rows.shuffled_rows import ShuffledRows

ROWS, SEEDS, WHICH = 23, [5, 6, 9], [1, 0, 1]
PARTS = [slice(0, 10), slice(10, 20), slice(20, 23)]
# A row's number, its three inputs and its target.
NUMBERS = 5
# The largest block, how many epochs make one of it, and whether it holds the rows themselves.
BLOCKS = {
    "less than an order": (1, 1, False),
    "two orders": (ROWS * 3 * 2, 2, False),
    "less than the rows": (ROWS * 3 * NUMBERS - 1, NUMBERS - 1, False),
    "the rows": (ROWS * 3 * NUMBERS, 1, True),
    "three times the rows": (ROWS * 3 * NUMBERS * 3, 3, True),
    "more than enough": (1 << 30, 64, True),
}


def table() -> Table:
    inputs = torch.arange(2.0 * ROWS * 3).view(2, ROWS, 3)
    return Table(inputs, -torch.arange(2 * ROWS).view(2, ROWS))


def shuffled_rows() -> ShuffledRows:
    return ShuffledRows(table(), torch.tensor(WHICH), torch.tensor(SEEDS), PARTS)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("epochs", [(0, 1, 2, 3, 4, 5), (7,), (3, 3, 1, 100, 101, 0)])
def test_each_job_has_its_rows_in_its_order(
    block: str, epochs: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST_BLOCK", BLOCKS[block][0])
    rows, whole = shuffled_rows(), table()
    for epoch in epochs:
        found = list(rows.batches(epoch))
        assert [one.inputs.shape for one in found] == [(3, 10, 3), (3, 10, 3), (3, 3, 3)]
        for job, (seed, which) in enumerate(zip(SEEDS, WHICH, strict=True)):
            order = permutations(seed, epoch, ROWS)
            for part, batch in zip(PARTS, found, strict=True):
                assert torch.equal(batch.inputs[job], whole.inputs[which][order[part]])
                assert torch.equal(batch.targets[job], whole.targets[which][order[part]])


@pytest.mark.parametrize("block", BLOCKS)
def test_as_much_is_drawn_at_once_as_memory_holds(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest, epochs, has_rows = BLOCKS[block]
    monkeypatch.setattr(module, "_LARGEST_BLOCK", largest)
    drawn = shuffled_rows().draw(5)
    assert (drawn.first, drawn.places.shape) == (5, (epochs, 3, ROWS))
    assert (drawn.batches is not None) == has_rows
    bytes_of_an_epoch = 3 * ROWS * (8 + (3 * 4 + 8 if has_rows else 0))
    assert drawn.nbytes == epochs * bytes_of_an_epoch


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_as_long_as_it_would_be_for_more_jobs(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest, epochs, has_rows = BLOCKS[block]
    monkeypatch.setattr(module, "_LARGEST_BLOCK", largest)
    one = ShuffledRows(table(), torch.tensor([1]), torch.tensor([5]), PARTS)
    drawn = one.draw(0, jobs=3)
    assert drawn.places.shape == (epochs, 1, ROWS)
    assert (drawn.batches is not None) == has_rows


def test_the_next_block_is_drawn_while_one_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST_BLOCK", ROWS * 3 * 2)
    rows, drawn = shuffled_rows(), []

    def recorded(seeds: torch.Tensor, at: torch.Tensor, count: int) -> torch.Tensor:
        drawn.append(at.flatten().tolist())
        return permutations(seeds, at, count)

    monkeypatch.setattr(module, "permutations", recorded)
    for epoch, blocks in ((0, 2), (1, 2), (2, 3), (3, 3)):
        list(rows.batches(epoch))
        module._in_background().submit(int).result()  # Whatever was to be drawn is drawn now.
        assert drawn == [[0, 1], [2, 3], [4, 5]][:blocks]
