"""Check of a saved state of jobs, before an engine goes on from it."""

from typing import Any

from torch import Tensor

# What grows while jobs train: only its type is known.
_GROWS = ("history", "rates", "trials", "population")


def fits(saved: Any, new: Any) -> bool:
    """Return whether a saved state has the keys, types and shapes that a new engine's has.

    The first axis of a tensor are the jobs, of which fewer may be left.
    """
    if isinstance(new, Tensor):
        alike = isinstance(saved, Tensor) and saved.dtype == new.dtype
        return alike and saved.shape[1:] == new.shape[1:] and saved.dim() == new.dim()
    if isinstance(new, dict):
        if not isinstance(saved, dict) or saved.keys() != new.keys():
            return False
        grown = {key for key in _GROWS if key in new}
        if not all(isinstance(saved[key], type(new[key])) for key in grown):
            return False
        return all(fits(saved[key], new[key]) for key in new.keys() - grown)
    if isinstance(new, list | tuple):
        if not isinstance(saved, type(new)) or len(saved) != len(new):
            return False
        return all(map(fits, saved, new))
    return isinstance(saved, type(new))
