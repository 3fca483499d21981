"""Suspicious splits: the same rows on both sides, classes that one of them lacks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import inf

import polars as pl

from seedbed.config.overrides import typed_word
from seedbed.data.tables.schema import TableSchema
from seedbed.errors import listed

CALLED = {"train": "training", "val": "validation", "test": "test"}
# Rows a value from which a column that is left out may name groups.
_FEWEST_OF_A_GROUP = 1.5


def suspicious_splits(parts: Mapping[str, pl.DataFrame], schema: TableSchema) -> Iterator[str]:
    """Yield what is suspicious of the splits of a table.

    Args:
        parts: The rows of each split, in the types of the schema.
        schema: What the columns are.
    """
    inputs = [column.name for column in schema.inputs]
    hashes = {
        split: frame.select(inputs).hash_rows(0) for split, frame in parts.items() if len(frame)
    }
    yield from repeated_rows(hashes)
    yield from _contradictions(parts, schema)
    for column in schema.of_role("left_out", "input"):
        if all(column.name in frame.columns for frame in parts.values()):
            if column.kind == "id" and column.role == "left_out":
                yield from _groups(parts, column.name, _FEWEST_OF_A_GROUP)
            elif _names_subjects(column.name):
                yield from _groups(parts, column.name, 2.0, 50.0)


def repeated_rows(hashes: Mapping[str, pl.Series]) -> Iterator[str]:
    """Yield how many rows of a split have the same inputs as rows of another one.

    `hashes` has a number a row, the same for the same inputs. Where the inputs have few different
    combinations rows are alike by chance, and nothing is said.
    """
    train = hashes.get("train", pl.Series([], dtype=pl.UInt64))
    if 2 * train.n_unique() < len(train):
        return
    again = len(train) - train.n_unique()
    if again:
        yield f"{_rows(again)} of the training set with the inputs of others there"
    for split in ("val", "test"):
        for other in ("train", "val") if split == "test" else ("train",):
            if split in hashes and other in hashes:
                same = int(hashes[split].is_in(hashes[other].unique().implode()).sum())
                if same:
                    share = same / len(hashes[split])
                    yield (
                        f"{_rows(same)} of the {CALLED[split]} set ({share:.1%}) with the inputs "
                        f"of rows of the {CALLED[other]} set"
                    )


def _contradictions(parts: Mapping[str, pl.DataFrame], schema: TableSchema) -> Iterator[str]:
    if not schema.class_names or "train" not in parts:
        return
    inputs = [column.name for column in schema.inputs]
    train = parts["train"]
    hashed = pl.DataFrame({"row": train.select(inputs).hash_rows(0), "y": train[schema.targets[0]]})
    groups = hashed.group_by("row").agg(pl.len(), pl.col("y").n_unique().alias("classes"))
    wrong = int(groups.filter(pl.col("classes") > 1)["len"].sum())
    if wrong:
        yield f"{_rows(wrong)} of the training set with the same inputs and different classes"


# Whose rows are alike: `patient`, `PatientID`, `customer no`, and whatever else ends in `_id`.
_SUBJECTS = re.compile(
    r"(patient|subject|customer|user|person|machine|device|client)s?[ _.-]?"
    r"(id|no|nr|num|number|code|name|key)?|.*[ _.-]id",
    re.IGNORECASE,
)


def _names_subjects(name: str) -> bool:
    return _SUBJECTS.fullmatch(name.strip()) is not None


def _groups(
    parts: Mapping[str, pl.DataFrame], name: str, fewest: float, most: float = inf
) -> Iterator[str]:
    """Yield a column that names groups whose rows lie on both sides of a split.

    Of `fewest` to `most` rows a group on average: else it names rows, or kinds of them.
    """
    values = {split: frame[name].drop_nulls() for split, frame in parts.items()}
    every = pl.concat(list(values.values()))
    if not len(every) or not fewest <= len(every) / every.n_unique() <= most:
        return
    if every.dtype.is_float() and not (every == every.round()).all():
        return  # A measurement, whatever it is called.
    train = values.get("train", every[:0]).unique().implode()
    for split in ("val", "test"):
        shared = int(values[split].is_in(train).sum()) if split in values else 0
        if shared:
            yield (
                f"{_rows(shared)} of the {CALLED[split]} set with the '{name}' of training "
                f"rows; data.split=group {typed_word('data.split_by', name)} keeps them together"
            )
            return


def suspicious_classes(
    counts: Mapping[str, Sequence[int]], class_names: Sequence[str], folds: int | None
) -> Iterator[str]:
    """Yield classes that a split lacks, or that are too few or too many.

    Args:
        counts: Rows by class of each split.
        class_names: Name of each class.
        folds: Number of folds of a cross-validation; None: there is none.
    """
    total = [sum(part[place] for part in counts.values()) for place in range(len(class_names))]
    train = counts.get("train", total)
    for split in ("val", "test"):
        if split not in counts:
            continue
        only = [n for n, own, there in zip(class_names, counts[split], train, strict=True)
                if own and not there]  # fmt: skip
        if only:
            yield f"classes in the {CALLED[split]} set alone, not in training: {listed(only, 5)}"
        lacking = [n for n, own, there in zip(class_names, counts[split], train, strict=True)
                   if there and not own]  # fmt: skip
        if lacking and sum(counts[split]):
            yield f"classes that the {CALLED[split]} set lacks: {listed(lacking, 5)}"
    wanted = folds or 2
    development = [a + b for a, b in zip(train, counts.get("val", [0] * len(train)), strict=True)]
    few = [
        f"{name} ({count})"
        for name, count in zip(class_names, development, strict=True)
        if 0 < count < wanted
    ]
    if few:
        why = f"fewer rows than the {folds} folds" if folds else "a single row"
        yield f"classes with {why}: {listed(few, 5)}"
    rows = sum(total)
    if rows and max(total) >= 0.95 * rows:
        name = class_names[total.index(max(total))]
        yield (
            f"class {name} has {max(total) / rows:.1%} of the rows; accuracy says little then "
            "(task.class_weights=balanced, task.metrics=[f1])"
        )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
