"""Equation of a linear model, in the names and units of the data."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from seedbed.analysis.reference_lines import in_own_units
from seedbed.callbacks.figures.axis_labels import feature_labels, target_labels
from seedbed.config.spec import DataFacts
from seedbed.models.linear_map import LinearMap, is_linear_map
from seedbed.training.tasks import Regression, Task

# Inputs of which a sum can still be read at a glance.
MAX_INPUTS = 4
DIGITS = 4
# A space at which no line breaks.
_FIXED = "\u00a0"


def linear_equations(data: Any, net: nn.Module, task: Task, facts: DataFacts) -> list[str]:
    """Return an equation for each target: "temperature (C) = 0.5367 · reading (unknown) - 17.3".

    Weights and bias are those for inputs and targets in the units of the data, whatever scales
    them. Within a term no line breaks. Empty where the model is not linear or has over 4 inputs.

    Args:
        data: The DataModule of the run.
        net: The network.
        task: The task.
        facts: What the config says of the data.
    """
    if not (is_linear_map(net) and isinstance(task, Regression)):
        return []
    assert isinstance(net, nn.Linear)
    if net.in_features > MAX_INPUTS:
        return []
    line = in_own_units(data, LinearMap.of(net))
    inputs = feature_labels(facts, net.in_features)
    if len(inputs) > 1 and len(facts.feature_names) == len(inputs):
        inputs = list(facts.feature_names)  # With their units it would be too long.
    return [
        f"{label}{_FIXED}= {_sum(weights, inputs, bias)}"
        for label, weights, bias in zip(
            target_labels(facts, net.out_features),
            line.weight.tolist(),
            line.bias.tolist(),
            strict=True,
        )
    ]


def _sum(weights: Sequence[float], names: Sequence[str], bias: float) -> str:
    """Return w1 · name1 + w2 · name2 + b; a bias of 0 is left out."""
    terms = [(w, f"{_FIXED}·{_FIXED}{name}") for w, name in zip(weights, names, strict=True)]
    terms += [(bias, "")] if bias else []
    (first, name), *others = terms
    text = f"{first:.{DIGITS}g}{name}"
    for number, name in others:
        sign = "-" if number < 0 else "+"
        text += f" {sign}{_FIXED}{abs(number):.{DIGITS}g}{name}"
    return text
