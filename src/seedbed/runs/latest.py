"""The latest of several runs or sweeps: the newest that can be used, by the time it began."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from seedbed.terminal.words import relative


class Candidate(NamedTuple):
    """Folder of a run or a sweep.

    Attributes:
        path: the folder.
        started: when it began, in UTC.
        state: what became of it, in words.
        usable: whether the command can do something with it.
    """

    path: Path
    started: datetime
    state: str
    usable: bool


def latest(candidates: Iterable[Candidate], word: str, *, say: bool) -> Path | None:
    """Return the newest usable folder; where none is usable the newest, None where there is none.

    With `say` a line on stderr tells what `word`, such as `run=latest`, stands for, and which newer
    folder was passed over.
    """
    ordered = sorted(candidates, key=lambda run: (run.usable, run.started, str(run.path)))
    if not ordered:
        return None
    taken = ordered[-1]
    if say:
        newest = max(ordered, key=lambda run: run.started)
        passed = newest.started > taken.started
        newer = f"; passed over {relative(newest.path)}, {newest.state}" if passed else ""
        print(f"{word}: {relative(taken.path)}, {taken.state}{newer}", file=sys.stderr)
    return taken.path


def start_of(fields: object, path: Path) -> datetime:
    """Return when a run or a sweep began, by `started` among its fields.

    A record that does not say it counts as of the last change of its file, `path`.
    """
    text = fields.get("started") if isinstance(fields, dict) else None
    try:
        started = datetime.fromisoformat(str(text))
    except ValueError:
        started = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return started if started.tzinfo else started.replace(tzinfo=UTC)
