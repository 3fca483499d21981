"""`seedbed evaluate run=DIR`: measure a run, or a sweep's jobs together, on a split or new rows."""

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.data.data_module import DataModule
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.predicting.measured import Measured, measured_on_input, measured_on_split
from seedbed.experiment.predicting.measured_ensemble import measured_together
from seedbed.experiment.predicting.member import Asked, Member, open_member
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.environment import versions
from seedbed.runs.record import KILLED, state_of, write_json
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.members import members_of, open_run_or_sweep
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import relative

# The split that is measured where the command names no rows.
DEFAULT_SPLIT = "test"


def evaluate(config: DictConfig, command: list[str]) -> int:
    """Print the metrics of a run's weights, and write them to evaluate-NAME.json in its folder.

    The name is that of the split, or of the file or folder of new rows.
    """
    quiet_lightning()
    folder = open_run_or_sweep(config.run, config.paths.outputs, say=True)
    split = config.split or (None if config.input is not None else DEFAULT_SPLIT)
    file = _result_file(folder.path, split or Path(config.input).absolute().name, config.output)
    asked = Asked(
        list(config.trust),
        config.paths.data,
        config.checkpoint,
        config.accelerator,
        config.file,
        measures=True,
    )
    if isinstance(folder, SweepFolder):
        _together(folder, config, asked, split, file)
    else:
        _alone(folder, config, asked, split, file)
    return 0


def _alone(
    folder: RunFolder, config: DictConfig, asked: Asked, split: str | None, file: Path
) -> None:
    """Measure a run."""
    member = open_member(folder, asked, own_rows=split is not None)
    if split is None:
        measured = measured_on_input(member, config.input, config.targets, config.accelerator)
    else:
        measured = measured_on_split(member, split, config.accelerator, config.file)
    weights = member.weights()
    used = {"checkpoint": weights.name, "epoch": weights.epoch}
    where = _write(file, _result(folder.path, used, member, measured, split, config.input))
    if member.record.get("error") == KILLED and file.exists():  # Nobody writes there any more.
        folder.remove_leftovers()
    columns = {weights.called: measured.metrics}
    if recorded := _recorded(member, split):
        columns["recorded by the run"] = recorded
    _print(columns, measured, split, where)
    _say([*weights.lines, *_notes(member, measured, split)])


def _together(
    folder: SweepFolder, config: DictConfig, asked: Asked, split: str | None, file: Path
) -> None:
    """Measure the mean of what the jobs of a sweep predict."""
    members = members_of(folder, config.ensemble, config.paths.outputs)
    members.require_split(split)
    ensemble, measured = measured_together(members.jobs, asked, split, config.input, config.targets)
    jobs = [{"number": number, "epoch": epoch} for number, epoch in sorted(ensemble.epochs)]
    used = {"checkpoint": config.checkpoint, "ensemble": config.ensemble, "jobs": jobs}
    where = _write(file, _result(folder.path, used, ensemble.first, measured, split, config.input))
    count = len(jobs)
    title = f"mean of {count} jobs" if count > 1 else f"job {jobs[0]['number']}"
    _print({title: measured.metrics}, measured, split, where)
    lines = [members.line, ("jobs", ensemble.members_text())]
    _say([*lines, *(("note", note) for note in members.notes), *ensemble.notes])


def _result(
    folder: Path,
    used: dict[str, Any],
    member: Member,
    measured: Measured,
    split: str | None,
    source: str | None,
) -> dict[str, Any]:
    """Return the fields of the result."""
    if source is None:
        of_rows: dict[str, Any] = {"data": {"fingerprint": member.data.fingerprint}}
    else:
        of_rows = {"input": source, "sha256": _hash(Path(source))}
    return {
        "run": relative(folder),
        **used,
        "split": split,
        "rows": measured.rows,
        "metrics": measured.metrics,
        **of_rows,
        "versions": versions(),
        "evaluated": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def _write(file: Path, result: dict[str, Any]) -> str:
    """Write the result; return the line that says where, or why not."""
    try:
        write_json(file, result)
        return f"written to   {relative(file)}"
    except OSError as error:  # What was measured is worth more than its file.
        return f"not written  {relative(file)}: {(error.strerror or str(error)).lower()}"


def _notes(member: Member, measured: Measured, split: str | None) -> list[tuple[str, str]]:
    """Return what people should know of the rows and the run."""
    notes = [("note", text) for text in measured.notes]
    if split is not None and _are_other_data(member.record, member.data):
        notes.append(("note", "the data are not those that the run was trained on"))
    if member.record["status"] in ("running", "interrupted"):
        notes.append(("note", f"the run is {state_of(member.record)}"))
    return notes


def _say(lines: Sequence[tuple[str, str]]) -> None:
    for title, text in lines:
        print(f"{title:13}{text}")


def _result_file(folder: Path, name: str, output: str | None) -> Path:
    """Return the file of the result; raise ConfigError where its name is taken by something else.

    A file of that name that evaluate wrote itself is written anew.
    """
    file = folder / f"evaluate-{name}.json"
    if output is not None:
        file = Path(output)
        if file.suffix != ".json":
            raise ConfigError(f"output={output}: the name must end in .json")
        if not file.parent.is_dir():
            raise ConfigError(f"output={output}: no folder {file.parent}")
    if not os.path.lexists(file):
        return file
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if not file.is_symlink() else None
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not {"checkpoint", "split", "metrics"} <= content.keys():
        raise ConfigError(f"{file}: not written by evaluate, which would replace it; move it away")
    return file


def _hash(path: Path) -> str | None:
    """Return the SHA-256 of a file; None of a folder."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recorded(member: Member, split: str | None) -> dict[str, float]:
    """Return what the run recorded for the weights; training numbers are not comparable.

    While training, the loss of a batch is taken before its update, by ever other weights.
    """
    if split in ("train", None):
        return {}
    checkpoints = member.record.get("checkpoints") or {}
    kept = (checkpoints.get(member.name) or {}).get("metrics") or {}
    return {k: v for k, v in kept.items() if k.startswith(f"{split}/") and v is not None}


def _print(
    columns: dict[str, dict[str, float]], measured: Measured, split: str | None, where: str
) -> None:
    print_table(metrics_table(columns))
    if split is None and measured.rows is not None:
        print(f"rows         {measured.rows:,}")
    print(where)


def _are_other_data(record: Any, data: DataModule) -> bool:
    before = (record.get("data") or {}).get("fingerprint")
    return bool(before and data.fingerprint and before != data.fingerprint)
