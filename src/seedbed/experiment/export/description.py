"""Description of an exported model: all that is needed to use it without Seedbed."""

from collections.abc import Mapping
from math import prod
from typing import Any

import torch
from torch import nn

from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.spec import DataFacts, RunSpec
from seedbed.data import DataModule
from seedbed.data.images.in_memory import LARGEST_PIXEL, Images
from seedbed.data.preparation.features import Number, Words
from seedbed.data.tables import TableSchema
from seedbed.experiment.export.layers import layers_of
from seedbed.experiment.export.table_inputs import RawInput, TableInputs, codes
from seedbed.experiment.predicting.weights import ChosenWeights
from seedbed.experiment.predictions import target_names
from seedbed.runs.provenance.secrets import LEFT_OUT, is_secret
from seedbed.version import __version__

# What polars and Python call otherwise in the format of a date.
_PYTHONS_FORMATS = (("%.f", ".%f"), ("%#z", "%z"))
INPUT = "input"


def described_table(
    inputs: TableInputs, schema: TableSchema, missing_words: list[str]
) -> dict[str, Any]:
    """Return what the model takes of a table's row, and what its network takes of that."""
    return {
        "features": [_described(each, schema) for each in inputs.raw],
        "missing": {
            "words": missing_words,
            "becomes": "filled" if inputs.fills else "nan: such a row has no output",
        },
        "network_inputs": [each.to_plain() for each in inputs.network],
    }


def _described(each: RawInput, schema: TableSchema) -> dict[str, Any]:
    column = schema.column(each.feature.column)
    told: dict[str, Any] = {"name": each.name, "column": column.name, "kind": each.kind}
    if isinstance(each.feature, Words):
        told["codes"] = dict(codes(each.feature))
    elif each.kind == "boolean":
        false, true = (word.lower() for word in column.words or ("false", "true"))
        told["codes"] = {false: 0, true: 1}
    elif isinstance(each.feature, Number) and each.feature.part:
        told |= {"part": each.feature.part, "format": _pythons(column.format)}
    return told | {"fill": each.fill}


def _pythons(form: str | None) -> str | None:
    for polars, python in _PYTHONS_FORMATS:
        form = form and form.replace(polars, python)
    return form


def described_numbers(data: DataModule, facts: DataFacts) -> dict[str, Any]:
    """Return what the model takes of a row of numbers or an image, and how they are scaled."""
    scaling = data.input_scaling
    scaled = {} if scaling is None else scaling.to_plain()
    image: dict[str, Any] = {}
    divided: dict[str, Any] = {}
    if isinstance(data, Images):
        image["image"], divided["divided_by"] = data.form._asdict(), LARGEST_PIXEL
    named = [{"name": name} for name in facts.feature_names]
    if len(named) != prod(facts.input_shape):  # Such as one for all pixels.
        named = []
    if len(facts.feature_units) == len(named):
        for feature, unit in zip(named, facts.feature_units, strict=True):
            feature["unit"] = unit
    features = {"features": named} if named else {}
    return {**features, **image, "preparation": {**divided, **scaled} or None}


def described_output(facts: DataFacts, meaning: str, task: Any) -> dict[str, Any]:
    """Return what comes out: classes or targets in their order, with their units."""
    if meaning == "values":
        units = list(facts.target_units)
        names = list(facts.target_names)
        if len(names) != facts.output_size:
            names = target_names(facts, facts.output_size)
        targets: list[dict[str, Any]] = [{"name": name} for name in names]
        if len(units) == len(targets):
            for target, unit in zip(targets, units, strict=True):
                target["unit"] = unit
        told: dict[str, Any] = {"targets": targets}
        shift, scale = (getattr(task, f"target_{name}", None) for name in ("shift", "scale"))
        if shift is not None and scale is not None:
            told["scaled"] = {"shift": shift.tolist(), "scale": scale.tolist()}
        return told
    count = 2 if facts.task == "binary" else facts.output_size
    classes = list(facts.class_names) or [str(number) for number in range(count)]
    return {"classes": classes}


def described_network(spec: RunSpec, net: nn.Module) -> dict[str, Any]:
    """Return the class of a network, its arguments, and of Seedbed's own its layers."""
    node: Any = spec.model if spec.module is None else spec.module
    arguments = without_secrets(
        {name: value for name, value in keys_of(node).items() if name != "_target_"}
    )
    return {
        "class": str(target_of(node)),
        "arguments": arguments,
        "weights": {name: list(value.shape) for name, value in net.state_dict().items()},
        "layers": layers_of(net),
    }


def without_secrets(arguments: Mapping[Any, Any]) -> dict[str, Any]:
    """Return arguments without passwords, keys and tokens, which the file is not to give away."""
    plain: dict[str, Any] = {}
    for name, value in arguments.items():
        nested = isinstance(value, Mapping)
        kept = LEFT_OUT if is_secret(str(name), value) else value
        plain[str(name)] = without_secrets(value) if nested else kept
    return plain


def described_run(record: Mapping[str, Any], weights: ChosenWeights) -> dict[str, Any]:
    """Return which weights of which run these are.

    Args:
        record: Fields of run.json.
        weights: The weights.
    """
    kept: Any = (record.get("checkpoints") or {}).get(weights.name) or {}
    return {
        "name": record.get("name"),
        "started": record.get("started"),
        "checkpoint": weights.name,
        "epoch": weights.epoch,
        "metrics": kept.get("metrics") if kept.get("epoch") == weights.epoch else None,
    }


def versions() -> dict[str, str]:
    """Return the versions that made the file."""
    return {"seedbed": __version__, "torch": str(torch.__version__)}
