"""Random numbers of the user's own code, which draws from Python's, NumPy's and torch's generators.

Seedbed's own numbers are pure functions (see `seedbed.data.random`) and do not touch these.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from seedbed.data.random import number_at

_MT19937 = "MT19937"


def states() -> dict[str, Any]:
    """Return the states of the global generators as tensors and plain values."""
    version, words, gauss = random.getstate()
    of_numpy: Any = np.random.get_state(legacy=False)
    found: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": {"version": version, "words": torch.tensor(words), "gauss": gauss},
        "numpy": {
            "words": torch.from_numpy(of_numpy["state"]["key"].astype(np.int64)),
            "place": int(of_numpy["state"]["pos"]),
            "has_gauss": int(of_numpy["has_gauss"]),
            "gauss": float(of_numpy["gauss"]),
        },
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def set_states(states: dict[str, Any]) -> None:
    """Set the global generators to what `states` returned."""
    torch.set_rng_state(states["torch"])
    python, of_numpy = states["python"], states["numpy"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    words = of_numpy["words"].numpy().astype(np.uint32)
    np.random.set_state(
        (_MT19937, words, of_numpy["place"], of_numpy["has_gauss"], of_numpy["gauss"])
    )
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def seed(*numbers: int) -> None:
    """Seed the global generators of the CPU by a hash of whole numbers."""
    number = number_at(*numbers)
    random.seed(number)
    np.random.seed(number % 2**32)
    torch.default_generator.manual_seed(number)


class Drawing:
    """Generators of code that draws now and then: what others draw meanwhile does not touch them.

    Args:
        numbers: Whole numbers that seed them.
    """

    def __init__(self, *numbers: int) -> None:
        self._numbers: tuple[int, ...] | None = numbers
        self._states: Any = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Let the code in the block draw from them in place of the global ones."""
        outside = random.getstate(), np.random.get_state(), torch.get_rng_state()
        if self._numbers is not None:
            seed(*self._numbers)
            self._numbers = None
        else:
            _set_all(self._states)
        try:
            yield
        finally:
            self._states = random.getstate(), np.random.get_state(), torch.get_rng_state()
            _set_all(outside)


def _set_all(states: Any) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
