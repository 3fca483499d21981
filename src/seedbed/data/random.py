"""Counter-based random numbers: pure functions of (seed, stream, counter).

Without a state, the order of epoch 7 or the rows of step 1,000 are computed without those before,
an interrupted epoch is resumed exactly, and the orders of many seeds take one tensor operation.
Hashes are exact 64-bit integers, so an order is the same on every machine and device; normal
numbers involve logarithm and cosine, which may differ in the last digit between machines.

The hash is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014), applied to a key and then to key + counter.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from math import pi

import numpy as np
import torch
from torch import Tensor

# Streams of one seed are independent of each other. Datasets count theirs from 0 upwards.
BATCH_ORDER = -1
SPLIT_ORDER = -2
DROPOUT = -3

_LARGEST = torch.iinfo(torch.int64).max
_WORD = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def _signed(number: int) -> int:
    """Return the 64-bit two's complement of an integer, for torch's int64."""
    number &= _WORD
    return number - (1 << 64) if number >= 1 << 63 else number


def _shift_right(values: Tensor, bits: int) -> Tensor:
    """Shift int64 to the right without sign extension, which torch's operator does."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def hash64(values: Tensor) -> Tensor:
    """Return the SplitMix64 hash of int64 values, elementwise; it is a bijection."""
    values = values + _signed(_GOLDEN)
    values = (values ^ _shift_right(values, 30)) * _signed(_MULTIPLIERS[0])
    values = (values ^ _shift_right(values, 27)) * _signed(_MULTIPLIERS[1])
    return values ^ _shift_right(values, 31)


def key_of(seed: Tensor | int, stream: int, counter: Tensor | int) -> Tensor:
    """Return one hashed key for each (seed, stream, counter), broadcast together, int64.

    It is on the device of the seeds; of a seed that is a whole number, on that of the counters.
    """
    device = next((each.device for each in (seed, counter) if isinstance(each, Tensor)), None)
    seeds, counters = torch.as_tensor(seed), torch.as_tensor(counter)
    key = hash64(seeds.long().to(device) + _signed(stream * _GOLDEN))
    return hash64(key + counters.long().to(device))


def permutations(
    seed: Tensor | int,
    epoch: Tensor | int,
    rows: int,
    stream: int = BATCH_ORDER,
    own: Tensor | None = None,
) -> Tensor:
    """Return random orders of rows, one for each (seed, epoch) broadcast together.

    Args:
        seed: Seeds, an integer or int64 of any shape.
        epoch: Epochs (from 0), an integer or int64 of any shape.
        rows: Number of rows.
        stream: Stream of random numbers; streams of a seed are independent.
        own: Numbers of rows up to `rows`, int64, broadcast with the others: an order begins with
            that of so many rows, and those beyond come last. None (default): all rows.

    Returns:
        Permutations of 0 .. rows - 1, (*broadcast, rows), int64.
    """
    key = key_of(seed, stream, epoch)
    indices = torch.arange(rows, device=key.device)
    places = words_at(key.unsqueeze(-1), indices)
    if own is not None:
        # Of equal hashes the row that comes first is taken first.
        places = places.masked_fill(indices >= own.unsqueeze(-1), _LARGEST)
    return places.argsort(dim=-1, stable=True)


def uniform(seed: Tensor | int, stream: int, counter: Tensor | int, count: int) -> Tensor:
    """Return uniform numbers in [0, 1) for each (seed, counter) broadcast together.

    Args:
        seed: Seeds, an integer or int64 of any shape.
        stream: Stream of random numbers; streams of a seed are independent.
        counter: Counters, such as steps, an integer or int64 of any shape.
        count: Numbers drawn for each.

    Returns:
        Numbers of 53 random bits, (*broadcast, count), float64.
    """
    key = key_of(seed, stream, counter)
    return _fractions(key.unsqueeze(-1), torch.arange(count, device=key.device))


def uniform_at(seed: Tensor | int, stream: int, counter: Tensor | int, places: Tensor) -> Tensor:
    """Return the numbers that `uniform` draws at these places alone, such as numbers of rows.

    Args:
        seed: Seeds, an integer or int64 of a shape that goes with that of `places`.
        stream: Stream of random numbers; streams of a seed are independent.
        counter: Counters, such as epochs, an integer or int64 of such a shape.
        places: Places from 0, int64 of any shape.

    Returns:
        Numbers in [0, 1) of 53 random bits, of the shapes broadcast together, float64.
    """
    return _fractions(key_of(seed, stream, counter).to(places.device), places)


def number_at(*numbers: int) -> int:
    """Return a number from 0 to 2**63 - 1 that is a hash of whole numbers, such as a seed."""
    key = 0
    for number in numbers:
        key = _hash64_of_one(key + number)
    return key >> 1


def _hash64_of_one(number: int) -> int:
    """Return `hash64` of a whole number, without a sign: a tensor of one takes ten times longer."""
    number = (number + _GOLDEN) & _WORD
    number = (number ^ number >> 30) * _MULTIPLIERS[0] & _WORD
    number = (number ^ number >> 27) * _MULTIPLIERS[1] & _WORD
    return number ^ number >> 31


def words_at(key: Tensor, places: Tensor) -> Tensor:
    """Return 64 random bits for each of a key's places, broadcast together, int64."""
    return hash64(key + places * _signed(_GOLDEN))


def _fractions(key: Tensor, places: Tensor) -> Tensor:
    bits = _shift_right(words_at(key, places), 11)
    return bits.double() * 2.0**-53


def normal(seed: Tensor | int, stream: int, counter: Tensor | int, count: int) -> Tensor:
    """Return standard normal numbers, (*broadcast, count) float64, with the arguments of `uniform`.

    By the method of Box and Muller, "A note on the generation of random normal deviates" (1958).
    """
    pairs = (count + 1) // 2
    first, second = uniform(seed, stream, counter, 2 * pairs).split(pairs, dim=-1)
    radius = (-2.0 * torch.log1p(-first)).sqrt()
    angle = 2.0 * pi * second
    return torch.cat((radius * angle.cos(), radius * angle.sin()), dim=-1)[..., :count]


@contextmanager
def same_draws() -> Iterator[None]:
    """Let code that draws random numbers draw the same ones whenever and wherever it runs."""
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
