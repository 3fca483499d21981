"""`seedbed predict run=DIR input=...`: predictions of a run for new rows."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import DataFacts, RunSpec
from seedbed.data import DataModule
from seedbed.data.data_module import Placement
from seedbed.data.images.in_memory import Images
from seedbed.data.input_range import far_outside
from seedbed.data.tabular import check_output, read_inputs, typed_numbers, write_output
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError, listed
from seedbed.experiment import build
from seedbed.experiment.build import build_data, build_task, floating_point
from seedbed.experiment.evaluation import load_module, no_best
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.predictions import (
    ROWS_AT_ONCE,
    Answer,
    answer,
    for_all_rows,
    logits,
    predicted,
    with_gaps,
    with_units,
)
from seedbed.runs.checkpoints import described
from seedbed.runs.folder import open_run
from seedbed.runs.loading import load_spec
from seedbed.runs.preparation import stored_preparation
from seedbed.runs.record import read_record
from seedbed.terminal.tables import print_table
from seedbed.terminal.words import relative

FEATURES_SHOWN = 8


@dataclass(frozen=True)
class GivenRows:
    """Rows to predict from.

    Attributes:
        inputs: as the data module takes them raw, (rows, *input_shape); of rows that cannot be
            predicted there are none.
        shown: cells of the inputs by name, for a terminal.
        ids: cells of the columns that name rows.
        notes: what people should know of the rows.
        prepared: whether the inputs are as the network takes them.
        usable: whether each row can be predicted, (all rows,); None where all can.
    """

    inputs: Tensor
    shown: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    ids: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    prepared: bool = False
    usable: Tensor | None = None


def predict(config: DictConfig, command: list[str]) -> int:
    """Print the predictions for the given rows, or write them to `output`."""
    quiet_lightning()
    output = None if config.output is None else Path(config.output)
    if output is not None:
        check_output(output, config.input)
    source = config.input
    if OmegaConf.is_config(source):
        source = OmegaConf.to_container(source)
    folder = open_run(config.run, config.paths.outputs, say=True)
    spec = load_spec(folder, list(config.trust), config.paths.data, measures=False)
    facts = spec.facts
    if facts.task == "minimize":
        raise ConfigError(f"run={config.run}: its model is a function without inputs")

    name = folder.kept(config.checkpoint)
    module, checkpoint = load_module(folder, spec, name)
    data, device = build_data(spec), build.device(config.accelerator)
    data.place(Placement(device, floating_point(spec.trainer.precision)))
    preparation = stored_preparation(folder, checkpoint)
    if preparation is not None:
        data.use_preparation(preparation, folder.path)
    else:
        data.prepare_data()
    data.setup("predict")
    given = _given_rows(source, spec, data, preparation)
    task = fitted_task(build_task(spec), data)
    module.net.to(device).eval()
    predictions = config.apply_softmax or facts.task == "regression"
    batches = _batches(data, given)
    values = predicted(module, task, facts.output_size, batches, predictions=predictions)
    _require_finite(values, f"input={source}" if isinstance(source, str) else "input", given)
    # Beside the answer, which may go into a file.
    record = read_record(folder.record)
    weights = described(record, name, checkpoint.get("epoch"))
    picked = f", picked by {spec.optimized_metric}" if name == "best" else ""
    print(f"weights      {weights}{picked}", file=sys.stderr)
    if name != config.checkpoint:
        print(no_best(record, spec.optimized_metric), file=sys.stderr)
    for note in given.notes:
        print(f"note         {note}", file=sys.stderr)
    _tell(answer(values, facts) if predictions else logits(values, facts), values, given, output)
    return 0


def _given_rows(
    source: Any, spec: RunSpec, data: DataModule, preparation: Mapping[str, Any] | None
) -> GivenRows:
    """Return the rows of a file or of the command line; raise ConfigError where they are wrong."""
    if preparation is not None and hasattr(data, "new_rows"):
        return _rows_of_a_table(source, data)
    if isinstance(data, Images):
        return _images(source, data)
    facts = spec.facts
    names = _feature_names(facts)
    array = keys_of(spec.data).get("inputs")
    inputs = read_inputs(source, facts.input_shape, names, array)
    flat = inputs.reshape(len(inputs), -1)
    if not names and flat.shape[1] <= FEATURES_SHOWN:
        names = [f"input {number}" for number in range(1, flat.shape[1] + 1)]
    if len(names) > FEATURES_SHOWN:
        names = []
    called = with_units(names, facts.feature_units)
    shown = {name: flat[:, place].tolist() for place, name in enumerate(called)}
    given = torch.from_numpy(inputs)
    note = far_outside(given, preparation, "the run's preparation")
    return GivenRows(given, shown, notes=[note] if note else [])


def _images(source: Any, data: Images) -> GivenRows:
    """Return images of files, with the names of these, or of an array or a table of pixels."""
    # They take Pillow, which not all need.
    from seedbed.data.images.folders.files import FILE_NAME
    from seedbed.data.images.inputs import as_images, read_images

    form = data.form
    if not isinstance(source, str):
        typed = as_images(typed_numbers(source), form, "input")
        return GivenRows(torch.from_numpy(typed))
    if source.endswith(".csv"):
        rows = read_inputs(source, form.shape, [])
        return GivenRows(torch.from_numpy(as_images(rows, form, f"input={source}")))
    images = read_images(source, form)
    ids = {FILE_NAME: images.names} if images.names else {}
    return GivenRows(images.images, ids=ids, notes=images.notes)


def _rows_of_a_table(source: Any, data: Any) -> GivenRows:
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
    return GivenRows(prepared, shown, ids, rows.notes, prepared=True, usable=usable)


def _batches(data: DataModule, given: GivenRows) -> Iterator[Tensor]:
    """Yield rows as the network takes them, on its device."""
    for start in range(0, len(given.inputs), ROWS_AT_ONCE):
        part = given.inputs[start : start + ROWS_AT_ONCE]
        yield (part if given.prepared else data.model_inputs(part)).to(data.placement.device)


def _require_finite(values: Tensor, source: str, given: GivenRows) -> None:
    """Raise ConfigError where a prediction is no number."""
    finite = values.isfinite().reshape(len(values), -1).all(dim=1)
    wrong = (~finite).nonzero().flatten()
    if given.usable is not None:
        wrong = given.usable.nonzero().flatten()[wrong]
    if len(wrong):
        rows = listed((row + 1 for row in wrong.tolist()), 5)
        raise ConfigError(
            f"{source}: the predictions of these rows are not finite: {rows}; "
            "their numbers are too large for this run, or its weights are not finite"
        )


def _feature_names(facts: DataFacts) -> list[str]:
    """Return the feature names if there is one for every input."""
    shape, names = facts.input_shape, list(facts.feature_names)
    return names if len(shape) == 1 and len(names) == shape[0] else []


def _tell(told: Answer, values: Tensor, given: GivenRows, output: Path | None) -> None:
    """Write the predictions to a file, with the ids of the rows, or print them beside the rows."""
    ids = {f"{name} (id)" if name in told.columns else name: v for name, v in given.ids.items()}
    count = told.rows
    if given.usable is not None:
        told, values = for_all_rows(told, given.usable), with_gaps(values, given.usable)
    if output is None:
        shown = {name: told.columns[name] for name in told.shown}
        _print_rows({**ids, **given.shown}, shown)
        return
    write_output(output, {**ids, **told.columns}, values.numpy())
    called = "1 prediction" if count == 1 else f"{count:,} predictions"
    print(f"{called} written to {relative(output)}")


def _print_rows(inputs: Mapping[str, Sequence[Any]], shown: Mapping[str, Sequence[Any]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    # An input and what is predicted may have one name.
    columns = [*inputs.items(), *shown.items()]
    for name, _ in columns:
        table.add_column(name, justify="right")
    for row in zip(*(values for _, values in columns), strict=True):
        table.add_row(*map(_cell, row))
    print_table(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
