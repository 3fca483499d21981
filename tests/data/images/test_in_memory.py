"""Images in memory: bytes become floats a batch, and training batches alone are augmented."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch

from seedbed.config.schema.data import Images as Options
from seedbed.config.schema.data.augmentation import Augment
from seedbed.data.data_module import Placement
from seedbed.data.images.in_memory import Images
from seedbed.data.in_memory import Source
from seedbed.data.table import Table

ROWS, SHAPE = 23, (1, 4, 5)
ALL = Augment("random", 1, "reflect", 1, 0.2, 0.2, 2, 0.4)


class Random(Images):
    """Images of random bytes."""

    def load(self) -> Source:
        drawn = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (ROWS, *SHAPE), generator=drawn, dtype=torch.uint8)
        return Source(Table(images, torch.arange(ROWS) % 2))


def data(augment: Augment | None = None, **options: Any) -> Random:
    keys: dict[str, Any] = {
        "task": "multiclass",
        "input_shape": list(SHAPE),
        "output_size": 2,
        "batch_size": 5,
        "val_size": 6,
        "seed": 4,
        **options,
    }
    made = Random(Options(augment=augment or Augment(), **keys))
    made.setup("fit")
    return made


def together(batches: Iterable[tuple[torch.Tensor, ...]]) -> list[torch.Tensor]:
    return [torch.cat(parts) for parts in zip(*batches, strict=True)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batches_hold_the_bytes_as_numbers_from_0_to_1_and_scaled(dtype: torch.dtype) -> None:
    images = data(input_scale=2.0)
    images.place(Placement(dtype=dtype))

    for split in ("train", "val"):
        inputs, targets = together(images.evaluation_loader(split))
        raw = images._splits[split]
        assert inputs.dtype == dtype
        torch.testing.assert_close(inputs, raw.inputs.to(dtype) / 255 * 2, rtol=1e-6, atol=0)
        assert torch.equal(inputs, images.table(split).inputs)
        assert torch.equal(targets, raw.targets)


def test_without_augmentation_training_batches_are_those_of_the_table() -> None:
    from seedbed.data.loader import BatchLoader

    images = data()
    table = images.table("train")
    plain = BatchLoader(table.inputs, table.targets, 5, shuffle=True, seed=4)

    for ours, theirs in zip(images.train_dataloader(), plain, strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
    assert images.augmentation() is None


def test_only_training_batches_are_augmented() -> None:
    images, plain = data(ALL), data()

    assert images.augmentation() is not None
    for split in ("train", "val"):
        for loader in ("evaluation_loader", "all_rows"):
            ours, theirs = (together(getattr(each, loader)(split)) for each in (images, plain))
            assert torch.equal(ours[0], theirs[0])
            assert torch.equal(ours[1], theirs[1])
    ours, theirs = (together(each.train_dataloader()) for each in (images, plain))
    assert not torch.equal(ours[0], theirs[0])


def augmented(images: Random, epoch: int = 2) -> dict[int, torch.Tensor]:
    """Each training image by its number in the dataset, as it is in an epoch."""
    images.current_epoch = lambda: epoch
    loader = images.train_dataloader()
    order = loader.order(epoch)
    places = torch.arange(loader.rows) if order is None else order
    inputs = together(loader)[0]
    numbers = images.numbers("train")[places].tolist()
    return dict(zip(numbers, inputs, strict=True))


@pytest.mark.parametrize(
    "other", [{"batch_size": 3}, {"batch_size": None}, {"shuffle": False}], ids=str
)
def test_an_image_is_the_same_whatever_the_size_and_the_order_of_batches(
    other: dict[str, Any],
) -> None:
    first, second = augmented(data(ALL)), augmented(data(ALL, **other))

    assert first.keys() == second.keys()
    assert all(torch.equal(first[number], second[number]) for number in first)


def test_an_image_is_the_same_whatever_other_rows_are_held_out_without_mixup() -> None:
    alone = Augment("random", 1, "reflect", 1, 0.2, 0.2, 2)
    first, second = augmented(data(alone)), augmented(data(alone, val_size=3, split_seed=1))

    both = first.keys() & second.keys()
    assert len(both) > 5
    assert all(torch.equal(first[number], second[number]) for number in both)


def test_devices_share_the_batches_of_one() -> None:
    whole = list(data(ALL).train_dataloader())
    shares = []
    for rank in range(2):
        images = data(ALL)
        images.place(Placement(rank=rank, world_size=2))
        shares.append(list(images.train_dataloader()))

    for batch, *parts in zip(whole, *shares, strict=True):
        for place, values in enumerate(batch):
            for rank, part in enumerate(parts):
                assert torch.equal(part[place], values[rank::2])


def test_an_interrupted_epoch_goes_on_with_the_same_images() -> None:
    images = data(ALL)
    images.current_epoch = lambda: 3
    whole = list(images.train_dataloader())
    stopped = images.train_dataloader()
    started = iter(stopped)
    for _ in range(2):
        next(started)
    again = data(ALL)
    again.current_epoch = lambda: 3
    resumed = again.train_dataloader()
    resumed.load_state_dict(stopped.state_dict())

    rest = list(resumed)

    assert len(rest) == len(whole) - 2
    for ours, theirs in zip(rest, whole[2:], strict=True):
        assert all(map(torch.equal, ours, theirs))


def test_an_epoch_that_is_repeated_is_augmented_as_the_first_one() -> None:
    images = data(ALL)
    first = together(images.train_dataloader())
    images.place(Placement(), lambda: 5, repeats_first_epoch=True)

    assert all(map(torch.equal, together(images.train_dataloader()), first))
