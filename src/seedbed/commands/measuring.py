"""What is measured of a run, or of a sweep's jobs together: for the command line and for Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedbed.data.data_module import DataModule
from seedbed.experiment.predicting.measured import Measured, measured_on_input, measured_on_split
from seedbed.experiment.predicting.measured_ensemble import measured_together
from seedbed.experiment.predicting.member import Asked, Member, open_member
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import state_of
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.members import members_of


@dataclass(frozen=True)
class WantedRows:
    """Rows that are measured.

    Attributes:
        split: train, val or test; None: new rows.
        source: file or folder of new rows with their targets; of Python a polars DataFrame, too.
        targets: .npy file of the targets, where the source is one of inputs.
    """

    split: str | None
    source: Any = None
    targets: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """Metrics of rows, and by which weights.

    Attributes:
        measured: the metrics.
        title: which weights, in words.
        used: which weights, as fields of a result.
        member: the run, or the first of those that predict together.
        recorded: what the run has recorded itself for the same rows; empty where it has not.
        lines: what people should know, a title and a text each.
    """

    measured: Measured
    title: str
    used: Mapping[str, Any]
    member: Member
    recorded: Mapping[str, float]
    lines: Sequence[tuple[str, str]]


def measured_of(
    folder: RunFolder | SweepFolder,
    rows: WantedRows,
    asked: Asked,
    ensemble: str = "best",
    outputs: str = "outputs",
) -> Evaluation:
    """Return the metrics of a run, or of the mean of what the jobs of a sweep predict.

    Args:
        folder: The folder of the run or the sweep.
        rows: Which rows are measured.
        asked: What is asked of each run.
        ensemble: Of a sweep, `best` or `all`, which jobs predict together.
        outputs: The folder of all outputs.

    Raises:
        ConfigError: The rows do not fit, or there is nothing that predicts.
    """
    if isinstance(folder, SweepFolder):
        return _together(folder, rows, asked, ensemble, outputs)
    member = open_member(folder, asked, own_rows=rows.split is not None)
    if rows.split is None:
        measured = measured_on_input(member, rows.source, rows.targets, asked.accelerator)
    else:
        measured = measured_on_split(member, rows.split, asked.accelerator, asked.file)
    weights = member.weights()
    return Evaluation(
        measured,
        weights.called,
        {"checkpoint": weights.name, "epoch": weights.epoch},
        member,
        _recorded(member, rows.split),
        [*weights.lines, *_notes(member, measured, rows.split)],
    )


def _together(
    folder: SweepFolder, rows: WantedRows, asked: Asked, ensemble: str, outputs: str
) -> Evaluation:
    members = members_of(folder, ensemble, outputs)
    members.require_split(rows.split)
    mean, measured = measured_together(members.jobs, asked, rows.split, rows.source, rows.targets)
    jobs = [{"number": number, "epoch": epoch} for number, epoch in sorted(mean.epochs)]
    count = len(jobs)
    notes = (("note", note) for note in members.notes)
    return Evaluation(
        measured,
        f"mean of {count} jobs" if count > 1 else f"job {jobs[0]['number']}",
        {"checkpoint": asked.checkpoint, "ensemble": ensemble, "jobs": jobs},
        mean.first,
        {},
        [members.line, ("jobs", mean.members_text()), *notes, *mean.notes],
    )


def _notes(member: Member, measured: Measured, split: str | None) -> list[tuple[str, str]]:
    """Return what people should know of the rows and the run."""
    notes = [("note", text) for text in measured.notes]
    if split is not None and _are_other_data(member.record, member.data):
        notes.append(("note", "the data are not those that the run was trained on"))
    if member.record["status"] in ("running", "interrupted"):
        notes.append(("note", f"the run is {state_of(member.record)}"))
    return notes


def _recorded(member: Member, split: str | None) -> dict[str, float]:
    """Return what the run recorded for the weights; training numbers are not comparable.

    While training, the loss of a batch is taken before its update, by ever other weights.
    """
    if split in ("train", None):
        return {}
    checkpoints = member.record.get("checkpoints") or {}
    kept = (checkpoints.get(member.name) or {}).get("metrics") or {}
    return {k: v for k, v in kept.items() if k.startswith(f"{split}/") and v is not None}


def _are_other_data(record: Any, data: DataModule) -> bool:
    before = (record.get("data") or {}).get("fingerprint")
    return bool(before and data.fingerprint and before != data.fingerprint)
