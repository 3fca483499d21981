"""Loaders: every row once, the same batches on any number of devices, exact resumption."""

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seedbed.data import loader as loader_module
from seedbed.data.loader import Batch, BatchLoader, StreamLoader
from seedbed.data.random import permutations

BATCHES_PER_EPOCH = 4

sizes = st.tuples(st.integers(1, 30), st.one_of(st.none(), st.integers(1, 35)))


def table(rows: int) -> Batch:
    """Rows whose number can be read off inputs and targets."""
    numbers = torch.arange(rows)
    return torch.stack((numbers, 100 + numbers), dim=1).float(), numbers


def rows_of(batch: Batch) -> list[int]:
    """The row numbers of a batch, after a look that inputs and targets belong together."""
    inputs, targets = batch
    assert torch.equal(inputs[:, 0].long(), targets)
    assert torch.equal(inputs[:, 1].long(), 100 + targets)
    return targets.tolist()


def draw(step: int) -> Batch:
    """Seven rows that name their step and their place."""
    return torch.tensor([[step, place] for place in range(7)]).float(), torch.arange(7)


@settings(max_examples=60, deadline=None)
@given(size=sizes, shuffle=st.booleans(), seed=st.integers(0, 9), epoch=st.integers(0, 99))
def test_batches_hold_every_row_once(
    size: tuple[int, int | None], shuffle: bool, seed: int, epoch: int
) -> None:
    rows, batch_size = size
    loader = BatchLoader(*table(rows), batch_size, shuffle=shuffle, seed=seed, epoch=lambda: epoch)

    batches = [rows_of(batch) for batch in loader]

    full = min(batch_size or rows, rows)
    order = permutations(seed, epoch, rows).tolist() if shuffle else list(range(rows))
    assert batches == [order[start : start + full] for start in range(0, rows, full)]
    assert len(batches) == len(loader)


@settings(max_examples=60, deadline=None)
@given(size=sizes, shuffle=st.booleans())
def test_drop_last_leaves_only_full_batches(size: tuple[int, int | None], shuffle: bool) -> None:
    rows, batch_size = size
    whole = BatchLoader(*table(rows), batch_size, shuffle=shuffle)
    loader = BatchLoader(*table(rows), batch_size, shuffle=shuffle, drop_last=True)

    batches = [rows_of(batch) for batch in loader]

    # A table smaller than a batch is one batch of all its rows: it is never left out whole.
    full = min(batch_size or rows, rows)
    assert batches == [rows_of(batch) for batch in whole if len(batch[0]) == full]
    assert len(batches) == len(loader) == rows // full


@settings(max_examples=60, deadline=None)
@given(size=sizes, shuffle=st.booleans(), drop_last=st.booleans(), world_size=st.integers(1, 3))
def test_the_shares_of_all_devices_make_up_the_batches_of_one(
    size: tuple[int, int | None], shuffle: bool, drop_last: bool, world_size: int
) -> None:
    rows, batch_size = size
    options: dict[str, Any] = {"shuffle": shuffle, "drop_last": drop_last, "epoch": lambda: 3}
    alone = [rows_of(batch) for batch in BatchLoader(*table(rows), batch_size, **options)]

    shares = [
        [
            rows_of(batch)
            for batch in BatchLoader(
                *table(rows), batch_size, rank=rank, world_size=world_size, **options
            )
        ]
        for rank in range(world_size)
    ]

    # DDP waits for ever where one device has more batches than another.
    assert {len(share) for share in shares} == {len(alone)}
    for batch, *parts in zip(alone, *shares, strict=True):
        assert sorted(chain(*parts)) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_device_without_a_row_gets_an_empty_batch_of_the_right_shape() -> None:
    *_, (inputs, targets) = BatchLoader(*table(5), 4, rank=1, world_size=2)

    assert inputs.shape == (0, 2)
    assert targets.shape == (0,)


def test_a_batch_of_all_rows_is_not_copied() -> None:
    inputs, targets = table(5)

    ((found, found_targets),) = BatchLoader(inputs, targets, None)

    assert found.data_ptr() == inputs.data_ptr()
    assert found_targets.data_ptr() == targets.data_ptr()


@pytest.mark.parametrize("largest_block", [1, 40, 1 << 18])
def test_orders_do_not_depend_on_how_many_are_drawn_ahead(
    monkeypatch: pytest.MonkeyPatch, largest_block: int
) -> None:
    monkeypatch.setattr(loader_module, "_LARGEST_BLOCK", largest_block)
    loader = BatchLoader(*table(10), 4, shuffle=True, seed=5)

    # In order, over the end of a block, back again and far ahead.
    for epoch in [*range(70), 0, 69, 500, 499, 500, 0]:
        order = loader.order(epoch)
        assert order is not None
        assert torch.equal(order, permutations(5, epoch, 10))


def test_orders_of_small_tables_are_drawn_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Tensor] = []

    def counted(seed: int, epochs: Tensor, rows: int) -> Tensor:
        calls.append(epochs)
        return permutations(seed, epochs, rows)

    monkeypatch.setattr(loader_module, "permutations", counted)
    loader = BatchLoader(*table(10), 4, shuffle=True)
    for epoch in range(64):
        loader.order(epoch)

    assert len(calls) == 1


def test_epochs_and_seeds_have_different_orders() -> None:
    passes = {
        tuple(chain(*map(rows_of, make_batch_loader(lambda epoch=epoch: epoch, seed=seed))))
        for seed in (0, 1)
        for epoch in range(5)
    }

    assert len(passes) == 10


def test_the_epoch_function_is_called_at_every_pass() -> None:
    now = 0
    loader = make_batch_loader(lambda: now)
    first = contents(loader)
    now = 1
    second = contents(loader)

    assert first == contents(make_batch_loader(lambda: 0))
    assert second == contents(make_batch_loader(lambda: 1))


def make_batch_loader(epoch: Callable[[], int], seed: int = 1) -> BatchLoader:
    return BatchLoader(*table(13), 4, shuffle=True, seed=seed, epoch=epoch)


def make_stream_loader(epoch: Callable[[], int]) -> StreamLoader:
    return StreamLoader(draw, BATCHES_PER_EPOCH, epoch=epoch)


LOADERS = pytest.mark.parametrize("make", [make_batch_loader, make_stream_loader])
Maker = Callable[[Callable[[], int]], BatchLoader | StreamLoader]


def contents(batches: Iterable[Batch]) -> list[Any]:
    return [(inputs.tolist(), targets.tolist()) for inputs, targets in batches]


@LOADERS
@pytest.mark.parametrize("done", range(BATCHES_PER_EPOCH + 1))
def test_a_new_loader_resumes_an_interrupted_epoch(make: Maker, done: int) -> None:
    epoch = 6
    whole = contents(make(lambda: epoch))
    interrupted = make(lambda: epoch)
    batches = iter(interrupted)
    handed_out = contents(next(batches) for _ in range(done))
    state = interrupted.state_dict()

    # Training has gone on to the next epoch when the last batch was done.
    now = epoch + done // BATCHES_PER_EPOCH
    resumed = make(lambda: now)
    resumed.load_state_dict(state)

    assert handed_out == whole[:done]
    if done < BATCHES_PER_EPOCH:
        assert contents(resumed) == whole[done:]
        now += 1
    # What follows is whole again.
    assert contents(resumed) == contents(make(lambda: epoch + 1))
    assert contents(resumed) == contents(make(lambda: epoch + 1))


@LOADERS
def test_an_epoch_may_be_interrupted_again_and_again(make: Maker) -> None:
    whole = contents(make(lambda: 6))
    handed_out = []
    state = make(lambda: 6).state_dict()
    for _ in range(BATCHES_PER_EPOCH):
        session = make(lambda: 6)
        session.load_state_dict(state)
        handed_out += contents([next(iter(session))])
        state = session.state_dict()

    assert handed_out == whole
    # What was taken up once is not skipped in another pass.
    assert contents(session) == whole


@LOADERS
def test_the_state_survives_a_second_interruption_before_any_batch(make: Maker) -> None:
    interrupted = make(lambda: 0)
    batches = iter(interrupted)
    next(batches)
    next(batches)
    state = interrupted.state_dict()

    resumed = make(lambda: 0)
    resumed.load_state_dict(state)
    again = make(lambda: 0)
    again.load_state_dict(resumed.state_dict())

    assert contents(again) == contents(make(lambda: 0))[2:]


@LOADERS
def test_a_new_pass_after_a_break_starts_from_the_first_batch(make: Maker) -> None:
    loader = make(lambda: 0)
    whole = contents(loader)

    # Validation of a part of the batches sees the same part every time.
    for _ in range(3):
        batches = iter(loader)
        assert contents(next(batches) for _ in range(2)) == whole[:2]
    assert contents(loader) == whole


class Recorder(pl.LightningModule):
    """Notes the batches it is trained on; after `stop_after` of them it is interrupted."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.stop_after = stop_after
        self.seen: list[tuple[int, Any]] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        self.seen.append((self.current_epoch, batch[0].tolist()))
        return self.weight * batch[0].mean()

    def on_train_batch_end(self, *args: Any) -> None:
        if len(self.seen) == self.stop_after:
            raise KeyError("interrupted")


def trained(
    make: Maker,
    checkpoint: str,
    stop_after: int | None = None,
    resume: bool = False,
    **options: Any,
) -> list[tuple[int, Any]]:
    """The batches of a fit of three epochs, which leaves a checkpoint behind."""
    module = Recorder(stop_after)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=3,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    loader = make(lambda: trainer.current_epoch)
    try:
        trainer.fit(module, loader, ckpt_path=checkpoint if resume else None, weights_only=False)
    except KeyError:
        trainer.save_checkpoint(checkpoint)
    return module.seen


@LOADERS
# In the middle of an epoch, and after its last batch.
@pytest.mark.parametrize("done", [2, BATCHES_PER_EPOCH, BATCHES_PER_EPOCH + 1])
def test_lightning_resumes_an_interrupted_fit(make: Maker, done: int, tmp_path: Path) -> None:
    checkpoint = str(tmp_path / "last.ckpt")
    whole = trained(make, checkpoint)

    first = trained(make, checkpoint, stop_after=done)
    rest = trained(make, checkpoint, resume=True)

    assert len(whole) == 3 * BATCHES_PER_EPOCH
    assert first + rest == whole


@LOADERS
@pytest.mark.parametrize("done", [1, 2, 4])
def test_lightning_resumes_an_interrupted_fit_of_shortened_epochs(
    make: Maker, done: int, tmp_path: Path
) -> None:
    checkpoint = str(tmp_path / "last.ckpt")
    whole = trained(make, checkpoint, limit_train_batches=2)

    first = trained(make, checkpoint, stop_after=done, limit_train_batches=2)
    rest = trained(make, checkpoint, resume=True, limit_train_batches=2)

    # An epoch ends after two of four batches, and the next one starts at its own first batch.
    assert len(whole) == 6
    assert first + rest == whole


def test_a_stream_draws_every_step_once() -> None:
    steps: list[int] = []
    epoch = 0

    def noted(step: int) -> Batch:
        steps.append(step)
        return draw(step)

    loader = StreamLoader(noted, BATCHES_PER_EPOCH, epoch=lambda: epoch)
    for number in range(3):
        epoch = number
        assert len(list(loader)) == len(loader) == BATCHES_PER_EPOCH

    assert steps == list(range(3 * BATCHES_PER_EPOCH))


def test_a_stream_depends_on_the_step_alone() -> None:
    # Step 8 begins epoch 2 of four batches, and epoch 4 of two.
    (first, *_) = contents(StreamLoader(draw, 4, epoch=lambda: 2))
    (same, *_) = contents(StreamLoader(draw, 2, epoch=lambda: 4))

    assert first == same == (draw(8)[0].tolist(), draw(8)[1].tolist())


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_the_shares_of_all_devices_make_up_the_batches_of_a_stream(world_size: int) -> None:
    shares = [
        list(StreamLoader(draw, 3, rank=rank, world_size=world_size)) for rank in range(world_size)
    ]

    for step, parts in enumerate(zip(*shares, strict=True)):
        rows = torch.cat([inputs for inputs, _ in parts])
        assert sorted(rows.tolist()) == draw(step)[0].tolist()
        assert sorted(torch.cat([targets for _, targets in parts]).tolist()) == list(range(7))
    assert len(shares[0]) == 3


def test_batches_of_a_stream_are_on_its_device() -> None:
    ((inputs, targets),) = StreamLoader(draw, 1, device=torch.device("meta"))

    assert inputs.device.type == targets.device.type == "meta"


def test_the_order_of_rows_is_on_the_device_of_the_rows() -> None:
    inputs, targets = torch.empty(10, 2, device="meta"), torch.empty(10, device="meta")
    batches = list(BatchLoader(inputs, targets, 4, shuffle=True))
    assert {tensor.device.type for batch in batches for tensor in batch} == {"meta"}
    order = BatchLoader(inputs, targets, 4, shuffle=True).order(0)
    assert order is not None
    assert order.device.type == "meta"
