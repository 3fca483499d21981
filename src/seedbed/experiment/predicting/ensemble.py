"""Ensemble of finished runs: the mean of what they predict, each by its own preparation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import DataFacts
from seedbed.errors import RunFolderError, listed
from seedbed.experiment.predicting.given_rows import GivenRows
from seedbed.experiment.predicting.member import Asked, Member, open_member
from seedbed.experiment.predicting.told import Told, require_finite
from seedbed.experiment.predictions import Answer, answer, by_class, predicted, target_names
from seedbed.runs.folder import RunFolder

# Members that are named; the others are counted.
MOST_NAMED = 10
# What the members' standard deviation of a target is called.
DEVIATION = "{name} (deviation)"
# Keys of the data that say in which batches a run trains.
_OF_TRAINING = ("seed", "shuffle", "drop_last", "batch_size", "batches_per_epoch", "augment")
Rows = Callable[[Member], GivenRows]


@dataclass
class Ensemble:
    """Mean of the predictions of several runs, of which one at a time is in memory.

    Attributes:
        facts: what the data say of their rows; the same for all.
        first: the first member.
        given: the rows, as the first member takes them.
        mean: mean of the predictions, float64: (rows, targets) in the targets' units, or the
            probability of each class, (rows, classes).
        deviation: standard deviation over the members, over n - 1, of the same shape.
        same_scale: whether all members scale the targets in the same way, if at all.
        epochs: number and epoch of each member.
        notes: what people should know of rows and weights.
    """

    facts: DataFacts
    first: Member
    given: GivenRows
    mean: Tensor
    deviation: Tensor
    same_scale: bool = True
    epochs: list[tuple[int, int | None]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def told(self) -> Told:
        """Return the predictions as a table, of a regression with the deviation of each target."""
        if self.facts.task != "regression":
            of_one = self.mean[:, 1] if self.facts.task == "binary" else self.mean
            return Told(answer(of_one, self.facts), self.mean)
        plain = answer(self.mean, self.facts)
        if len(self.epochs) < 2:
            return Told(plain, self.mean)
        columns: dict[str, list[float]] = {}
        spread = self.deviation.T.tolist()
        names = target_names(self.facts, self.mean.shape[1])
        for name, values in zip(names, spread, strict=True):
            columns |= {name: plain.columns[name], DEVIATION.format(name=name): values}
        return Told(Answer(columns, tuple(columns)), self.mean)

    def members_text(self) -> str:
        """Return which jobs, with the weights of which epochs."""
        each = [f"{number} (epoch {epoch})" for number, epoch in sorted(self.epochs)]
        return listed(each, MOST_NAMED)


def mean_of(jobs: Sequence[tuple[int, RunFolder]], asked: Asked, rows: Rows, own: bool) -> Ensemble:
    """Return the mean of what runs predict for the same rows.

    Args:
        jobs: Number and folder of each.
        asked: What is asked of each.
        rows: Function that loads the rows, as a member takes them.
        own: Whether they are those of a split of the runs.

    Raises:
        ConfigError: The runs predict different things, or for different rows.
    """
    ensemble: Ensemble | None = None
    squares = torch.zeros(())
    far: list[int] = []
    for number, member, given in _opened(jobs, asked, rows, own):
        values = _predictions(member, given)
        if ensemble is None:
            ensemble = Ensemble(member.facts, member, given, values, torch.zeros_like(values))
            squares = torch.zeros_like(values)
        else:
            _require_same(ensemble, number, member, given, values)
            # Welford, "Note on a method for calculating corrected sums of squares" (1962).
            difference = values - ensemble.mean
            ensemble.mean += difference / (len(ensemble.epochs) + 1)
            squares += difference * (values - ensemble.mean)
            ensemble.same_scale &= _scale(member) == _scale(ensemble.first)
        weights = member.weights()
        ensemble.epochs.append((number, weights.epoch))
        ensemble.notes += [("note", note) for note in given.notes]
        ensemble.notes += [line for line in weights.lines if line[0] == "note"]
        far += [number] if any(title == "warning" for title, _ in weights.lines) else []
    assert ensemble is not None
    ensemble.deviation = (squares / max(1, len(ensemble.epochs) - 1)).sqrt()
    ensemble.notes = list(dict.fromkeys(ensemble.notes))
    if far:
        ensemble.notes.append(("warning", _far(far, len(jobs), jobs[0][1])))
    return ensemble


def _far(far: Sequence[int], members: int, folder: RunFolder) -> str:
    place = folder.path.parent
    return (
        f"of {len(far)} of {members} members the best epoch is far from the last: jobs "
        f"{listed(sorted(far), MOST_NAMED)}; seedbed predict run={place}/{min(far)} says how"
    )


def _opened(
    jobs: Sequence[tuple[int, RunFolder]], asked: Asked, rows: Rows, own: bool
) -> Iterator[tuple[int, Member, GivenRows]]:
    """Yield each member with the rows; members of the same preparation share theirs."""
    before: tuple[Member, GivenRows] | None = None
    for number, folder in jobs:
        member = open_member(folder, asked, own_rows=own, like=before and before[0])
        if before is not None and _share_rows(before[0], member):
            member = replace(member, data=before[0].data)
            given = before[1]
        else:
            given = rows(member)
        before = member, given
        yield number, member, given


def _share_rows(one: Member, other: Member) -> bool:
    """Return whether two members take the same rows in the same way."""
    return (
        one.preparation == other.preparation
        and _keys_of_rows(one) == _keys_of_rows(other)
        and one.spec.trainer.precision == other.spec.trainer.precision
    )


def _scale(member: Member) -> Any:
    """Return the scaling of the targets as plain values; None where they are as they are."""
    scaling = getattr(member.data, "target_scaling", None)
    return None if scaling is None else scaling.to_plain()


def _keys_of_rows(member: Member) -> dict[str, Any]:
    """Return the keys of the data that say which rows there are, and how they are prepared."""
    keys = keys_of(member.spec.data)
    return {name: value for name, value in keys.items() if name not in _OF_TRAINING}


def _predictions(member: Member, given: GivenRows) -> Tensor:
    facts = member.facts
    values = predicted(member.module, member.task, facts.output_size, given.batches())
    require_finite(values, given)
    shaped = by_class(values, facts)
    return shaped.reshape(len(shaped), -1).double()


def _require_same(
    ensemble: Ensemble, number: int, member: Member, given: GivenRows, values: Tensor
) -> None:
    """Raise ConfigError where a member predicts something else, or for other rows."""
    first = ensemble.epochs[0][0]
    both = [
        (facts.task, facts.class_names, facts.target_names, facts.output_size)
        for facts in (ensemble.facts, member.facts)
    ]
    if both[0] != both[1]:
        raise RunFolderError(
            f"jobs {first} and {number} predict different things: {_said(both[0])}, and "
            f"{_said(both[1])}; ensemble=best takes one configuration"
        )
    numbers = [rows.row_numbers for rows in (ensemble.given, given)]
    usable = [rows.usable for rows in (ensemble.given, given)]
    if not (_equal(*numbers) and _equal(*usable)) or values.shape != ensemble.mean.shape:
        raise RunFolderError(
            f"{given.called}: jobs {first} and {number} have different rows there, and a mean is "
            "over predictions of the same ones"
        )


def _equal(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return torch.equal(one, other)


def _said(facts: tuple[str, tuple[str, ...], tuple[str, ...], int]) -> str:
    task, classes, targets, _ = facts
    return f"{task} of {listed(classes or targets, 5)}" if classes or targets else task
