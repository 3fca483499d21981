"""What people are told of initial weights: what was taken, and where rows differ from before.

Weights know their inputs by place alone. They meet others where a column, a class or a scale is
another than in the run that trained them.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import RunSpec
from seedbed.config.trust.saved_config import plain_config, read_config
from seedbed.data import DataModule
from seedbed.errors import listed
from seedbed.experiment.weights.taking import Taken
from seedbed.runs.folder import RunFolder

# In deviations: rows of another split differ by less.
FAR = 0.2
_MOST = 5


def print_weights(taken: Taken | None, spec: RunSpec, data: DataModule) -> None:
    """Print what a run starts from; nothing where it starts from no other's weights."""
    if taken is None:
        return
    for line in taken.lines():
        print(line, flush=True)
    for note in notes_on_weights(taken, spec, data):
        print(f"note         {note}", flush=True)


def notes_on_weights(taken: Taken, spec: RunSpec, data: DataModule) -> Iterator[str]:
    """Yield what is allowed, and seldom meant; the data are set up."""
    fresh = [*taken.match.missing, *taken.match.excluded]
    frozen = [
        name for name in fresh if any(fnmatchcase(name, glob) for glob in spec.freeze.parameters)
    ]
    if frozen:
        yield f"freeze.parameters: {listed(frozen, _MOST)} stays as it was drawn, and is not taken"
    if taken.source.folder is not None:
        before = _data_of(taken.source.folder)
        yield from _other_names(before, keys_of(spec.data), taken)
        yield from _other_scales(before, keys_of(spec.data))
    elif taken.file.preparation is None:
        return
    yield from _other_fits(taken.file.preparation or {}, data.preparation or {})


def _data_of(folder: RunFolder) -> Mapping[str, Any]:
    """Return the node `data` of a run's config, without what it leaves to interpolations."""
    file = folder.readable_config
    node = plain_config(file, read_config(file), resolve=False).get("data")
    return node if isinstance(node, dict) else {}


def _other_names(before: Mapping[str, Any], now: Mapping[str, Any], taken: Taken) -> Iterator[str]:
    inputs = _differing(before, now, "feature_names")
    if inputs:
        yield f"the weights met other inputs: {inputs}"
    classes = _differing(before, now, "class_names")
    if classes and not (taken.match.missing or taken.match.excluded):
        yield (
            f"the classes are others: {classes}; the last layer was trained for those, and "
            "initial_weights.exclude leaves it out"
        )


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], key: str) -> str:
    """Return which of as many names are others, or nothing."""
    old, new = (node.get(key) for node in (before, now))
    if not (isinstance(old, list | tuple) and isinstance(new, list | tuple)):
        return ""
    if len(old) != len(new):
        return ""
    pairs = [f"{a} was {b}" for a, b in zip(new, old, strict=True) if str(a) != str(b)]
    return listed(pairs, _MOST)


def _other_scales(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key, what in (("input_scale", "inputs"), ("target_scale", "targets")):
        old, new = (_scale(node, key) for node in (before, now))
        if key in before and old != new and "${" not in str(old):
            yield (
                f"the weights were trained on {what} with data.{key}={_word(old)}, "
                f"and this run has {_word(new)}: they meet other numbers"
            )


def _scale(node: Mapping[str, Any], key: str) -> Any:
    value = node.get(key)
    return None if value in ("none", 1) else value


def _word(value: Any) -> str:
    return "null" if value is None else str(value)


def _other_fits(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield inputs and targets whose fitted scales lie apart."""
    old, new = _scales_of(before), _scales_of(now)
    far = [name for name in new if name in old and _apart(old[name], new[name])]
    if far:
        name = far[0]
        shown = [f"(v - {shift:.4g}) / {scale:.4g}" for shift, scale in (old[name], new[name])]
        more = f", and {len(far) - 1} more" * (len(far) > 1)
        yield f"{name} is {shown[1]} here, and was {shown[0]} to the weights{more}"


def _apart(old: tuple[float, float], new: tuple[float, float]) -> bool:
    (shift, scale), (other_shift, other_scale) = old, new
    ratio = abs(other_scale / scale) if scale else 1.0
    return abs(other_shift - shift) > FAR * abs(scale) or not 1 / (1 + FAR) < ratio < 1 + FAR


def _scales_of(preparation: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return shift and scale by name of what was fitted; what has another form has none."""
    scales: dict[str, tuple[float, float]] = {}
    for key, what in (("input_scaling", "input"), ("target_scaling", "target")):
        scaling = preparation.get(key)
        if isinstance(scaling, Mapping):
            shifts, widths = (_numbers(scaling.get(name)) for name in ("shift", "scale"))
            if len(shifts) == len(widths):
                names = [f"{what} {n}" for n in range(1, len(shifts) + 1)]
                scales |= zip(names, zip(shifts, widths, strict=True), strict=True)
    for part in ("inputs", "targets"):
        features = preparation.get(part)
        for feature in features if isinstance(features, Sequence) else ():
            if isinstance(feature, Mapping) and feature.get("kind") == "number":
                name = f"{feature.get('column')} {feature.get('part', '')}".rstrip()
                numbers = _numbers([feature.get("shift"), feature.get("scale")])
                if len(numbers) == 2:
                    scales[name] = (numbers[0], numbers[1])
    return scales


def _numbers(values: Any) -> list[float]:
    try:
        return [float(number) for number in torch.as_tensor(values, dtype=torch.float64).flatten()]
    except (TypeError, ValueError, RuntimeError):
        return []
