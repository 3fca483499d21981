"""Targets of a table: numbers, which may be scaled, or classes by name."""

from math import isfinite
from typing import Annotated

import msgspec

from seedbed.data.preparation.features import Word


class NumberTarget(msgspec.Struct, frozen=True, tag_field="kind", tag="number"):
    """Target of a regression: in training it is (number - shift) / scale.

    Attributes:
        column: name of the column.
        shift, scale: mean and standard deviation of the training rows, or 0 and 1.
    """

    column: Word
    shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (isfinite(self.shift) and isfinite(self.scale)) or self.scale == 0:
            raise ValueError(f"target '{self.column}': a number that cannot be used")


class ClassTarget(msgspec.Struct, frozen=True, tag_field="kind", tag="class"):
    """Target of a classification.

    Attributes:
        column: name of the column.
        classes: names of the classes as they are in the file, in the order of their numbers.
    """

    column: Word
    classes: Annotated[tuple[Word, ...], msgspec.Meta(min_length=2)]


Target = NumberTarget | ClassTarget
