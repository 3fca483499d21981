"""What was fitted to a run's training rows: its file, and its part in the checkpoints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from seedbed.reading.content import MEBIBYTE, refuse_links_out
from seedbed.reading.json_files import Text, converted, read_plain_json
from seedbed.runs.folder import PREPARATION, RunFolder
from seedbed.runs.record import json_text, write_json

# A table of a million words fits.
MOST_BYTES = 64 * MEBIBYTE


class _Stored(TypedDict, total=False):
    """What is used of a preparation.json."""

    data: Text
    preparation: dict[str, Any]


def preparation_text(choice: str, preparation: Mapping[str, Any]) -> str:
    """Return the content of preparation.json.

    Args:
        choice: Name of the data option.
        preparation: What its data module has fitted, as plain values.
    """
    return json_text(_fields(choice, preparation))


def write_preparation(path: Path, choice: str, preparation: Mapping[str, Any]) -> None:
    """Write preparation.json atomically."""
    write_json(path, _fields(choice, preparation))


def _fields(choice: str, preparation: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": choice, "preparation": dict(preparation)}


def with_preparation(
    checkpoint: dict[str, Any], preparation: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the content of a checkpoint with what was fitted, where anything was."""
    return checkpoint if preparation is None else {**checkpoint, "preparation": dict(preparation)}


def stored_preparation(
    folder: RunFolder, checkpoint: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return what a run has fitted; None where nothing was.

    Args:
        folder: The run's folder.
        checkpoint: A checkpoint of it, which goes before preparation.json: it is of its weights.

    Raises:
        RunFolderError: The file is damaged, too large, or something else.
    """
    inside = (checkpoint or {}).get("preparation")
    if inside is not None:
        return converted(folder.path, {"preparation": inside}, _Stored)["preparation"]
    refuse_links_out(folder.path, [PREPARATION])
    if not folder.preparation.is_file():
        return None
    content = read_plain_json(folder.preparation, MOST_BYTES)
    return converted(folder.preparation, content, _Stored).get("preparation")
