"""`seedbed evaluate run=DIR`: measure a run on one of its splits, or on new rows."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.data.data_module import DataModule
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.predicting.measured import Measured, measured_on_input, measured_on_split
from seedbed.experiment.predicting.member import Asked, Member, open_member
from seedbed.runs.folder import open_run
from seedbed.runs.provenance.environment import versions
from seedbed.runs.record import KILLED, state_of, write_json
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import relative

# The split that is measured where the command names no rows.
DEFAULT_SPLIT = "test"


def evaluate(config: DictConfig, command: list[str]) -> int:
    """Print the metrics of a run's weights, and write them to evaluate-NAME.json in its folder.

    The name is that of the split, or of the file or folder of new rows.
    """
    quiet_lightning()
    folder = open_run(config.run, config.paths.outputs, say=True)
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
    member = open_member(folder, asked, own_rows=split is not None)
    if split is None:
        measured = measured_on_input(member, config.input, config.targets, config.accelerator)
        of_rows = {"input": config.input, "sha256": _hash(Path(config.input))}
    else:
        measured = measured_on_split(member, split, config.accelerator, config.file)
        of_rows = {"data": {"fingerprint": member.data.fingerprint}}

    weights = member.weights()
    result = {
        "run": relative(folder.path),
        "checkpoint": weights.name,
        "epoch": weights.epoch,
        "split": split,
        "rows": measured.rows,
        "metrics": measured.metrics,
        **of_rows,
        "versions": versions(),
        "evaluated": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    try:
        write_json(file, result)
        where = f"written to   {relative(file)}"
        if member.record.get("error") == KILLED:  # Nobody writes there any more.
            folder.remove_leftovers()
    except OSError as error:  # What was measured is worth more than its file.
        where = f"not written  {relative(file)}: {(error.strerror or str(error)).lower()}"
    _print(member, measured, split, where)
    for title, text in _notes(member, measured, split):
        print(f"{title:13}{text}")
    return 0


def _notes(member: Member, measured: Measured, split: str | None) -> list[tuple[str, str]]:
    """Return what people should know of weights and rows."""
    notes = list(member.weights().lines)
    notes += [("note", text) for text in measured.notes]
    if split is not None and _are_other_data(member.record, member.data):
        notes.append(("note", "the data are not those that the run was trained on"))
    if member.record["status"] in ("running", "interrupted"):
        notes.append(("note", f"the run is {state_of(member.record)}"))
    return notes


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


def _print(member: Member, measured: Measured, split: str | None, where: str) -> None:
    columns = {member.weights().called: measured.metrics}
    if recorded := _recorded(member, split):
        columns["recorded by the run"] = recorded
    print_table(metrics_table(columns))
    if split is None and measured.rows is not None:
        print(f"rows         {measured.rows:,}")
    print(where)


def _are_other_data(record: Any, data: DataModule) -> bool:
    before = (record.get("data") or {}).get("fingerprint")
    return bool(before and data.fingerprint and before != data.fingerprint)
