"""Rows that an exported model is compared with its run on: of the run's data, or made up."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.random import Generator
from torch import Tensor

from seedbed.data import DataModule, TableFile
from seedbed.data.images.in_memory import LARGEST_PIXEL, Images
from seedbed.data.input_range import InputRange
from seedbed.data.preparation.features import Flag, Number, Words
from seedbed.errors import SeedbedError
from seedbed.experiment.build import build_data
from seedbed.experiment.export.opened_run import OpenedRun
from seedbed.experiment.export.table_inputs import TableInputs
from seedbed.experiment.predicting.member import Asked, load_own_rows, of_file
from seedbed.runs.loading import load_spec

# Rows that are compared, at most.
MOST = 256
MADE_UP = 64
# One of so many values is missing in rows that are made up, or a word that nobody has seen.
RARE = 8
_FIRST_DAY, _DAYS = datetime(1990, 1, 1), 14_000


@dataclass(frozen=True)
class CheckRows:
    """Rows to compare on.

    Attributes:
        raw: as the exported model takes them, (rows, ...).
        prepared: as the run's own code prepares them for its network, (rows, *input_shape).
        told: which rows they are, for people.
    """

    raw: Tensor
    prepared: Tensor
    told: str


def rows_to_compare(run: OpenedRun, asked: Asked) -> tuple[CheckRows, str]:
    """Return rows of the data that a run was trained on; else rows that are made up, and why.

    What is not on this machine is not downloaded.

    Args:
        run: The run.
        asked: What was asked of it.

    Raises:
        ConfigError: The data do not lie where the command says.
    """
    try:
        rows = _of_run(run, asked)
    except (SeedbedError, OSError) as error:
        if asked.file is not None:
            raise
        rows = str(error).partition("\n")[0]
    return (made_up_rows(run), rows) if isinstance(rows, str) else (rows, "")


def _of_run(run: OpenedRun, asked: Asked) -> CheckRows | str:
    """Return rows of a run; or in words why there are none."""
    member = run.member
    trust, folder = list(asked.trust), member.folder
    spec = load_spec(folder, trust, asked.data_folder, measures=False, own_rows=True)
    spec = of_file(spec, asked.file)
    own = build_data(spec)
    own.place(member.data.placement)
    if member.preparation is not None:
        own.use_preparation(member.preparation, folder.path)
    if not own.at_hand:
        return "they are not on this machine"
    load_own_rows(replace(member, spec=spec, data=own), "train", asked.file)
    split = next(name for name in ("test", "val", "train") if own.has_split(name))
    given = _of_split(own, split, run.inputs)
    if given is None:
        return "they are no tensors that can be looked at"
    count = len(given[0])
    rows = "1 row" if count == 1 else f"{count:,} rows"
    return CheckRows(*given, f"{rows} of the {split} split")


def _of_split(
    own: DataModule, split: str, inputs: TableInputs | None
) -> tuple[Tensor, Tensor] | None:
    if inputs is not None and isinstance(own, TableFile):
        frame = own.frames()[split].head(MOST)
        return inputs.of_rows(frame), own.prepared(frame)
    parts: list[Tensor] = []
    for rows in own.rows_to_check(split):
        inputs_of_rows = rows.batch[0] if isinstance(rows.batch, tuple | list) else None
        if not isinstance(inputs_of_rows, Tensor):
            return None
        parts.append(inputs_of_rows[:MOST])
        if sum(map(len, parts)) >= MOST:
            break
    if not parts:
        return None
    given = torch.cat(parts)[:MOST]
    raw = given if given.dtype == torch.uint8 and isinstance(own, Images) else given.double()
    return raw, own.model_inputs(raw)


def made_up_rows(run: OpenedRun) -> CheckRows:
    """Return rows that are drawn from the ranges of a run's preparation."""
    data: Any = run.member.data
    inputs, shape = run.inputs, run.member.facts.input_shape
    random = np.random.default_rng(0)
    told = f"{MADE_UP} rows made up within the ranges of the preparation"
    if inputs is not None:
        frame = _frame(inputs, random)
        return CheckRows(inputs.of_rows(frame), data.prepared(frame), told)
    if isinstance(data, Images):
        pixels = random.integers(0, LARGEST_PIXEL + 1, (MADE_UP, *shape), dtype=np.uint8)
        raw = torch.from_numpy(pixels)
        return CheckRows(raw, data.model_inputs(raw), f"{MADE_UP} images of random pixels")
    raw = torch.from_numpy(random.standard_normal((MADE_UP, *shape)))
    seen = InputRange.from_plain(run.member.preparation, "the run's preparation")
    if data.input_scaling is not None:
        raw = data.input_scaling.undo(raw)
    elif seen is not None:
        share = torch.from_numpy(random.random((MADE_UP, *shape)))
        raw = seen.least + share * (seen.most - seen.least)
    return CheckRows(raw, data.model_inputs(raw), told)


def _frame(inputs: TableInputs, random: Generator) -> pl.DataFrame:
    """Return rows in the types of the schema, some of whose values are missing or never seen."""
    columns = {}
    moments = {
        each.feature.column
        for each in inputs.raw
        if isinstance(each.feature, Number) and each.feature.part == "hour"
    }
    for each in inputs.raw:
        feature, name = each.feature, each.feature.column
        if name in columns:
            continue
        values: list[Any]
        if isinstance(feature, Words):
            words = [*feature.words, "never seen"]
            values = [words[place] for place in random.integers(0, len(words), MADE_UP)]
        elif isinstance(feature, Flag):
            values = (random.random(MADE_UP) < 0.5).tolist()
        elif feature.part:
            values = [_moment(each.kind, name in moments, random) for _ in range(MADE_UP)]
        else:
            middle = feature.shift if feature.shift or feature.scale != 1 else feature.fill
            values = (middle + feature.scale * random.standard_normal(MADE_UP)).tolist()
        if inputs.fills:
            absent = random.integers(0, RARE, MADE_UP) == 0
            values = [None if lacks else v for v, lacks in zip(values, absent, strict=True)]
        columns[name] = values
    return pl.DataFrame(columns)


def _moment(kind: str, of_day: bool, random: Generator) -> Any:
    moment = _FIRST_DAY + timedelta(
        days=int(random.integers(_DAYS)), seconds=int(random.integers(86_400))
    )
    if kind == "time":
        return time(moment.hour, moment.minute, moment.second)
    return moment if of_day else moment.date()
