"""What waits is listed seldom, however many units there are, and nothing is overlooked."""

import time
from pathlib import Path

import pytest

from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import Entry, QueuedUnit


class Counting(Queue):
    """Queue that counts how often what waits is listed."""

    listings = 0

    def waiting(self) -> list[Entry]:
        self.listings += 1
        return super().waiting()


@pytest.fixture
def queue(tmp_path: Path) -> Counting:
    """A queue of ten single jobs and, after them, a chunk."""
    begun = Queue(tmp_path)
    begun.begin()
    for number in range(10):
        begun.put(QueuedUnit([number], False, [number]))
    begun.put(QueuedUnit([10, 11], True, [10, 11]))
    return Counting(tmp_path)


def first(queue: Queue, worker: str = "a") -> int | None:
    claim = queue.claim(worker)
    return None if claim is None else claim.entry.first


def test_a_list_serves_for_all_that_is_on_it(queue: Counting) -> None:
    assert [first(queue) for _ in range(11)] == [10, *range(10)]
    assert queue.listings == 1
    queue.put(QueuedUnit([3], False, [3]), tries=1)
    assert [first(queue), first(queue)] == [3, None]


def test_what_others_have_taken_is_not_tried_unit_by_unit(queue: Counting, tmp_path: Path) -> None:
    assert first(queue) == 10
    other = Queue(tmp_path)
    taken = {first(other, "b") for _ in range(9)}
    [left] = {*range(10)} - taken
    assert first(queue) == left
    assert queue.listings <= 2


def test_what_is_urgent_is_not_put_off_for_long(
    queue: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    assert first(queue) == 10
    queue.put(QueuedUnit([20, 21], True, [20, 21]))
    assert first(queue) == 0
    at[0] += 11.0
    assert first(queue) == 20
