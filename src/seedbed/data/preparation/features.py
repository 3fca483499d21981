"""Features that a network takes of a table's columns, with the numbers and words fitted to them.

All are plain values, and each says as an expression of polars what it makes of its column.
"""

from math import isfinite
from typing import Annotated, Literal

import msgspec
import polars as pl

# Of a name of a column or a word of it, in letters.
LONGEST = 100_000
Word = Annotated[str, msgspec.Meta(max_length=LONGEST)]
# Part of a date or a time; none is the number itself.
Part = Literal["", "year", "month", "day", "weekday", "hour"]
# Of a code: numbers of 32 bits hold whole ones exactly up to here.
MOST_WORDS = 2**24


class Number(msgspec.Struct, frozen=True, tag_field="kind", tag="number"):
    """Number of a column, or of a part of its date or time: (number - shift) / scale.

    Attributes:
        column: name of the column.
        fill: number in the place of a missing one, not yet scaled.
        shift, scale: what is taken away, and what the rest is divided by.
        part: part of a date or time; "": the number itself.
    """

    column: Word
    fill: float
    shift: float
    scale: float
    part: Part = ""

    def __post_init__(self) -> None:
        finite = all(map(isfinite, (self.fill, self.shift, self.scale)))
        if not finite or self.scale == 0:
            raise ValueError(f"column '{self.column}': a number that cannot be used")

    @property
    def name(self) -> str:
        """Name of the feature."""
        return f"{self.column} {self.part}".rstrip()

    def expression(self, dtype: pl.DataType) -> pl.Expr:
        """Return the feature of a column, in a floating-point type."""
        number = raw_number(self.column, self.part).fill_null(self.fill)
        return ((number - self.shift) / self.scale).cast(dtype)

    @property
    def names(self) -> list[str]:
        """Name of each input."""
        return [self.name]


class Flag(msgspec.Struct, frozen=True, tag_field="kind", tag="boolean"):
    """Truth of a column as 0 or 1.

    Attributes:
        column: name of the column.
        fill: value in the place of a missing one.
    """

    column: Word
    fill: bool

    def expression(self, dtype: pl.DataType) -> pl.Expr:
        """Return the feature of a column, in a floating-point type."""
        return pl.col(self.column).fill_null(self.fill).cast(dtype)

    @property
    def names(self) -> list[str]:
        """Name of the input."""
        return [self.column]


class Missing(msgspec.Struct, frozen=True, tag_field="kind", tag="missing"):
    """Indicator of a column: 1 where its value is missing, else 0.

    Attributes:
        column: name of the column.
    """

    column: Word

    def expression(self, dtype: pl.DataType) -> pl.Expr:
        """Return the feature of a column, in a floating-point type."""
        return pl.col(self.column).is_null().cast(dtype)

    @property
    def names(self) -> list[str]:
        """Name of the input."""
        return [f"{self.column} missing"]


class Words(msgspec.Struct, frozen=True, tag_field="kind", tag="category"):
    """Words of a column, one-hot or as codes.

    One-hot, each word has a column, and a word that was never seen is a row of zeros: weights that
    nothing has trained would be noise. As codes, words count from 1, and what was never seen is 0.

    Attributes:
        column: name of the column.
        words: words that have a place, in order.
        fill: word in the place of a missing one.
        unseen: words that have a place and were not in the training rows; other folds have them.
        embedded: whether the words are codes.
    """

    column: Word
    words: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=MOST_WORDS)]
    fill: Word
    unseen: tuple[Word, ...] = ()
    embedded: bool = False

    def __post_init__(self) -> None:
        if len(set(self.words)) < len(self.words):
            raise ValueError(f"column '{self.column}': a word that is there twice")

    def codes(self) -> pl.Expr:
        """Return the number of each word, UInt32 from 1; 0 where it was never seen."""
        known = pl.col(self.column).fill_null(self.fill)
        if self.unseen:
            known = known.replace(list(self.unseen), [None] * len(self.unseen))
        places = known.cast(pl.Enum(self.words), strict=False).to_physical().cast(pl.UInt32)
        return (places + 1).fill_null(0)

    @property
    def names(self) -> list[str]:
        """Name of each input."""
        if self.embedded:
            return [self.column]
        return [f"{self.column}={word}" for word in self.words]

    @property
    def size(self) -> int:
        """Number of codes, with that of a word that was never seen."""
        return len(self.words) + 1


Feature = Number | Flag | Missing | Words


def raw_number(column: str, part: str) -> pl.Expr:
    """Return the numbers of a column, or those of a part of its dates or times, as float64.

    Years, months, days of the month and weekdays (Monday is 1) count as calendars do; hours have
    their minutes and seconds behind the point.
    """
    values = pl.col(column)
    if part == "":
        return values.cast(pl.Float64)
    if part == "hour":
        seconds = values.dt.second() + values.dt.nanosecond() / 1e9
        return values.dt.hour() + values.dt.minute() / 60 + seconds / 3600
    return getattr(values.dt, part)().cast(pl.Float64)  # type: ignore[no-any-return]
