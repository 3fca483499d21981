"""Batches of torch DataLoaders, whose epochs can be taken up where they were interrupted."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Unpack

import torch
from torch.utils.data import DataLoader

from seedbed.data.global_draws import Drawing
from seedbed.data.loader import ResumableLoader, RunOptions
from seedbed.data.torch_datasets.seeded import SeededBatches, SeededRows, SeededStream

_END = object()
Context = Callable[[], AbstractContextManager[None]]


class ResumableDataLoader(ResumableLoader):
    """Batches of a DataLoader, whose code draws from generators of its own, seeded for each epoch.

    An epoch that is taken up begins as it began, and reads past the batches that were consumed.
    torch's generators that the DataLoader was given, and a Dataset with `state_dict` and
    `load_state_dict` whose rows no workers read, go on from the states that they had.

    Args:
        loader: The DataLoader.
        seed: Seed of what is drawn.
        run: As in ResumableLoader.
    """

    def __init__(self, loader: "DataLoader[Any]", seed: int, **run: Unpack[RunOptions]) -> None:
        super().__init__(**run)
        self.loader = loader
        self.seeds = (seed, self.rank)
        self._stateful = _stateful_parts(loader)
        self._at_start: dict[str, Any] = {}
        self._loaded: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.loader)

    def state_dict(self) -> dict[str, Any]:
        """Return the place in the epoch, and what keeps a state: at its start, and now."""
        place = super().state_dict()
        if not self._stateful:
            return place
        return {**place, "at_start": self._at_start, "now": self._states()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state; the next pass over the same epoch starts after its batches."""
        super().load_state_dict(state)
        self._loaded = state if "now" in state else None

    def __iter__(self) -> Iterator[Any]:
        passes = self.passes(sys.maxsize)
        epoch, consumed = next(passes)
        self._restore(within=consumed > 0)
        self._at_start = self._states()
        draws, left = self._begin(epoch, consumed)
        with draws():
            batches = iter(self.loader)
        for _ in range(left):
            with draws():
                next(batches, None)
        while True:
            with draws():
                batch = next(batches, _END)
            if batch is _END:
                return
            yield batch
            next(passes)

    def _begin(self, epoch: int, consumed: int) -> tuple[Context, int]:
        """Begin an epoch after so many batches.

        Returns the context in which batches are read, and how many are to be read past.
        """
        for sampler in _samplers(self.loader):
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(epoch)
        return Drawing(*self.seeds, epoch), consumed

    def _states(self) -> dict[str, Any]:
        return {
            name: part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
            for name, part in self._stateful.items()
        }

    def _restore(self, within: bool) -> None:
        """Give what keeps a state its own: of the start of the epoch, to begin it once more."""
        states, self._loaded = self._loaded, None
        for name, state in (states or {}).get("at_start" if within else "now", {}).items():
            part = self._stateful.get(name)
            if isinstance(part, torch.Generator):
                part.set_state(state)
            elif part is not None:
                part.load_state_dict(state)


class StreamOfRows(ResumableDataLoader):
    """Batches of an iterable-style Dataset; its workers draw the same in any pass over an epoch.

    Args:
        dataset: The Dataset, which shares its rows among devices itself.
        seed: Seed of what it draws.
        options: Options of the DataLoader.
        run: As in ResumableLoader.
    """

    def __init__(
        self, dataset: Any, seed: int, options: dict[str, Any], **run: Unpack[RunOptions]
    ) -> None:
        self._stream = SeededStream(dataset, (seed, run.get("rank", 0)))
        super().__init__(
            DataLoader(self._stream, generator=torch.Generator(), **options), seed, **run
        )

    def _begin(self, epoch: int, consumed: int) -> tuple[Context, int]:
        self._stream.epoch.fill_(epoch)
        return (Drawing(*self.seeds, epoch) if self._draws_here else nullcontext), consumed

    @property
    def _draws_here(self) -> bool:
        return self.loader.num_workers == 0


class BatchesOfRows(ResumableDataLoader):
    """Batches of a map-style Dataset, of which none that was consumed is read again.

    Args:
        dataset: The Dataset.
        batches: Sampler of the rows of all batches; its `sampler` is told the epoch.
        seed: Seed of what the Dataset draws.
        options: Options of the DataLoader.
        run: As in ResumableLoader.
    """

    def __init__(
        self,
        dataset: Any,
        batches: Any,
        seed: int,
        options: dict[str, Any],
        **run: Unpack[RunOptions],
    ) -> None:
        self._batches = SeededBatches(batches, (seed, run.get("rank", 0)))
        options = {**options, "batch_sampler": self._batches, "generator": torch.Generator()}
        super().__init__(DataLoader(SeededRows(dataset), **options), seed, **run)

    def _begin(self, epoch: int, consumed: int) -> tuple[Context, int]:
        self._batches.batches.sampler.set_epoch(epoch)
        self._batches.epoch = epoch
        # A Dataset that keeps a state has to read them to come to it.
        self._batches.consumed = 0 if self._stateful else consumed
        left = consumed - self._batches.consumed
        if self.loader.num_workers:
            return nullcontext, left
        numbers = iter(range(self._batches.consumed - 1, sys.maxsize))
        return lambda: Drawing(*self.seeds, epoch, next(numbers))(), left


def _samplers(loader: "DataLoader[Any]") -> list[Any]:
    found = [loader.sampler, loader.batch_sampler, getattr(loader.batch_sampler, "sampler", None)]
    return [sampler for sampler in found if sampler is not None]


def _stateful_parts(loader: "DataLoader[Any]") -> dict[str, Any]:
    """Return what in a DataLoader keeps a state from one epoch to the next, by a name."""
    parts: dict[str, Any] = {}
    dataset: Any = loader.dataset
    own = isinstance(dataset, SeededRows | SeededStream)
    if own:
        dataset = dataset.dataset
    if loader.num_workers == 0 and hasattr(dataset, "state_dict"):
        parts["dataset"] = dataset
    if not own:
        generators = [loader.generator, *(getattr(s, "generator", None) for s in _samplers(loader))]
        unique = {id(one): one for one in generators if isinstance(one, torch.Generator)}
        parts |= {f"generator {place}": one for place, one in enumerate(unique.values())}
    return parts
