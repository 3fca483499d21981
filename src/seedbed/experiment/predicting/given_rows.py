"""Rows to predict from: of a file, of the command line, or those of a split of the run."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import DataFacts
from seedbed.data import DataModule, InMemoryData, TorchDataset
from seedbed.data.images.in_memory import Images
from seedbed.data.input_range import far_outside
from seedbed.data.tabular import numbers_of, read_inputs, typed_numbers
from seedbed.errors import ConfigError
from seedbed.experiment.predicting.member import Member
from seedbed.experiment.predictions import ROWS_AT_ONCE, with_units

# Of the inputs, beside the predictions on a terminal.
FEATURES_SHOWN = 8


@dataclass(frozen=True)
class GivenRows:
    """Rows to predict from.

    Attributes:
        batches: function that begins to hand out their inputs, as the network takes them and on its
            device; of rows that cannot be predicted there are none.
        called: what the rows are called in messages.
        shown: cells of the inputs by name, for a terminal.
        ids: cells of the columns that name rows.
        notes: what people should know of the rows.
        usable: whether each row can be predicted, (all rows,); None where all can.
        row_numbers: numbers of the rows in the data of the run, (rows,); None where they have none.
        targets: function that returns, once the inputs were handed out, what is true of the rows,
            by column.
    """

    batches: Callable[[], Iterable[Any]]
    called: str
    shown: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    ids: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    usable: Tensor | None = None
    row_numbers: Tensor | None = None
    targets: Callable[[], Mapping[str, Sequence[Any]]] = dict


def given_rows(source: Any, member: Member) -> GivenRows:
    """Return the rows of a file or of the command line; raise ConfigError where they are wrong.

    Args:
        source: What `input=` says: a name, or rows; of Python an array or a polars DataFrame, too.
        member: The run that predicts.
    """
    data, preparation = member.data, member.preparation
    if not isinstance(data, InMemoryData | TorchDataset):
        data.prepare_data()
    data.setup("predict")
    called = f"input={source}" if isinstance(source, str) else "input"
    if preparation is not None and hasattr(data, "new_rows"):
        return _of_a_table(source, called, data)
    if isinstance(data, Images):
        return _of_images(source, called, data)
    facts = member.facts
    names = feature_names(facts)
    if _is_frame(source):
        source = numbers_of(source, names)
    array = keys_of(member.spec.data).get("inputs")
    inputs = read_inputs(source, facts.input_shape, names, array)
    flat = inputs.reshape(len(inputs), -1)
    if not names and flat.shape[1] <= FEATURES_SHOWN:
        names = [f"input {number}" for number in range(1, flat.shape[1] + 1)]
    if len(names) > FEATURES_SHOWN:
        names = []
    titles = with_units(names, facts.feature_units)
    shown = {name: flat[:, place].tolist() for place, name in enumerate(titles)}
    given = torch.from_numpy(inputs)
    note = far_outside(given, preparation, "the run's preparation")
    return GivenRows(_raw(data, given), called, shown, notes=[note] if note else [])


def _is_frame(source: Any) -> bool:
    polars = sys.modules.get("polars")  # Its import takes time, and who has a frame has it.
    return polars is not None and isinstance(source, polars.DataFrame)


def feature_names(facts: DataFacts) -> list[str]:
    """Return the feature names if there is one for every input."""
    shape, names = facts.input_shape, list(facts.feature_names)
    return names if len(shape) == 1 and len(names) == shape[0] else []


def _raw(data: DataModule, inputs: Tensor) -> Callable[[], Iterator[Tensor]]:
    """Return the function that hands out raw inputs, prepared batch by batch."""

    def batches() -> Iterator[Tensor]:
        for start in range(0, len(inputs), ROWS_AT_ONCE):
            yield data.model_inputs(inputs[start : start + ROWS_AT_ONCE]).to(data.placement.device)

    return batches


def _prepared(data: DataModule, inputs: Tensor) -> Callable[[], Iterator[Tensor]]:
    """Return the function that hands out inputs that are prepared already."""

    def batches() -> Iterator[Tensor]:
        for start in range(0, len(inputs), ROWS_AT_ONCE):
            yield inputs[start : start + ROWS_AT_ONCE].to(data.placement.device)

    return batches


def _of_images(source: Any, called: str, data: Images) -> GivenRows:
    """Return images of files, with the names of these, or of an array or a table of pixels."""
    # They take Pillow, which not all need.
    from seedbed.data.images.folders.files import FILE_NAME
    from seedbed.data.images.inputs import as_images, read_images

    form = data.form
    if _is_frame(source):
        source = numbers_of(source, [])
    if not isinstance(source, str):
        typed = as_images(typed_numbers(source), form, called)
        return GivenRows(_raw(data, torch.from_numpy(typed)), called)
    if source.endswith(".csv"):
        rows = torch.from_numpy(as_images(read_inputs(source, form.shape, []), form, called))
        return GivenRows(_raw(data, rows), called)
    images = read_images(source, form)
    ids = {FILE_NAME: images.names} if images.names else {}
    return GivenRows(_raw(data, images.images), called, ids=ids, notes=images.notes)


def _of_a_table(source: Any, called: str, data: Any) -> GivenRows:
    """Return rows of a table as the run has prepared its own."""
    if isinstance(source, str) and source[:1] in ("[", "{") and not os.path.lexists(source):
        raise ConfigError(
            f"input={source}: neither a file nor rows that can be read; quotes go around names "
            "with brackets, and rows whose names have letters such as ö into a file"
        )
    rows = data.new_rows(source)
    frame = rows.table.frame
    ids = {name: frame.get_column(name).to_list() for name in data.ids if name in frame.columns}
    names = [name for name in data.columns_of_rows if name not in ids]
    shown = {name: frame.get_column(name).to_list() for name in names}
    shown = shown if len(names) <= FEATURES_SHOWN else {}
    prepared = data.prepared(frame.filter(rows.usable))
    usable = None if rows.usable.all() else torch.tensor(rows.usable.to_list())
    return GivenRows(_prepared(data, prepared), called, shown, ids, rows.notes, usable)
