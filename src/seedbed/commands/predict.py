"""`seedbed predict run=DIR input=...`: predictions of a run for new rows."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from torch import Tensor

from seedbed.config.spec import DataFacts
from seedbed.data.data_module import Placement
from seedbed.data.tabular import check_output, read_inputs, write_output
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError, listed
from seedbed.experiment import build
from seedbed.experiment.build import build_data, build_task, floating_point
from seedbed.experiment.evaluation import load_module, no_best, predictions_of
from seedbed.experiment.fitted_task import fitted_task
from seedbed.runs.checkpoints import described
from seedbed.runs.folder import open_run
from seedbed.runs.loading import load_spec
from seedbed.runs.record import read_record
from seedbed.terminal.tables import print_table
from seedbed.terminal.words import relative

ROWS_AT_ONCE = 4096
FEATURES_SHOWN = 8

# A header and rows.
Labelled = tuple[list[str], list[list[Any]]]


def predict(config: DictConfig, command: list[str]) -> int:
    """Print the predictions for the given rows, or write them to `output`."""
    quiet_lightning()
    output = None if config.output is None else Path(config.output)
    if output is not None:
        check_output(output, config.input)
    source = config.input
    if isinstance(source, ListConfig):
        source = OmegaConf.to_container(source)
    folder = open_run(config.run, config.paths.outputs, say=True)
    spec = load_spec(folder, list(config.trust), config.paths.data, measures=False)
    facts = spec.facts
    if facts.task == "minimize":
        raise ConfigError(f"run={config.run}: its model is a function without inputs")
    inputs = read_inputs(source, facts.input_shape, _feature_names(facts))

    name = folder.kept(config.checkpoint)
    module, checkpoint = load_module(folder, spec, name)
    data, device = build_data(spec), build.device(config.accelerator)
    data.place(Placement(device, floating_point(spec.trainer.precision)))
    data.prepare_data()
    data.setup("predict")
    task = fitted_task(build_task(spec), data)
    module.net.to(device).eval()
    predictions = []
    with torch.inference_mode():
        for start in range(0, len(inputs), ROWS_AT_ONCE):
            rows = torch.from_numpy(inputs[start : start + ROWS_AT_ONCE])
            batch = data.model_inputs(rows).to(device)
            answers = predictions_of(module, batch, task, facts.output_size, config.apply_softmax)
            predictions.append(answers.cpu())
    predicted = torch.cat(predictions)
    _require_finite(predicted, f"input={source}" if isinstance(source, str) else "input")
    table = labelled(predicted, facts) if config.apply_softmax else logits(predicted, facts)
    # Beside the answer, which may go into a file.
    record = read_record(folder.record)
    weights = described(record, name, checkpoint.get("epoch"))
    picked = f", picked by {spec.optimized_metric}" if name == "best" else ""
    print(f"weights      {weights}{picked}", file=sys.stderr)
    if name != config.checkpoint:
        print(no_best(record, spec.optimized_metric), file=sys.stderr)
    _answer(table, predicted, inputs, facts, output)
    return 0


def _require_finite(predicted: Tensor, source: str) -> None:
    """Raise ConfigError where a prediction is no number."""
    finite = predicted.isfinite().reshape(len(predicted), -1).all(dim=1)
    wrong = (~finite).nonzero().flatten().tolist()
    if wrong:
        rows = listed((row + 1 for row in wrong), 5)
        raise ConfigError(
            f"{source}: the predictions of these rows are not finite: {rows}; "
            "their numbers are too large for this run, or its weights are not finite"
        )


def _feature_names(facts: DataFacts) -> list[str]:
    """Return the feature names if there is one for every input."""
    shape, names = facts.input_shape, list(facts.feature_names)
    return names if len(shape) == 1 and len(names) == shape[0] else []


def _answer(
    table: Labelled, predictions: Tensor, inputs: np.ndarray, facts: DataFacts, output: Path | None
) -> None:
    header, rows = table
    if output is not None:
        write_output(output, header, rows, predictions.numpy())
        print(f"{len(rows):,} predictions written to {relative(output)}")
        return
    names = _feature_names(facts)
    shown = inputs.reshape(len(inputs), -1)
    if not names and shown.shape[1] <= FEATURES_SHOWN:
        names = [f"input {number}" for number in range(1, shown.shape[1] + 1)]
    if len(names) > FEATURES_SHOWN:
        names = []
    _print_rows(with_units(names, facts.feature_units), shown, header, rows)


def logits(outputs: Tensor, facts: DataFacts) -> Labelled:
    """Return a header and rows: the logit of each class; values, where there are no classes."""
    if facts.task not in ("binary", "multiclass"):
        return labelled(outputs, facts)
    count = outputs.shape[-1]
    classes = list(facts.class_names or range(count))
    header = ["logit"] if count == 1 else [f"logit of {name}" for name in classes]
    return header, [row.tolist() for row in outputs.view(-1, count)]


def labelled(predictions: Tensor, facts: DataFacts) -> Labelled:
    """Return a header and rows: values by target, or class with its probability."""
    classes = facts.class_names
    if facts.task == "regression":
        size = predictions.shape[-1]
        names = list(facts.target_names)
        if len(names) != size:
            names = ["prediction"] if size == 1 else [f"target {n}" for n in range(1, size + 1)]
        return with_units(names, facts.target_units), [row.tolist() for row in predictions]
    if facts.task == "binary":
        probability = predictions.reshape(-1)
        chosen = (probability > 0.5).long()
        certain = torch.where(chosen == 1, probability, 1 - probability)
    else:
        certain, chosen = predictions.max(dim=-1)
    called = [classes[c] if classes else str(c) for c in chosen.tolist()]
    rows = [[name, p] for name, p in zip(called, certain.tolist(), strict=True)]
    return ["class", "probability"], rows


def with_units(names: Sequence[str], units: Sequence[str]) -> list[str]:
    """Return names with their units in brackets, where there is one for each."""
    if len(units) != len(names):
        return list(names)
    pairs = zip(names, units, strict=True)
    return [f"{name} ({unit})" if unit else name for name, unit in pairs]


def _print_rows(
    names: list[str], inputs: np.ndarray, header: list[str], rows: list[list[Any]]
) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in [*names, *header]:
        table.add_column(name, justify="right")
    for row_inputs, row in zip(inputs, rows, strict=True):
        cells = [*row_inputs.tolist(), *row] if names else row
        table.add_row(*[cell if isinstance(cell, str) else f"{cell:.6g}" for cell in cells])
    print_table(table)
