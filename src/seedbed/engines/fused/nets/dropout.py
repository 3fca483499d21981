"""Dropout of many jobs at once, with a probability and random numbers of its own for each job.

What a job drops is a function of its seed, the epoch, the step of the epoch, the layer, the row of
the batch and the unit, by the counter-based generator of `seedbed.data.random`. It does not depend
on the jobs beside it: a job draws the same numbers in any group, however many of the others have
ended by then, and where it goes on after a stop.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from seedbed.data.random import DROPOUT, hash64, key_of, words_at

# Random bits of a unit, as many as float32 holds exactly with a half; an int64 has those of two.
_BITS = 23


class Draws:
    """Random numbers of the dropout layers of one job in one step, one layer after another."""

    def __init__(self, key: Tensor) -> None:
        """`key` is the step's, int64 without axes."""
        self._key = hash64(key)
        self._layers = 0

    def units(self, rows: int, units: int) -> Tensor:
        """Return uniform whole numbers below 2**23 for the units of the next layer, (rows, units).

        They are float32: a comparison of those takes a tenth of the time of one that makes bools.
        """
        key = hash64(self._key + self._layers)
        self._layers += 1
        # By row and unit, so that a wider layer and a larger batch begin with the same numbers.
        of_rows = words_at(key, torch.arange(rows, device=key.device)).unsqueeze(1)
        pairs = words_at(of_rows, torch.arange((units + 1) // 2, device=key.device))
        bits: Tensor = (pairs.view(torch.int32)[:, :units] >> (32 - _BITS)) & (2**_BITS - 1)
        return bits.float()


class JobDropout(nn.Module):
    """Dropout whose probability is a number of the job, as torch.nn.Dropout has it.

    A unit is zero with probability p, and else multiplied by 1 / (1 - p), while training.

    Attributes:
        p: probability, a buffer that is in no state_dict.
        draws: random numbers of the step; None: torch's own.
    """

    p: Tensor

    def __init__(self, p: float) -> None:
        super().__init__()
        self.register_buffer("p", torch.tensor(p, dtype=torch.float64), persistent=False)
        self.draws: Draws | None = None

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, (rows, ...), with some of its numbers zero."""
        if not self.training:
            return input
        if self.draws is None:
            return F.dropout(input, float(self.p))
        rows = input.shape[0] if input.dim() > 1 else input.numel()
        drawn = self.draws.units(rows, input.numel() // max(rows, 1)).reshape(input.shape)
        border = ((self.p * 2.0**_BITS).round() - 0.5).to(drawn.dtype)
        scale = torch.where(self.p < 1, 1.0 / (1.0 - self.p), 0.0).to(input.dtype)
        # 1 where the number is above the border, and 0 below it.
        kept = (drawn - border).sign().clamp(min=0.0).to(input.dtype)
        dropped: Tensor = input * (kept * scale)
        return dropped


def with_job_dropout(net: nn.Module) -> None:
    """Replace the dropout layers of a network, those of torch.nn.Dropout itself, in place."""
    for parent in list(net.modules()):
        for name, module in parent.named_children():
            # One that works in place, or is looked at by hooks, stays as it is.
            if type(module) is nn.Dropout and not (module.inplace or module._forward_hooks):
                parent.add_module(name, JobDropout(module.p).train(module.training))


def probabilities(net: nn.Module) -> dict[str, float]:
    """Return the probability of each dropout layer of many jobs, by the name of its buffer."""
    return {f"{path}.p".lstrip("."): float(layer.p) for path, layer in _layers(net)}


def _layers(net: nn.Module) -> Iterator[tuple[str, JobDropout]]:
    for path, module in net.named_modules():
        if isinstance(module, JobDropout):
            yield path, module


@contextmanager
def drawing(net: nn.Module, batch: Mapping[str, Tensor]) -> Iterator[None]:
    """Let the dropout layers of a network draw as the `draw` of a batch says, if it has one."""
    draws = Draws(batch["draw"]) if "draw" in batch else None
    layers = [layer for _, layer in _layers(net)]
    for layer in layers:
        layer.draws = draws
    try:
        yield
    finally:
        for layer in layers:
            layer.draws = None


class StepKeys:
    """Keys of the random numbers that the jobs draw in a step.

    Args:
        net: Network of the jobs.
        seeds: Seed of each job.
        numbers: Numbers of the networks by buffer, (jobs, ...), probabilities among them.
        device: Device of the keys.

    Attributes:
        names: buffers that hold the probabilities of the layers.
        drops: whether each job of the group has any dropout.
    """

    def __init__(
        self,
        net: nn.Module,
        seeds: Sequence[int],
        numbers: Mapping[str, Tensor],
        device: torch.device,
    ) -> None:
        self.names = list(probabilities(net))
        drops = torch.zeros(len(seeds), dtype=torch.bool)
        for name in self.names:
            drops |= numbers[name] > 0
        self.drops: list[bool] = drops.tolist()
        self._seeds = self._seeds_of_jobs = torch.tensor(seeds, device=device)
        self._seed = self._shared()

    def _shared(self) -> Tensor:
        """Return the seeds, (jobs,); without an axis where all jobs have the same one."""
        same = len(self._seeds) > 0 and bool((self._seeds == self._seeds[0]).all())
        return self._seeds[0] if same else self._seeds

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the jobs only."""
        self._seeds = self._seeds[torch.from_numpy(rows).to(self._seeds.device)]
        self._seed = self._shared()

    def use_seeds_of(self, jobs: NDArray[np.int64]) -> None:
        """Let each job draw what another one of the group would, (jobs,)."""
        self._seeds = self._seeds_of_jobs[torch.from_numpy(jobs).to(self._seeds.device)]
        self._seed = self._shared()

    def of_epoch(self, epoch: int) -> Iterator[Tensor | None]:
        """Yield the keys of each step of an epoch, (jobs,) or without an axis; None: none draws."""
        key = key_of(self._seed, DROPOUT, epoch) if self.names else None
        for step in count():
            yield None if key is None else key + step
