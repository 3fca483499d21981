"""`seedbed predict run=DIR input=...`: what a trained run says of new rows."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from torch import Tensor

from seedbed.data.tabular import SUFFIXES, read_inputs, write_output
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data
from seedbed.experiment.evaluation import evaluation_trainer, load_module
from seedbed.runs.folder import open_run
from seedbed.runs.loading import load_config
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
    if output is not None and output.suffix not in SUFFIXES:
        raise ConfigError(f"output={output}: the name must end in .csv or .npy")
    folder = open_run(config.run, config.paths.outputs)
    run_config = load_config(folder, list(config.trust), config.paths.data)
    source = config.input
    if isinstance(source, ListConfig):
        source = OmegaConf.to_container(source)
    if run_config.data.task == "minimize":
        raise ConfigError(f"run={config.run}: its model is a function without inputs")
    names = list(run_config.data.get("feature_names") or [])
    inputs = read_inputs(source, list(run_config.data.input_shape), _usable(names, run_config))

    module, _ = load_module(folder, run_config, config.checkpoint)
    data: Any = build_data(run_config)
    data.trainer = evaluation_trainer(run_config, "test", config.accelerator)
    data.prepare_data()
    data.setup("predict")
    device = data.trainer.strategy.root_device
    net = module.net.to(device).eval()
    predictions = []
    with torch.inference_mode():
        for start in range(0, len(inputs), ROWS_AT_ONCE):
            rows = torch.from_numpy(inputs[start : start + ROWS_AT_ONCE])
            output_rows = net(data.model_inputs(rows).to(device))
            if config.apply_softmax:
                output_rows = module.task.prediction(output_rows)
            predictions.append(output_rows.cpu())
    found = torch.cat(predictions)
    table = labelled(found, run_config) if config.apply_softmax else logits(found, run_config)
    _answer(table, found, inputs, run_config, output)
    return 0


def _usable(names: list[str], run_config: DictConfig) -> list[str]:
    """Return the feature names if there is one for every input."""
    shape = list(run_config.data.input_shape)
    return names if len(shape) == 1 and len(names) == shape[0] else []


def _answer(
    table: Labelled,
    predictions: Tensor,
    inputs: np.ndarray,
    run_config: DictConfig,
    output: Path | None,
) -> None:
    header, rows = table
    if output is not None:
        write_output(output, header, rows, predictions.numpy())
        print(f"{len(rows):,} predictions written to {relative(output)}")
        return
    names = _usable(list(run_config.data.get("feature_names") or []), run_config)
    shown = inputs.reshape(len(inputs), -1)
    if not names and shown.shape[1] <= FEATURES_SHOWN:
        names = [f"input {number}" for number in range(1, shown.shape[1] + 1)]
    if len(names) > FEATURES_SHOWN:
        names = []
    units = list(run_config.data.get("feature_units") or [])
    _print_rows(with_units(names, units), shown, header, rows)


def logits(outputs: Tensor, run_config: DictConfig) -> Labelled:
    """Return a header and rows: the logit of each class; values, where there are no classes."""
    if run_config.data.task not in ("binary", "multiclass"):
        return labelled(outputs, run_config)
    count = outputs.shape[-1]
    classes = list(run_config.data.get("class_names") or range(count))
    header = ["logit"] if count == 1 else [f"logit of {name}" for name in classes]
    return header, [row.tolist() for row in outputs.view(-1, count)]


def labelled(predictions: Tensor, run_config: DictConfig) -> Labelled:
    """Return a header and rows: values by target, or class with its probability."""
    data = run_config.data
    classes = list(data.get("class_names") or [])
    if data.task == "regression":
        size = predictions.shape[-1]
        names = list(data.get("target_names") or [])
        if len(names) != size:
            names = ["prediction"] if size == 1 else [f"target {n}" for n in range(1, size + 1)]
        units = list(data.get("target_units") or [])
        return with_units(names, units), [row.tolist() for row in predictions]
    if data.task == "binary":
        probability = predictions.reshape(-1)
        chosen = (probability > 0.5).long()
        certain = torch.where(chosen == 1, probability, 1 - probability)
    else:
        certain, chosen = predictions.max(dim=-1)
    called = [classes[c] if classes else str(c) for c in chosen.tolist()]
    rows = [[name, p] for name, p in zip(called, certain.tolist(), strict=True)]
    return ["class", "probability"], rows


def with_units(names: list[str], units: list[str]) -> list[str]:
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
