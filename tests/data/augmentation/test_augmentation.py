"""Augmentation: the values of plain loops over pixels, whatever the batch an image is in."""

from dataclasses import replace
from functools import partial
from math import cos, exp, log, pi, sqrt
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from seedbed.config.schema.data.augmentation import Augment
from seedbed.data.augmentation import Augmentation
from seedbed.data.augmentation.draws import Draws, Stream
from seedbed.data.augmentation.mixup import shares
from seedbed.data.table import Table

ROWS, CLASSES = 7, 3
Images = NDArray[Any]


def table(channels: int = 3, height: int = 5, width: int = 6) -> Table:
    """Images of random bytes, and their classes."""
    drawn = np.random.default_rng(0).integers(0, 256, (ROWS, channels, height, width))
    return Table(torch.from_numpy(drawn.astype(np.uint8)), torch.arange(ROWS) % CLASSES)


# The numbers of rows in the dataset are not their places among the training rows.
NUMBERS = torch.tensor([2, 3, 5, 7, 11, 13, 17])


def augmentation(options: Augment, rows: Table | None = None, seed: int = 3) -> Augmentation:
    def floats(images: torch.Tensor) -> torch.Tensor:
        return images.double() / 255

    rows = rows or table()
    return Augmentation(
        options,
        partial(rows.inputs.index_select, 0),
        (rows.targets,),
        NUMBERS,
        seed,
        floats,
        lambda images: 2 * images - 1,
        CLASSES,
    )


# ---- Plain references ----------------------------------------------------------------------------


def hashed(number: int) -> int:
    """SplitMix64, in Python's integers."""
    number = (number + 0x9E3779B97F4A7C15) % 2**64
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) % 2**64
    return number ^ (number >> 31)


def uniform(seed: int, stream: int, epoch: int, place: int) -> float:
    key = hashed((hashed((seed + stream * 0x9E3779B97F4A7C15) % 2**64) + epoch) % 2**64)
    return (hashed((key + place * 0x9E3779B97F4A7C15) % 2**64) >> 11) / 2**53


def changed(image: Images, options: Augment, seed: int, epoch: int, row: int) -> Images:
    """An image (channels, height, width) of bytes as it is in an epoch, from 0 to 1."""

    def draw(stream: Stream, at: int = epoch) -> float:
        return uniform(seed, stream, at, row)

    def whole(stream: Stream, count: int) -> int:
        return int(draw(stream) * count)

    if options.flip == "random" and draw(Stream.FLIP) < 0.5:
        image = image[:, :, ::-1]
    if options.flip == "alternating" and (draw(Stream.FLIP, 0) < 0.5) != (epoch % 2 == 1):
        image = image[:, :, ::-1]
    _, height, width = image.shape
    if options.crop:
        mode: Any = {"reflect": "reflect", "edge": "edge", "zeros": "constant"}[options.padding]
        around = np.pad(image, ((0, 0), *[(options.crop, options.crop)] * 2), mode=mode)
        down = whole(Stream.CROP_DOWN, 2 * options.crop + 1)
        right = whole(Stream.CROP_RIGHT, 2 * options.crop + 1)
        image = around[:, down : down + height, right : right + width]
    if options.translate:
        down = whole(Stream.MOVE_DOWN, 2 * options.translate + 1) - options.translate
        right = whole(Stream.MOVE_RIGHT, 2 * options.translate + 1) - options.translate
        moved = np.zeros_like(image)
        for y in range(height):
            for x in range(width):
                if 0 <= y - down < height and 0 <= x - right < width:
                    moved[:, y, x] = image[:, y - down, x - right]
        image = moved
    floats: Images = image / 255
    if options.brightness:
        factor = 1 - options.brightness + 2 * options.brightness * draw(Stream.BRIGHTNESS)
        floats = np.clip(floats * factor, 0, 1)
    if options.contrast:
        factor = 1 - options.contrast + 2 * options.contrast * draw(Stream.CONTRAST)
        parts = (0.299, 0.587, 0.114) if len(image) == 3 else [1 / len(image)] * len(image)
        grey = sum(part * channel for part, channel in zip(parts, floats, strict=True)).mean()
        floats = np.clip(grey + factor * (floats - grey), 0, 1)
    if options.cutout:
        floats = floats.copy()
        top = whole(Stream.CUTOUT_DOWN, height) - options.cutout // 2
        left = whole(Stream.CUTOUT_RIGHT, width) - options.cutout // 2
        bottom, side = top + options.cutout, left + options.cutout
        floats[:, max(0, top) : max(0, bottom), max(0, left) : max(0, side)] = 0
    return floats


def share(seed: int, epoch: int, row: int, alpha: float) -> float:
    """A number of Beta(alpha, alpha) by two of Marsaglia and Tsang's gamma numbers."""
    numbers = [uniform(seed, Stream.SHARE, epoch, row * 50 + place) for place in range(50)]
    logarithms = []
    for part in (numbers[:25], numbers[25:]):
        d = alpha + 1 - 1 / 3
        for first, second, third in zip(part[:8], part[8:16], part[16:24], strict=True):
            x = sqrt(-2 * log(1 - first)) * cos(2 * pi * second)
            v = (1 + x / sqrt(9 * d)) ** 3
            if v > 0 and log(1 - third) < x * x / 2 + d - d * v + d * log(v):
                logarithms.append(log(d * v) + log(1 - part[24]) / alpha)
                break
    return 1 / (1 + exp(logarithms[1] - logarithms[0]))


# ---- Values --------------------------------------------------------------------------------------

some = st.builds(
    Augment,
    flip=st.sampled_from([None, "random", "alternating"]),
    crop=st.integers(0, 4),
    padding=st.sampled_from(["reflect", "edge", "zeros"]),
    translate=st.integers(0, 4),
    brightness=st.sampled_from([0.0, 0.3, 1.0]),
    contrast=st.sampled_from([0.0, 0.3, 1.0]),
    cutout=st.integers(0, 6),
)


@settings(max_examples=60, deadline=None)
@given(
    options=some,
    seed=st.integers(0, 2**40),
    epoch=st.integers(0, 99),
    channels=st.sampled_from([1, 2, 3]),
)
def test_images_are_those_of_loops_over_pixels(
    options: Augment, seed: int, epoch: int, channels: int
) -> None:
    rows = table(channels)
    places = torch.tensor([6, 0, 3, 3, 5])

    inputs, targets = augmentation(options, rows, seed)(epoch, places)

    for image, place in zip(inputs.numpy(), places.tolist(), strict=True):
        row = int(NUMBERS[place])
        expected = changed(rows.inputs[place].numpy(), options, seed, epoch, row)
        np.testing.assert_allclose(image, 2 * expected - 1, rtol=0, atol=1e-12)
    assert torch.equal(targets, rows.targets[places])


@settings(max_examples=20, deadline=None)
@given(alpha=st.sampled_from([0.1, 0.4, 1.0, 3.0]), epoch=st.integers(0, 99))
def test_mixup_mixes_each_image_and_its_class_with_another_one(alpha: float, epoch: int) -> None:
    options, rows, seed = Augment(flip="random", crop=2, cutout=2, mixup=alpha), table(), 5
    places = torch.tensor([4, 1, 1, 2])

    inputs, targets = augmentation(options, rows, seed)(epoch, places)

    def image(place: int) -> Images:
        pixels = rows.inputs[place].numpy()
        return changed(pixels, options, seed, epoch, int(NUMBERS[place]))

    for mixed, target, place in zip(inputs.numpy(), targets.numpy(), places.tolist(), strict=True):
        row = int(NUMBERS[place])
        other = int(uniform(seed, Stream.PARTNER, epoch, row) * ROWS)
        own = share(seed, epoch, row, alpha)
        expected = own * image(place) + (1 - own) * image(other)
        np.testing.assert_allclose(mixed, 2 * expected - 1, rtol=0, atol=1e-9)
        classes = np.eye(CLASSES)
        soft = own * classes[place % CLASSES] + (1 - own) * classes[other % CLASSES]
        np.testing.assert_allclose(target, soft, rtol=0, atol=1e-9)


def test_mixed_targets_of_two_classes_are_probabilities_and_of_a_regression_values() -> None:
    options, places = Augment(mixup=1.0), torch.arange(ROWS)
    images = table().inputs
    two = replace(
        augmentation(options, Table(images, torch.tensor([0, 1, 1, 0, 1, 0, 1]))), outputs=1
    )
    values = torch.randn(ROWS, 2, dtype=torch.float64)
    real = replace(augmentation(options, Table(images, values)), outputs=2)

    probabilities, mixed = two(0, places)[1], real(0, places)[1]

    own = shares(Draws(3, 0, NUMBERS), 1.0)
    others = (Draws(3, 0, NUMBERS).uniform(Stream.PARTNER) * ROWS).long()
    classes = two.rest[0].double()
    assert probabilities.shape == (ROWS, 1)
    torch.testing.assert_close(
        probabilities[:, 0], own * classes + (1 - own) * classes[others], rtol=0, atol=1e-12
    )
    expected = own[:, None] * values + (1 - own)[:, None] * values[others]
    torch.testing.assert_close(mixed, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_shares_are_distributed_as_beta_numbers(alpha: float) -> None:
    drawn = shares(Draws(1, 0, torch.arange(4000)), alpha).numpy()

    assert stats.kstest(drawn, stats.beta(alpha, alpha).cdf).pvalue > 0.01


def test_crops_and_moves_and_squares_are_all_equally_likely() -> None:
    draws = Draws(0, 0, torch.arange(9000))

    for stream in (Stream.CROP_DOWN, Stream.MOVE_RIGHT, Stream.CUTOUT_DOWN):
        counts = torch.bincount(draws.whole(stream, 9), minlength=9).numpy()
        assert stats.chisquare(counts).pvalue > 0.001
    pairs = draws.whole(Stream.CROP_DOWN, 3) * 3 + draws.whole(Stream.CROP_RIGHT, 3)
    assert stats.chisquare(torch.bincount(pairs, minlength=9).numpy()).pvalue > 0.001


# ---- What it depends on --------------------------------------------------------------------------

ALL = Augment("random", 2, "reflect", 1, 0.2, 0.2, 3, 0.4)


def test_an_image_does_not_depend_on_its_batch() -> None:
    whole = augmentation(ALL)(4, torch.arange(ROWS))
    order = torch.tensor([6, 2, 0, 5, 1, 3, 4])

    parts = [augmentation(ALL)(4, part) for part in order.split(3)]

    for together, apart in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(apart), together[order], rtol=0, atol=0)


def test_every_epoch_and_every_seed_changes_images_otherwise() -> None:
    places = torch.arange(ROWS)
    first = augmentation(ALL)(0, places)[0]

    assert not torch.equal(first, augmentation(ALL)(1, places)[0])
    assert not torch.equal(first, augmentation(ALL, seed=4)(0, places)[0])
    assert torch.equal(first, augmentation(ALL)(0, places)[0])


def test_an_alternating_flip_mirrors_each_image_every_other_epoch() -> None:
    flip, places = augmentation(Augment(flip="alternating")), torch.arange(ROWS)
    images = [flip(epoch, places)[0] for epoch in range(4)]

    assert torch.equal(images[0], images[2])
    assert torch.equal(images[1], images[3])
    assert torch.equal(images[1], images[0].flip(-1))
    # Not all in the same epoch.
    as_they_are = (images[0] == 2 * table().inputs.double() / 255 - 1).flatten(1).all(dim=1)
    assert 0 < as_they_are.sum() < ROWS


def test_each_image_may_have_a_seed_of_its_own() -> None:
    places = torch.tensor([0, 1, 2, 0, 1, 2])
    seeds = torch.tensor([8, 8, 8, 9, 9, 9])

    inputs, targets = replace(augmentation(ALL), seed=seeds)(2, places)

    for part, seed in ((slice(0, 3), 8), (slice(3, 6), 9)):
        alone = augmentation(ALL, seed=seed)(2, places[part])
        assert torch.equal(inputs[part], alone[0])
        assert torch.equal(targets[part], alone[1])
