"""launch.json: what a worker of a sweep has to know beside the plan and the configs."""

import secrets
from pathlib import Path
from typing import Any

import msgspec

from seedbed.files import write_atomically
from seedbed.reading.json_files import Count, Text, read_json
from seedbed.version import __version__

FORMAT = 1
# Of the reports of a hundred thousand trials.
MOST_BYTES = 512 * 2**20


class Earlier(msgspec.Struct, frozen=True, omit_defaults=True):
    """Trial of an earlier generation, which the rule of a search sees.

    `violation` is None where it is infinite.
    """

    number: Count
    status: Text
    reports: dict[str, list[float | None]] = {}
    violation: float | None = 0.0


class Launch(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker has to know.

    Attributes:
        token: random word of this start of the sweep; workers of another start leave.
        options: the keys of `sweep`.
        command: the words of the command line.
        goes_on: whether the sweep was begun before, so that jobs may have folders.
        earlier: trials that the rule of a search sees.
        module_folders: where modules of the user's may lie.
        version: of Seedbed.
        format: of this file and the queue.
    """

    token: Text
    options: dict[str, Any]
    command: list[Text]
    goes_on: bool = False
    earlier: list[Earlier] = []
    module_folders: list[Text] = []
    version: Text = ""
    format: Count = 0


def new_token() -> str:
    """Return a word that no other start of a sweep has."""
    return secrets.token_hex(8)


def launch_file(saved: Path) -> Path:
    """Return the file in the folder of what a sweep has saved."""
    return saved / "launch.json"


def write_launch(saved: Path, launch: Launch) -> None:
    """Write launch.json, with the version and format that this process has."""
    own = msgspec.structs.replace(launch, version=__version__, format=FORMAT)
    write_atomically(launch_file(saved), msgspec.json.encode(own))


def read_launch(saved: Path) -> Launch:
    """Return what `write_launch` wrote; raises RunFolderError where it is damaged."""
    return read_json(launch_file(saved), Launch, MOST_BYTES)
