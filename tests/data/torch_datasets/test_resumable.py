"""Batches of torch DataLoaders go on where they were interrupted, whatever draws what."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from scripts.kill_cases.own_code import Counting, Noisy, NoisyStream
from torch.utils.data import DataLoader, TensorDataset

from seedbed.data.global_draws import set_states, states
from seedbed.data.torch_datasets.resumable import (
    BatchesOfRows,
    ResumableDataLoader,
    StreamOfRows,
)
from seedbed.data.torch_datasets.torch_dataset import EpochOrder, SharedBatches

SIZE = 4
Make = Callable[..., ResumableDataLoader]


def of_rows(dataset: Any, workers: int = 0, **run: Any) -> ResumableDataLoader:
    order = EpochOrder(len(dataset), 0, shuffle=True)
    share = SharedBatches(order, SIZE, False, run.get("rank", 0), run.get("world_size", 1))
    options = {"num_workers": workers, "persistent_workers": workers > 0}
    return BatchesOfRows(dataset, share, 3, options, **run)


def noisy(**run: Any) -> ResumableDataLoader:
    return of_rows(Noisy(), **run)


def counting(**run: Any) -> ResumableDataLoader:
    return of_rows(Counting(), **run)


def stream(**run: Any) -> ResumableDataLoader:
    return StreamOfRows(NoisyStream(), 3, {"batch_size": SIZE}, **run)


def torchs(**run: Any) -> ResumableDataLoader:
    return ResumableDataLoader(DataLoader(Noisy(), SIZE, shuffle=True), 3, **run)


def torchs_with_generator(**run: Any) -> ResumableDataLoader:
    generator = torch.Generator().manual_seed(8)
    loader = DataLoader(Noisy(), SIZE, shuffle=True, generator=generator)
    return ResumableDataLoader(loader, 3, **run)


ALL = [noisy, counting, stream, torchs, torchs_with_generator]
STATELESS = [noisy, stream, torchs]


class Clock:
    """The epoch that a loader is told."""

    def __init__(self) -> None:
        self.epoch = 0

    def __call__(self) -> int:
        return self.epoch


def pass_over(loader: ResumableDataLoader, clock: Clock, epoch: int) -> list[Any]:
    clock.epoch = epoch
    return [inputs.tolist() for inputs, _ in loader]


def whole(make: Make, epochs: int = 3) -> list[list[Any]]:
    clock = Clock()
    loader = make(epoch=clock)
    return [pass_over(loader, clock, epoch) for epoch in range(epochs)]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_an_epoch_goes_on_after_its_batches_and_the_next_ones_follow(
    make: Make, epoch: int, done: int
) -> None:
    expected, clock = whole(make), Clock()
    first = make(epoch=clock)
    for before in range(epoch):
        pass_over(first, clock, before)
    clock.epoch = epoch
    batches = iter(first)
    for _ in range(done):
        next(batches)
    state = first.state_dict()

    second = make(epoch=clock)
    second.load_state_dict(state)

    if done:
        assert pass_over(second, clock, epoch) == expected[epoch][done:]
        assert pass_over(second, clock, epoch + 1) == expected[epoch + 1]
    else:  # It had not begun: nothing of it is left out.
        assert pass_over(second, clock, epoch) == expected[epoch]


@pytest.mark.parametrize("make", ALL)
def test_an_epoch_goes_on_twice(make: Make) -> None:
    expected, clock, loader = whole(make, 1)[0], Clock(), None
    found = []
    for _ in range(3):
        state, loader = None if loader is None else loader.state_dict(), make(epoch=clock)
        if state is not None:
            loader.load_state_dict(state)
        found.append(next(iter(loader))[0].tolist())
    assert found == expected


@pytest.mark.parametrize("make", ALL)
def test_after_the_end_of_an_epoch_comes_the_next_one_from_its_start(make: Make) -> None:
    expected, clock = whole(make), Clock()
    first = make(epoch=clock)
    pass_over(first, clock, 0)
    second = make(epoch=clock)
    second.load_state_dict(first.state_dict())
    assert pass_over(second, clock, 1) == expected[1]
    assert pass_over(second, clock, 2) == expected[2]


@pytest.mark.parametrize("make", STATELESS)
def test_a_state_is_of_numbers_alone_where_nothing_keeps_one(make: Make) -> None:
    clock = Clock()
    first = make(epoch=clock)
    next(iter(first))
    second = make(epoch=clock)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert pass_over(second, clock, 0) == whole(make, 1)[0][1:]


@pytest.mark.parametrize("make", [noisy, stream])
def test_two_passes_at_once_do_not_touch_each_other(make: Make) -> None:
    loader = make()
    first, second = iter(loader), iter(make())
    pairs = [(next(first)[0].tolist(), next(second)[0].tolist()) for _ in range(3)]
    assert [one for one, _ in pairs] == [other for _, other in pairs] == whole(make, 1)[0]


@pytest.mark.parametrize("make", ALL)
def test_what_is_drawn_outside_changes_no_batch_and_the_other_way_round(make: Make) -> None:
    expected, before, found = whole(make, 1)[0], states(), []
    for inputs, _ in make():
        found.append(inputs.tolist())
        torch.rand(3)
    assert found == expected
    set_states(before)
    drawn = torch.rand(2)
    set_states(before)
    iter_of_all = list(make())
    assert iter_of_all
    assert torch.equal(torch.rand(2), drawn)


def test_workers_draw_what_the_main_process_draws() -> None:
    for epochs in (0, 1):
        clock = Clock()
        clock.epoch = epochs
        alone = pass_over(of_rows(Noisy(), epoch=clock), clock, epochs)
        shared = of_rows(Noisy(), workers=2, epoch=clock)
        assert pass_over(shared, clock, epochs) == alone


def test_epochs_batches_and_devices_draw_different_numbers() -> None:
    drawn = [number for batches in whole(noisy) for batch in batches for _, number in batch]
    other = [number for inputs, _ in noisy(rank=1, world_size=2) for _, number in inputs.tolist()]
    assert len(set(drawn) | set(other)) == len(drawn) + len(other)


def test_a_loader_without_a_length_has_none() -> None:
    with pytest.raises(TypeError):
        len(stream())
    assert len(noisy()) == 3
    assert len(torchs()) == 3


def test_rows_that_are_fetched_at_once_are() -> None:
    class AtOnce(TensorDataset):
        asked: list[list[int]] = []  # noqa: RUF012

        def __getitems__(self, rows: list[int]) -> Any:
            self.asked.append(rows)
            return [self[row] for row in rows]

    dataset = AtOnce(torch.arange(6.0).reshape(6, 1), torch.arange(6.0))
    list(of_rows(dataset))
    assert [len(rows) for rows in dataset.asked] == [4, 2]
