"""Export of a run: a file of its model, written, read back, and compared with the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seedbed.config.schema.export import BESIDE
from seedbed.data.preparation.table_files import read_options
from seedbed.errors import ConfigError, SeedbedError
from seedbed.experiment.export.check_rows import CheckRows
from seedbed.experiment.export.comparison import MOST_DIFFERENCE, largest_difference
from seedbed.experiment.export.description import (
    INPUT,
    described_network,
    described_numbers,
    described_output,
    described_run,
    described_table,
    versions,
)
from seedbed.experiment.export.exported_model import ExportedModel
from seedbed.experiment.export.formats import Exported, answers_of, content_of
from seedbed.experiment.export.opened_run import OpenedRun
from seedbed.files import atomic_file
from seedbed.runs.record import json_text

# Formats that hold a graph, which does everything from raw numbers to answers.
GRAPHS = ("onnx", "torch_export")


@dataclass(frozen=True)
class Written:
    """Files that were written.

    Attributes:
        nbytes: size of the model's file.
        difference: largest difference of its answers from those of the run; None where a module
            has no forward.
        description: what is said of it, as plain values.
    """

    nbytes: int
    difference: float | None
    description: Mapping[str, Any]


def write_export(run: OpenedRun, chosen: str, rows: CheckRows, output: Path) -> Written:
    """Write a run's model and its description; nothing is there where they are not right.

    Args:
        run: The run.
        chosen: The format.
        rows: Rows that the file is compared with the run on.
        output: The file.

    Raises:
        ConfigError: The model cannot be had in this format, or something is there by then.
        SeedbedError: The file answers otherwise than the run.
    """
    model = _model(run, chosen)
    expected = None if model is None else _answers(run, rows)
    described = description(run, chosen, rows.raw, expected)
    text = json_text(described)
    # Of a single row torch takes the size for a constant.
    example = rows.raw[torch.arange(2) % len(rows.raw)]
    exported = Exported(model, run.net, example, run.meaning, text, run.rebuilt)
    content = content_of(chosen, exported)
    difference = None
    told, file_of_text = output.with_name(output.name + BESIDE), False
    try:
        with atomic_file(output, new=True) as file:
            file.write(content)
            file.flush()
            if expected is not None:
                difference = _difference(chosen, Path(file.name), exported, rows, expected)
            with atomic_file(told, new=True) as other:
                other.write(text.encode())
            file_of_text = True
    except BaseException as error:
        if file_of_text:
            told.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise ConfigError(
                f"output={output}: exists already, and nothing is written over"
            ) from None
        raise
    return Written(len(content), difference, described)


def _model(run: OpenedRun, chosen: str) -> ExportedModel | None:
    """Return the model; None where there is no forward, and weights alone are asked for."""
    try:
        return run.model(run.net)
    except ConfigError as error:
        if chosen in GRAPHS:
            raise ConfigError(
                f"{error}\nformat=safetensors and format=state_dict do not need one"
            ) from None
        return None


def description(run: OpenedRun, chosen: str, raw: Tensor, answers: Tensor | None) -> dict[str, Any]:
    """Return all that is needed to use a file of a run's model, as plain values.

    Args:
        run: The run.
        chosen: The format.
        raw: Rows as the model takes them.
        answers: What it answers to them; None where that is not known.
    """
    member, facts = run.member, run.member.facts
    if run.inputs is not None and run.schema is not None:
        words = read_options(member.spec.data).missing_words
        given = described_table(run.inputs, run.schema, words)
    else:
        given = described_numbers(member.data, facts)
    graph = chosen in GRAPHS
    return {
        "format": chosen,
        "made_by": versions(),
        "run": described_run(member.record, member.weights()),
        "task": facts.task,
        "input": {
            "name": INPUT,
            **_form(raw),
            "prepared_inside": graph,
            **given,
        },
        "output": {
            "name": run.meaning,
            **({} if answers is None else _form(answers)),
            "answers_inside": graph,
            **described_output(facts, run.meaning, member.task),
        },
        "network": described_network(member.spec, run.net),
    }


def _form(rows: Tensor) -> dict[str, Any]:
    return {"type": str(rows.dtype).removeprefix("torch."), "shape": ["rows", *rows.shape[1:]]}


def _difference(
    chosen: str, path: Path, exported: Exported, rows: CheckRows, expected: Tensor
) -> float:
    """Return how far a written file is from the run; raise SeedbedError where it is too far."""
    answers = answers_of(chosen, path, exported)
    # The first row alone: any number of rows is taken.
    parts = [part for part in (rows.raw[:1], rows.raw[1:]) if len(part)]
    with torch.inference_mode():
        answered = torch.cat([answers(part) for part in parts])
    absolute = exported.output == "probabilities"
    difference = largest_difference(answered, expected, absolute=absolute)
    if difference > MOST_DIFFERENCE:
        raise SeedbedError(
            f"format={chosen}: the exported model differs from the run by {difference:.1e} on "
            f"{rows.told}, and {MOST_DIFFERENCE:.0e} is the most; nothing is written"
        )
    return difference


def _answers(run: OpenedRun, rows: CheckRows) -> Tensor:
    """Return what the run answers; raise ConfigError where that is nothing to compare with."""
    answers = run.answers(rows.prepared)
    if not answers.isfinite().all():
        raise ConfigError(
            f"checkpoint={run.member.name}: the run's answers to {rows.told} are not finite; "
            "its weights may not be, either"
        )
    again = largest_difference(run.answers(rows.prepared), answers, absolute=False)
    if again > MOST_DIFFERENCE:
        raise ConfigError(
            "the network answers the same rows otherwise each time: it draws random numbers, or "
            "remembers what it was given, and no file of it can be compared"
        )
    return answers
