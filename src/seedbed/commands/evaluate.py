"""`seedbed evaluate run=DIR`: measure a run, or a sweep's jobs together, on a split or new rows."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.commands.measuring import Evaluation, WantedRows, measured_of
from seedbed.documents import answer
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.predicting.measured import Measured
from seedbed.experiment.predicting.member import Asked
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.environment import versions
from seedbed.runs.record import KILLED, write_json
from seedbed.sweep.results.members import open_run_or_sweep
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
    rows = WantedRows(split, config.input, config.targets)
    evaluation = measured_of(folder, rows, asked, config.ensemble, config.paths.outputs)
    member, measured = evaluation.member, evaluation.measured
    result = _result(folder.path, evaluation, rows)
    written, where = _write(file, result)
    is_run = isinstance(folder, RunFolder)
    if is_run and member.record.get("error") == KILLED and file.exists():
        member.folder.remove_leftovers()  # Nobody writes there any more.
    columns = {evaluation.title: measured.metrics}
    if evaluation.recorded:
        columns["recorded by the run"] = dict(evaluation.recorded)
    _print(columns, measured, split, where)
    for title, text in evaluation.lines:
        print(f"{title:13}{text}")
    if answer.asked():
        from seedbed.commands.documents.evaluation import evaluation_document

        answer.give(evaluation_document(result, evaluation, file if written else None))
    return 0


def _result(folder: Path, evaluation: Evaluation, rows: WantedRows) -> dict[str, Any]:
    """Return the fields of the result."""
    member, measured = evaluation.member, evaluation.measured
    if rows.source is None:
        of_rows: dict[str, Any] = {"data": {"fingerprint": member.data.fingerprint}}
    else:
        of_rows = {"input": rows.source, "sha256": _hash(Path(rows.source))}
    return {
        "run": relative(folder),
        **evaluation.used,
        "split": rows.split,
        "rows": measured.rows,
        "metrics": measured.metrics,
        **of_rows,
        "versions": versions(),
        "evaluated": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def _write(file: Path, result: dict[str, Any]) -> tuple[bool, str]:
    """Write the result; return whether it is written, and the line that says where, or why not."""
    try:
        write_json(file, result)
        return True, f"written to   {relative(file)}"
    except OSError as error:  # What was measured is worth more than its file.
        return False, f"not written  {relative(file)}: {(error.strerror or str(error)).lower()}"


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


def _print(
    columns: dict[str, dict[str, float]], measured: Measured, split: str | None, where: str
) -> None:
    print_table(metrics_table(columns))
    if split is None and measured.rows is not None:
        print(f"rows         {measured.rows:,}")
    print(where)
