"""What a run predicts, or the jobs of a sweep together: for the command line and for Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seedbed.errors import ConfigError
from seedbed.experiment.predicting.ensemble import mean_of
from seedbed.experiment.predicting.given_rows import GivenRows, given_rows
from seedbed.experiment.predicting.member import Asked, Member, load_own_rows, open_member
from seedbed.experiment.predicting.split_rows import split_rows
from seedbed.experiment.predicting.told import Told, require_finite
from seedbed.experiment.predictions import answer, by_class, logits, predicted
from seedbed.runs.folder import RunFolder
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.members import members_of
from seedbed.terminal.words import relative


@dataclass(frozen=True)
class Wanted:
    """What is to be predicted, and how.

    Attributes:
        asked: what is asked of each run.
        source: the rows: a name, rows of Python, an array or a DataFrame; None: those of a split.
        split: train, val or test: rows of the run's own.
        ensemble: of a sweep, `best` or `all`, which jobs predict together.
        probabilities: whether a classification ends with probabilities, else with its logits.
        outputs: the folder of all outputs.
    """

    asked: Asked
    source: Any = None
    split: str | None = None
    ensemble: str = "best"
    probabilities: bool = True
    outputs: str = "outputs"


@dataclass(frozen=True)
class Prediction:
    """Predictions of rows.

    Attributes:
        told: the predictions, of the rows that can be predicted.
        given: the rows.
        lines: what people should know of weights, jobs and rows, a title and a text each.
    """

    told: Told
    given: GivenRows
    lines: Sequence[tuple[str, str]]


def predictions_of(folder: RunFolder | SweepFolder, wanted: Wanted) -> Prediction:
    """Return what a run predicts for rows, or the mean of what the jobs of a sweep do.

    Raises:
        ConfigError: The rows do not fit, or there is nothing that predicts.
    """
    if isinstance(folder, SweepFolder):
        return _together(folder, wanted)
    member = open_member(folder, wanted.asked, own_rows=wanted.split is not None)
    given = _rows(member, wanted)
    notes = [*member.weights().lines, *(("note", note) for note in given.notes)]
    told = _predictions(member, given, probabilities=wanted.probabilities)
    return Prediction(told, given, [("weights", member.picked()), *notes])


def _together(folder: SweepFolder, wanted: Wanted) -> Prediction:
    """Return the mean of the predictions of the jobs of a sweep."""
    if not wanted.probabilities:
        raise ConfigError(
            "apply_softmax=false: the jobs of a sweep have the mean of their probabilities, and no "
            "logits together"
        )
    members = members_of(folder, wanted.ensemble, wanted.outputs)
    members.require_split(wanted.split)
    ensemble = mean_of(
        members.jobs,
        wanted.asked,
        lambda member: _rows(member, wanted),
        wanted.split is not None,
    )
    lines = [
        ("sweep", relative(folder.path)),
        members.line,
        ("jobs", ensemble.members_text()),
        *(("note", note) for note in members.notes),
        *ensemble.notes,
    ]
    return Prediction(ensemble.told(), ensemble.given, lines)


def _rows(member: Member, wanted: Wanted) -> GivenRows:
    if member.facts.task == "minimize":
        raise ConfigError(f"run={member.folder.path}: its model is a function without inputs")
    if wanted.split is None:
        return given_rows(wanted.source, member)
    load_own_rows(member, wanted.split, wanted.asked.file)
    return split_rows(member, wanted.split)


def _predictions(member: Member, given: GivenRows, *, probabilities: bool) -> Told:
    """Return what a run predicts for rows: values, or probabilities or else logits of classes."""
    facts = member.facts
    predictions = probabilities or facts.task == "regression"
    values = predicted(
        member.module, member.task, facts.output_size, given.batches(), predictions=predictions
    )
    require_finite(values, given)
    if not predictions:
        return Told(logits(values, facts), values)
    return Told(answer(values, facts), by_class(values, facts))
