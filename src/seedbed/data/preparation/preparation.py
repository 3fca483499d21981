"""Preparation of a table's rows by numbers and words that were fitted to the training rows."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from seedbed.data.preparation.features import Feature, Number, Word, Words
from seedbed.data.preparation.targets import ClassTarget, NumberTarget, Target
from seedbed.process.threads import for_each
from seedbed.reading.json_files import converted

# Rows that are prepared at once: their numbers stay in the cache of a CPU.
ROWS_AT_ONCE = 1 << 15
MOST_FEATURES = 1_000_000

_TYPES = {"float32": pl.Float32(), "float64": pl.Float64()}


class Preparation(msgspec.Struct, frozen=True):
    """Preparation of rows: the features of each column, and the targets.

    Attributes:
        inputs: features in the order of the inputs; codes of words come last.
        targets: targets in their order.
        missing: what a missing value is: filled, or an error.
        ids: names of the columns that name rows.
        rows: number of training rows that all was fitted to.
    """

    inputs: Annotated[tuple[Feature, ...], msgspec.Meta(max_length=MOST_FEATURES)]
    targets: Annotated[tuple[Target, ...], msgspec.Meta(max_length=MOST_FEATURES)]
    missing: Literal["fill", "drop", "error"] = "fill"
    ids: tuple[Word, ...] = ()
    rows: Annotated[int, msgspec.Meta(ge=0)] = 0

    @property
    def columns(self) -> list[str]:
        """Names of the columns that the inputs are made of."""
        return list(dict.fromkeys(feature.column for feature in self.inputs))

    @property
    def feature_names(self) -> list[str]:
        """Name of each input."""
        return [name for feature in self.inputs for name in feature.names]

    @property
    def category_sizes(self) -> list[int]:
        """Number of codes of each of the last inputs, where words are embedded."""
        words = [feature for feature in self.inputs if isinstance(feature, Words)]
        return [feature.size for feature in words if feature.embedded]

    @property
    def class_names(self) -> list[str]:
        """Names of the classes in the order of their numbers; none of a regression."""
        [first, *others] = self.targets or [None]
        return list(first.classes) if isinstance(first, ClassTarget) and not others else []

    @property
    def target_names(self) -> list[str]:
        """Names of the targets."""
        return [target.column for target in self.targets]

    @property
    def input_scales(self) -> list[tuple[float, float]]:
        """Shift and scale of each input; 0 and 1 of what is no number."""
        scales: list[tuple[float, float]] = []
        for feature in self.inputs:
            if isinstance(feature, Number):
                scales.append((feature.shift, feature.scale))
            else:
                scales += [(0.0, 1.0)] * len(feature.names)
        return scales

    @property
    def target_scales(self) -> list[tuple[float, float]]:
        """Shift and scale of each target of a regression."""
        numbers = [target for target in self.targets if isinstance(target, NumberTarget)]
        return [(target.shift, target.scale) for target in numbers]

    def apply(
        self,
        frame: pl.DataFrame,
        rows: NDArray[np.int64] | None = None,
        dtype: DTypeLike = np.float32,
    ) -> NDArray[Any]:
        """Return the inputs of rows, (rows, inputs), in a floating-point type.

        `frame` has the columns in the types of the schema; `rows` are numbers of its rows, all of
        them (default) where it is None.
        """
        chosen = frame.select(self.columns).with_columns(self._moments(frame))
        count = len(chosen) if rows is None else len(rows)
        layout = _Layout(self.inputs, _TYPES[np.dtype(dtype).name])
        # Not of zeros: those lie in small pages, whose first touch takes longer than all the rest.
        inputs = np.empty((count, layout.width), dtype=dtype)

        def filled(start: int) -> None:
            part = slice(start, min(start + ROWS_AT_ONCE, count))
            block = chosen[part] if rows is None else chosen[rows[part]]
            layout.fill(inputs[part], block)

        for_each(filled, range(0, count, ROWS_AT_ONCE), count)
        return inputs

    def _moments(self, frame: pl.DataFrame) -> list[pl.Expr]:
        """Return days as moments, where training has seen moments: the hour of a day is 0."""
        hours = [f.column for f in self.inputs if isinstance(f, Number) and f.part == "hour"]
        return [pl.col(name).cast(pl.Datetime) for name in hours if frame.schema[name] == pl.Date]

    def to_plain(self) -> dict[str, Any]:
        """Return all that was fitted as values that JSON has."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain

    @classmethod
    def from_plain(cls, plain: Any, source: object = "preparation") -> "Preparation":
        """Return what `to_plain` returned; raises RunFolderError for anything else."""
        return converted(source, plain, cls)


class _Layout:
    """Places of features among the inputs.

    Args:
        features: The features in their order.
        dtype: Floating-point type of the inputs.
    """

    def __init__(self, features: Sequence[Feature], dtype: pl.DataType) -> None:
        self.width = 0
        # Places of features of one input each, in runs, and of the words of columns.
        self.runs: list[range] = []
        self.words: list[tuple[int, Words]] = []
        expressions: list[pl.Expr] = []
        for feature in features:
            if isinstance(feature, Words):
                self.words.append((self.width, feature))
                self.width += 1 if feature.embedded else len(feature.words)
                continue
            # Under a number, since two may have one name.
            expressions.append(feature.expression(dtype).alias(f"input {self.width}"))
            if self.runs and self.runs[-1].stop == self.width:
                self.runs[-1] = range(self.runs[-1].start, self.width + 1)
            else:
                self.runs.append(range(self.width, self.width + 1))
            self.width += 1
        codes = [words.codes().alias(f"codes {place}") for place, words in self.words]
        self.expressions = [*expressions, *codes]

    def fill(self, inputs: NDArray[Any], block: pl.DataFrame) -> None:
        """Write the inputs of rows into an array, (rows, inputs)."""
        columns, first = block.select(self.expressions), 0
        inputs.fill(0)
        for run in self.runs:
            # NumPy takes four times as long for places one by one.
            inputs[:, run.start : run.stop] = columns[:, first : first + len(run)].to_numpy()
            first += len(run)
        flat, rows = inputs.reshape(-1), np.arange(len(inputs)) * self.width
        for place, words in self.words:
            codes = columns.get_column(f"codes {place}").to_numpy()
            if words.embedded:
                inputs[:, place] = codes
            else:
                seen = codes.nonzero()[0]
                flat[rows[seen] + codes[seen] + (place - 1)] = 1
