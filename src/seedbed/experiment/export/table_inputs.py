"""What an exported network takes of a table's row: a number for each column, or part of a date.

Of words a code takes the place; what is missing is nan. All that comes after, the filling of what
is missing, scales, one-hot columns, goes into the exported graph, and is told as plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan
from typing import Any, Literal

import polars as pl
import torch
from torch import Tensor, nn

from seedbed.data.preparation import Preparation
from seedbed.data.preparation.features import Feature, Flag, Missing, Number, Words, raw_number
from seedbed.data.tables import TableSchema
from seedbed.errors import ConfigError

Becomes = Literal["number", "missing", "word", "code"]


@dataclass(frozen=True)
class RawInput:
    """Number that the model takes of a row.

    Attributes:
        feature: feature of the run's preparation that is made of it.
        kind: number, boolean, category, date or time.
        fill: what stands for a missing one.
    """

    feature: Number | Flag | Words
    kind: str
    fill: float

    @property
    def name(self) -> str:
        """Its name."""
        return self.feature.name if isinstance(self.feature, Number) else self.feature.column

    def expression(self) -> pl.Expr:
        """Return the number of a column of the schema's types, Float64; nan where it is missing."""
        column = pl.col(self.feature.column)
        if isinstance(self.feature, Number):
            value = raw_number(self.feature.column, self.feature.part)
        elif isinstance(self.feature, Flag):
            value = column.cast(pl.Float64)
        else:
            value = self.feature.codes().cast(pl.Float64)
        return pl.when(column.is_null()).then(nan).otherwise(value)


@dataclass(frozen=True)
class NetworkInput:
    """Number that the network takes.

    Attributes:
        name: its name.
        source: place of the raw input that it is made of.
        becomes: `number`, (raw - shift) / scale; `missing`, 1 where it is missing, else 0; `word`,
            1 where it is the code `most`, else 0; `code`, itself if it is 1 to `most`, else 0.
    """

    name: str
    source: int
    becomes: Becomes = "number"
    shift: float = 0.0
    scale: float = 1.0
    most: int = 0

    def to_plain(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        plain: dict[str, Any] = {"name": self.name, "feature": self.source, "becomes": self.becomes}
        if self.becomes == "number":
            return plain | {"shift": self.shift, "scale": self.scale}
        return plain | ({} if self.becomes == "missing" else {"code": self.most})


@dataclass(frozen=True)
class TableInputs:
    """Inputs of an exported model of a table's run.

    Attributes:
        raw: what it takes.
        network: what its network takes of that.
        fills: whether what is missing is filled; else such a row has no output: it is nan.
    """

    raw: tuple[RawInput, ...]
    network: tuple[NetworkInput, ...]
    fills: bool

    def of_rows(self, frame: pl.DataFrame) -> Tensor:
        """Return what the model takes of rows in the types of the schema, (rows, raw) float64."""
        # Of days where training has seen moments: the hour of a day is 0.
        hours = {
            each.feature.column
            for each in self.raw
            if isinstance(each.feature, Number) and each.feature.part == "hour"
        }
        days = [name for name in hours if frame.schema[name] == pl.Date]
        chosen = frame.with_columns(pl.col(name).cast(pl.Datetime) for name in days)
        columns = chosen.select(
            each.expression().alias(str(place)) for place, each in enumerate(self.raw)
        )
        return torch.from_numpy(columns.to_numpy(writable=True)).reshape(len(frame), len(self.raw))


def table_inputs(schema: TableSchema, preparation: Preparation) -> TableInputs:
    """Return the inputs of an exported model; columns are in the order of the table.

    Raises:
        ConfigError: The preparation says that a column is missing of which nothing else is taken.
    """
    order = {column.name: place for place, column in enumerate(schema.columns)}
    kinds = schema.kinds
    features = [f for f in preparation.inputs if not isinstance(f, Missing)]
    raw: dict[tuple[str, str], RawInput] = {}
    for taken in sorted(features, key=lambda f: order[f.column]):
        raw.setdefault(_key(taken), RawInput(taken, kinds[taken.column], _fill(taken)))
    places = {key: place for place, key in enumerate(raw)}
    first = {column: place for (column, _), place in reversed(places.items())}
    network: list[NetworkInput] = []
    for feature in preparation.inputs:
        if isinstance(feature, Missing):
            if feature.column not in first:
                raise ConfigError(f"column '{feature.column}': nothing of it is an input")
            [name] = feature.names
            network.append(NetworkInput(name, first[feature.column], "missing"))
        else:
            network += _of_network(feature, places[_key(feature)])
    return TableInputs(tuple(raw.values()), tuple(network), preparation.missing == "fill")


def _key(feature: Feature) -> tuple[str, str]:
    return feature.column, feature.part if isinstance(feature, Number) else ""


def _fill(feature: Number | Flag | Words) -> float:
    if isinstance(feature, Words):
        return float(codes(feature).get(feature.fill, 0))
    return float(feature.fill)


def codes(words: Words) -> Mapping[str, int]:
    """Return the code of each word that training has seen, from 1; any other word is 0."""
    unseen = set(words.unseen)
    return {word: place for place, word in enumerate(words.words, 1) if word not in unseen}


def _of_network(feature: Number | Flag | Words, source: int) -> list[NetworkInput]:
    if isinstance(feature, Number):
        return [NetworkInput(feature.name, source, "number", feature.shift, feature.scale)]
    if isinstance(feature, Flag):
        return [NetworkInput(feature.column, source)]
    if feature.embedded:
        return [NetworkInput(feature.column, source, "code", most=len(feature.words))]
    return [
        NetworkInput(name, source, "word", most=code) for code, name in enumerate(feature.names, 1)
    ]


class PrepareTable(nn.Module):
    """Preparation of raw numbers, (rows, raw) float64, for the network, (rows, inputs).

    Args:
        inputs: What is taken, and made of it.
        dtype: Floating-point type that the network takes.
    """

    fill: Tensor
    source: Tensor
    shift: Tensor
    scale: Tensor
    most: Tensor
    is_word: Tensor

    def __init__(self, inputs: TableInputs, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        network = inputs.network
        raw = len(inputs.raw)
        missing = [each.becomes == "missing" for each in network]
        # Behind the filled numbers stands for each whether it was missing.
        sources = [e.source + raw * absent for e, absent in zip(network, missing, strict=True)]
        self.words = any(each.becomes == "word" for each in network)
        self.codes = any(each.becomes == "code" for each in network)
        self.register_buffer("fill", _numbers([each.fill for each in inputs.raw]))
        self.register_buffer("source", torch.tensor(sources))
        self.register_buffer("shift", _numbers([each.shift for each in network]))
        self.register_buffer("scale", _numbers([each.scale for each in network]))
        most = [each.most if each.becomes in ("word", "code") else inf for each in network]
        self.register_buffer("most", _numbers(most))
        self.register_buffer(
            "is_word", torch.tensor([each.becomes == "word" for each in network], dtype=torch.bool)
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return what the network takes."""
        missing = torch.isnan(input)
        filled = torch.where(missing, self.fill, input)
        taken = torch.cat([filled, missing.to(filled)], dim=1).index_select(1, self.source)
        numbers = (taken - self.shift) / self.scale
        if self.codes:
            known = (self.most == inf) | ((taken >= 1) & (taken <= self.most))
            numbers = torch.where(known, numbers, torch.zeros_like(numbers))
        if self.words:
            numbers = torch.where(self.is_word, (taken == self.most).to(numbers), numbers)
        return numbers.to(self.dtype)


def _numbers(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
