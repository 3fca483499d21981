"""Columns that splits look into: values by row, without gaps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedbed.data.splits.sizes import Numbers
from seedbed.errors import DoesNotFit, listed

WORDS = {
    "train": ("train", "training", "fit"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "holdout"),
}
_SPLIT_OF_WORD = {word: split for split, words in WORDS.items() for word in words}
_TRUTHS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


def values_of(name: str, column: Any) -> NDArray[Any]:
    """Return a column as an array (rows,); raises DoesNotFit where a row has no value."""
    values = column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
    if values.ndim != 1:
        raise DoesNotFit(f"data.split_by={name}: it has {values.shape[1:]} values a row, not one")
    gaps = _gaps(values).nonzero()[0]
    if len(gaps):
        more = f", and {len(gaps) - 1:,} rows more" if len(gaps) > 1 else ""
        raise DoesNotFit(f"data.split_by={name}: row {gaps[0]} (counted from 0) has no value{more}")
    return values


def _gaps(values: NDArray[Any]) -> NDArray[np.bool_]:
    # None is no value, and neither is what does not equal itself: nan and its kin.
    if values.dtype.kind == "O":
        return np.array([value is None or value != value for value in values], dtype=bool)
    return np.asarray(values != values, dtype=bool)


def codes_of(values: NDArray[Any]) -> Numbers:
    """Return the number of each row's value among the sorted different values, (rows,)."""
    if values.dtype.kind == "O":
        values = values.astype(str)
    return np.unique(values, return_inverse=True)[1].reshape(-1)


def moments_of(name: str, values: NDArray[Any]) -> Numbers:
    """Return the rank of each row's moment among the different ones, (rows,).

    Words are dates and times as ISO 8601 writes them. Raises DoesNotFit for others, which have no
    order in time.
    """
    words = values.dtype.kind in "SU" or any(isinstance(value, str) for value in values[:1])
    try:
        if values.dtype.kind == "b":
            raise TypeError
        times = values.astype("U").astype("datetime64[us]") if words else values
        return np.unique(times, return_inverse=True)[1].reshape(-1)
    except (TypeError, ValueError):
        raise DoesNotFit(
            f"data.split_by={name}: '{values[0]}' is no number, date or time, and split=time "
            "needs one"
        ) from None


def named_splits(name: str, values: NDArray[Any]) -> dict[str, Numbers]:
    """Return the row numbers of each split that a column names.

    The column holds words such as train, val and test, or true and false, as words, 0 and 1 or
    truth values: true rows are held out, as test rows where the column's name has "test" in it,
    else as validation rows; in a column with "train" in its name the false rows are held out.

    Raises:
        DoesNotFit: Another value is there.
    """
    different, where = np.unique(values.astype(str), return_inverse=True)
    words = [_plain(word) for word in different]
    if all(word in _TRUTHS for word in words):
        training = "train" in name.lower()
        held_out = "test" if "test" in name.lower() and not training else "val"
        splits = ["train" if _TRUTHS[word] == training else held_out for word in words]
    else:
        unknown = [place for place, word in enumerate(words) if word not in _SPLIT_OF_WORD]
        if unknown:
            row = int((where == unknown[0]).nonzero()[0][0])
            accepted = [word for words in WORDS.values() for word in words]
            raise DoesNotFit(
                f"data.split_by={name}: row {row} (counted from 0) has '{different[unknown[0]]}', "
                f"which names no split; accepted: {listed(accepted, 20)}, or true and false"
            )
        splits = [_SPLIT_OF_WORD[word] for word in words]
    of_row = np.array(splits)[where.reshape(-1)]
    return {split: (of_row == split).nonzero()[0] for split in WORDS}


def _plain(word: str) -> str:
    word = word.strip().lower()
    return {"1.0": "1", "0.0": "0"}.get(word, word)
