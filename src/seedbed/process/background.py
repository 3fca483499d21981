"""A command that goes on in the background: started by a small one, which it tells when it has.

Nothing is forked that has threads. The command that a person types starts itself as a process of
its own, which checks, plans and writes as always; then that one takes leave of the terminal, says
so, and goes on.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from seedbed.process.program import PROGRAM

# The descriptor of the pipe to the command that waits.
VARIABLE = "SEEDBED_GOES_TO_BACKGROUND"
SECONDS_TO_END = 10.0


class _Background:
    """Where this process stands: it may be asked to go to the background, and have gone there."""

    pipe: int | None = None
    is_known = False
    has_gone = False


def is_asked() -> bool:
    """Return whether this process is to go to the background once it has begun."""
    if not _Background.is_known:
        # No process that this one starts is asked as well.
        text = os.environ.pop(VARIABLE, "")
        _Background.pipe = int(text) if text.isdecimal() else None
        _Background.is_known = True
        if _Background.pipe is not None:
            os.set_inheritable(_Background.pipe, False)
    return _Background.pipe is not None


def has_gone() -> bool:
    """Return whether this process works in the background."""
    return _Background.has_gone


def go(log: Path, told: Mapping[str, Any]) -> None:
    """Go on in the background, where that is asked: what waits for it is told, and ends.

    A session of its own has no terminal that could close. What is printed goes to `log`.
    """
    if not is_asked():
        return
    assert _Background.pipe is not None
    pipe, _Background.pipe, _Background.has_gone = _Background.pipe, None, True
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with suppress(PermissionError):  # It leads a group of processes already.
        os.setsid()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    for descriptor, new in (
        (0, os.open(os.devnull, os.O_RDONLY)),
        (1, os.open(log, flags, 0o666)),
        (2, 1),
    ):
        os.dup2(new, descriptor)
        if new > 2:
            os.close(new)
    with suppress(BrokenPipeError):
        os.write(pipe, json.dumps({"process": os.getpid(), **told}).encode())
    os.close(pipe)


class Started:
    """A command that was started to go to the background.

    Attributes:
        told: what it has told; None where it ended before.
        code: its exit code then.
    """

    def __init__(self, told: dict[str, Any] | None, code: int) -> None:
        self.told = told
        self.code = code


def start(
    words: Sequence[str],
    environment: Mapping[str, str],
    stdout: IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
) -> Started:
    """Start `seedbed` with these words, and wait until it is in the background, or has ended.

    It writes to `stdout` and `stderr`; None (default): where this process does. What ends this
    process meanwhile ends it as well.
    """
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as told:
        process = subprocess.Popen(
            [sys.executable, PROGRAM, *words],
            env={**environment, VARIABLE: str(writer)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[writer],
        )
        os.close(writer)
        try:
            content = told.read()
            code = 0 if content else process.wait()
        except BaseException:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
            raise
    if content:
        process.returncode = 0  # It goes on, and nobody here waits for it.
    return Started(json.loads(content) if content else None, code if code >= 0 else 128 - code)
