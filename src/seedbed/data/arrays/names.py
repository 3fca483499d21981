"""Which arrays of a file are the inputs and targets of which rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from seedbed.data.arrays.files import Entry, entries, lengths
from seedbed.errors import ConfigError, nearest

# As others call them, in this order; letters may be capitals.
INPUTS = (
    *("inputs", "input", "x", "x_train", "train_x", "features", "data", "images", "train_images"),
    *("train_inputs", "train_data", "arr_0"),
)
TARGETS = (
    *("targets", "target", "y", "y_train", "train_y", "labels", "label", "train_labels"),
    *("train_targets", "classes", "arr_1"),
)


@dataclass(frozen=True)
class Chosen:
    """Arrays of a data option.

    Attributes:
        inputs, targets: pairs of arrays by split: `train` are the rows to be split.
        others: the other arrays of the file by name.
    """

    inputs: Mapping[str, Entry]
    targets: Mapping[str, Entry]
    others: Mapping[str, Entry]


def chosen_arrays(
    file: str | None, inputs: str | None, targets: str | None, own: Mapping[str, Sequence[str]]
) -> Chosen:
    """Return the arrays that are inputs and targets.

    They are keys of the file, or .npy files of their own where there is no file. Keys that are
    not said are found by their names: `INPUTS` and `TARGETS`. Test rows are found beside them, such
    as `x_test` beside `x_train` or `x`.

    Args:
        file: The file; None where inputs and targets are .npy files.
        inputs, targets: Their keys or files; None where they are to be found.
        own: Keys or files of inputs and targets of `val` and `test` rows, as far as they are said.

    Raises:
        ConfigError: An array is not there, or none has a name that is known.
    """
    if file is None:
        pairs = {"train": (_file("inputs", inputs), _file("targets", targets))}
        for split, (first, second) in own.items():
            pairs[split] = (
                _file(f"{split}_inputs", first),
                _file(f"{split}_targets", second),
            )
        others: dict[str, Entry] = {}
    else:
        there = entries(Path(file), "data.file")
        pairs, others = _in_file(file, there, inputs, targets, own)
    return Chosen(
        {split: pair[0] for split, pair in pairs.items()},
        {split: pair[1] for split, pair in pairs.items()},
        others,
    )


def array_of_inputs(path: Path, name: str | None) -> NDArray[Any]:
    """Return the array of inputs in a file, to predict from.

    Args:
        path: The file.
        name: What the run calls its inputs; None, and where no array has this name, the only array,
            or one that is called as `INPUTS` are.

    Raises:
        ConfigError: None is the inputs, or it holds no numbers.
    """
    there = entries(path, "input")
    return numbers_of(path, inputs_in(path, there, name))


def inputs_in(path: Path, there: Mapping[str, Entry], name: str | None) -> Entry:
    """Return the inputs among the arrays of a file; raise ConfigError where none are."""
    found = _called(there, name, INPUTS)
    if found is None and len(there) == 1:
        found = next(iter(there.values()))
    if found is None:
        raise ConfigError(
            f"input={path}: which array holds the inputs? None is called "
            f"'{name or INPUTS[0]}'; there: {lengths(there)}"
        )
    return found


def targets_in(path: Path, there: Mapping[str, Entry], name: str | None) -> Entry:
    """Return the targets among the arrays of a file; raise ConfigError where none are."""
    found = _called(there, name, TARGETS)
    if found is None:
        wanted = name or TARGETS[0]
        raise ConfigError(
            f"input={path}: which array holds the targets, to compare with? None is called "
            f"'{wanted}'.{nearest(wanted, there)} There: {lengths(there)}"
        )
    return found


def _called(there: Mapping[str, Entry], name: str | None, others: Sequence[str]) -> Entry | None:
    """Return the array of a name, or else of one of the others; letters may be capitals."""
    small = {other.lower(): entry for other, entry in there.items()}
    names = (*((name,) if name is not None else ()), *others)
    exact = there.get(name) if name is not None else None
    return exact or next((small[word.lower()] for word in names if word.lower() in small), None)


def numbers_of(path: Path, entry: Entry) -> NDArray[Any]:
    """Return an array of inputs; raise ConfigError where it holds no rows of numbers."""
    values = entry.read()
    if values.dtype.kind not in "biuf" or values.ndim == 0:
        raise ConfigError(f"input={path}: '{entry.name}' holds no rows of numbers")
    return values


def _file(key: str, path: str | None) -> Entry:
    if path is None:
        raise ConfigError(f"data.{key}: a .npy file is needed where data.file is null")
    if Path(path).suffix != ".npy":
        raise ConfigError(f"data.{key}={path}: no .npy file; keys of a file go with data.file")
    (entry,) = entries(Path(path), f"data.{key}").values()
    return entry


def _in_file(
    file: str,
    there: Mapping[str, Entry],
    inputs: str | None,
    targets: str | None,
    own: Mapping[str, Sequence[str]],
) -> tuple[dict[str, tuple[Entry, Entry]], dict[str, Entry]]:
    if len(there) == 1 and Path(file).suffix == ".npy":
        raise ConfigError(
            f"data.file={file}: one array; with .npy files, data.inputs and data.targets name one "
            "each"
        )
    first = _key(file, there, "inputs", inputs, INPUTS)
    second = _key(file, there, "targets", targets, TARGETS)
    names = {"train": (first, second)}
    for split, (own_inputs, own_targets) in own.items():
        names[split] = (
            _key(file, there, f"{split}_inputs", own_inputs, ()),
            _key(file, there, f"{split}_targets", own_targets, ()),
        )
    if "test" not in names:
        beside = [_beside(name, "test", there) for name in (first, second)]
        if all(beside):
            names["test"] = (beside[0], beside[1])
    taken = {name for pair in names.values() for name in pair}
    others = {name: entry for name, entry in there.items() if name not in taken}
    return {split: (there[a], there[b]) for split, (a, b) in names.items()}, others


def _key(
    file: str, there: Mapping[str, Entry], key: str, said: str | None, names: Sequence[str]
) -> str:
    """Return the key of an array, as it is said or found by its name."""
    if said is not None:
        if said not in there:
            raise ConfigError(
                f"data.{key}={said}: not in {file}.{nearest(said, there)} There: {lengths(there)}"
            )
        return said
    small = {name.lower(): name for name in there}
    found = next((small[name] for name in names if name in small), None)
    if found is None:
        raise ConfigError(
            f"data.{key}: null, and no array of {file} has a name such as {', '.join(names[:4])}; "
            f"there: {lengths(there)}"
        )
    return found


def _beside(name: str, split: str, there: Mapping[str, Entry]) -> str:
    """Return the name of the array of a split beside that of the training rows; or nothing."""
    candidates = [name.replace("train", split), name.replace("Train", split.title())]
    candidates += [f"{name}_{split}", f"{split}_{name}", f"{name}{split.title()}"]
    return next((other for other in candidates if other != name and other in there), "")
