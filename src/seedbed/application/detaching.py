"""`sweep.detach=true`: the sweep goes on in the background, and the command returns."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

from seedbed.documents import answer
from seedbed.errors import ConfigError, SeedbedError
from seedbed.process.background import Started, start
from seedbed.terminal.telling import tell
from seedbed.terminal.words import relative

# The last letters of what a command has said that are shown where it did not say what was wrong.
MOST_LETTERS = 500


class Detached(NamedTuple):
    """A sweep that goes on in the background: its folder, and what jobs name classes of."""

    folder: Path
    modules: Sequence[str]


def run_detached(words: Sequence[str], full_error: str | None, in_script: bool) -> Detached | int:
    """Run the words of `seedbed train` until the sweep goes on by itself.

    Args:
        words: those that were typed, without the verb and those of the project file.
        full_error: what the user has set HYDRA_FULL_ERROR to.
        in_script: whether Python asks, to which errors are raised, and nothing is printed.

    Returns:
        The sweep, or the exit code of a command that ended before; it has said why.
    """
    environment = dict(os.environ)
    environment.pop("HYDRA_FULL_ERROR", None)
    if full_error is not None:
        environment["HYDRA_FULL_ERROR"] = full_error
    if not in_script and not answer.asked():
        return _ended(start(["train", *words], environment))
    if in_script:  # Classes come from where the script has them from.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        errors = stderr if in_script else None
        started = start(["train", *words, answer.FLAG], environment, stdout, errors)
        if started.told is None:
            _refused(started.code, _document(stdout), _last(stderr) if in_script else None)
    return _ended(started)


def _ended(started: Started) -> Detached | int:
    if started.told is None:
        return started.code
    told = started.told
    folder = Path(told["folder"])
    where = relative(folder)
    tell(f"detached     {where}: process {told['process']} goes on with it")
    tell(f"look         seedbed status {told['word']}")
    tell(f"stop         seedbed cancel {told['word']}")
    tell(f"output       {relative(folder / told['log'])}", flush=True)
    return Detached(folder, told["modules"])


def _refused(code: int, document: dict[str, Any], printed: str | None) -> None:
    """Raise in Python what a command has said to be wrong; else give its document."""
    if printed is None:
        answer.give(document)
        return
    message = document.get("message") or printed or f"it ended with exit code {code}"
    raise (ConfigError if code == 2 else SeedbedError)(message)


def _document(file: IO[bytes]) -> dict[str, Any]:
    try:
        content = json.loads(_text(file))
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()


def _last(file: IO[bytes]) -> str:
    return _text(file)[-MOST_LETTERS:]
