"""Runs whose configs differ in seed and fold alone, whose specs follow from one another."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from seedbed.config.schema.data import Data
from seedbed.config.spec import RunSpec
from seedbed.reading.content import read_text
from seedbed.reading.yaml_files import MOST_BYTES
from seedbed.runs.folder import RunFolder

# A whole number under a key that no class is made by, at the top or in `data`.
_NUMBER = re.compile(r"( {2})?(seed|fold): ([0-9]{1,9})")
_REFERENCE = re.compile(r"(seed|fold)\s*\}")
_OF_RUN = "  seed: ${seed}"
_TOP = re.compile(r"(\w+):")


def similar_spec(folder: RunFolder, other: RunFolder, spec: RunSpec) -> RunSpec | None:
    """Return the spec of a run whose config is that of another but for the seed and the fold.

    Of such runs the config need be read and checked once, which takes longer than their networks
    take for a small table. None where it differs in more.

    Args:
        folder: The run's folder.
        other: The folder of a run that was read.
        spec: The spec of that one.
    """
    if not isinstance(spec.data, Data):
        return None
    numbers = _differing(folder.readable_config, other.readable_config)
    if numbers is None:
        return None
    of_data = {name: value for (top, name), value in numbers.items() if top == "data"}
    seed = numbers.get(("seed", "seed"), spec.seed)
    folds = getattr(spec.data, "folds", None)
    if not all(hasattr(spec.data, name) for name in of_data) or (
        "fold" in of_data and not (folds and of_data["fold"] < folds)
    ):
        return None
    return replace(spec, seed=seed, data=replace(spec.data, **of_data))  # type: ignore[arg-type]


def _differing(one: Path, other: Path) -> Mapping[tuple[str, str], int] | None:
    """Return the numbers in which one config differs, by the top key and their own.

    None where it differs in anything else.
    """
    texts = [read_text(path, MOST_BYTES) for path in (one, other)]
    lines, others = (text.split("\n") for text in texts)
    # The data may take their seed from the run's; of anything else that does nobody knows what.
    follows = len(_REFERENCE.findall(texts[0]))
    if one.name != other.name or len(lines) != len(others) or follows > 1:
        return None
    numbers: dict[tuple[str, str], int] = {}
    top = ""
    for line, before in zip(lines, others, strict=True):
        if match := _TOP.match(line):
            top = match[1]
        if line == before:
            follows -= top == "data" and line == _OF_RUN
            continue
        now, then = _NUMBER.fullmatch(line), _NUMBER.fullmatch(before)
        if now is None or then is None or now.group(1, 2) != then.group(1, 2):
            return None
        if (now[1] is None, top, now[2]) not in _MAY_DIFFER:
            return None
        numbers[top, now[2]] = int(now[3])
    if follows:
        return None
    if ("seed", "seed") in numbers and _OF_RUN in lines:
        numbers["data", "seed"] = numbers["seed", "seed"]
    return numbers


_MAY_DIFFER = ((True, "seed", "seed"), (False, "data", "seed"), (False, "data", "fold"))
