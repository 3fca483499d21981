"""Where the commands of a Slurm job write to, by which they find it when the job starts again."""

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from seedbed.errors import ConfigError
from seedbed.process.slurm import SlurmJob
from seedbed.reading.json_files import Count, Text, converted, read_plain_json
from seedbed.runs.record import write_json

# Below the folder of all outputs.
FOLDER = "requeued"
MOST_BYTES = 2**20


class Note(msgspec.Struct):
    """Note of a command of a job: what it runs, and where.

    Attributes:
        kind: `run` or `sweep`.
        folder: its folder.
        restarts: how often the job had been queued again when the command began.
        trust: modules that the command trusts, or whose classes its configs name.
    """

    kind: Literal["run", "sweep"]
    folder: Text
    restarts: Count
    trust: Annotated[list[Text], msgspec.Meta(max_length=1000)] = []


def note_path(outputs: str, job: SlurmJob, command: Sequence[str]) -> Path:
    """Return the file of the note of a command, by its words and its working folder.

    A job may run several.
    """
    said = json.dumps([os.getcwd(), *command], ensure_ascii=True)
    number = hashlib.sha256(said.encode()).hexdigest()[:12]
    return Path(outputs) / FOLDER / f"{job.id}-{number}.json"


def write_note(path: Path, note: Note) -> None:
    """Write a note."""
    write_json(path, msgspec.to_builtins(note))


def read_note(path: Path) -> Note | None:
    """Return a note of this user's; None where there is none, or it is damaged."""
    try:
        state = os.stat(path, follow_symlinks=False)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.getuid():
            return None
        return converted(path, read_plain_json(path, MOST_BYTES), Note)
    except (OSError, ConfigError):
        return None
