"""Commands of seedbed by the hundred: a process that has imported it forks itself for each.

A command of its own process takes seconds to import torch; a fork takes milliseconds. The child
gets the words, folder and environment of the command, empty input, and limits of memory and file
size. The process runs this module: it reads requests as lines of JSON, and answers alike.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

GIB = 2**30
MOST_MEMORY = 4 * GIB
MOST_FILE = GIB
# What a user has on the way to a command, and what would lead a run elsewhere, stay outside.
INHERITED = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "PYTHONPATH")


@dataclass(frozen=True)
class Outcome:
    """Outcome of a command.

    Attributes:
        code: exit code; negative where a signal ended it, None where it ran out of time.
        out, err: what it wrote.
        seconds: how long it took.
        mib: memory that it took beside that of the server, in MiB.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    mib: float


class CommandServer:
    """A warm process that runs commands; a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "CommandServer":
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(Path(__file__))]
        self._process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process is not None
        self._process.communicate()

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        limit: float = 20,
    ) -> Outcome:
        """Run `seedbed WORDS` in a folder for at most `limit` seconds."""
        request = {
            "words": list(words),
            "folder": str(folder),
            "environment": base_environment() | dict(environment or {}),
            "limit": limit,
        }
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return Outcome(**json.loads(self._process.stdout.readline()))


def base_environment() -> dict[str, str]:
    """Return the environment of a command: little of one's own."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1"}


def fresh_process(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float = 60
) -> Outcome:
    """Run the installed command `seedbed WORDS` in a process that has imported nothing yet."""
    started = time.monotonic()
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("seedbed")), *words],
        cwd=folder,
        env=base_environment() | dict(environment),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        code: int | None
        try:
            out, err = process.communicate(timeout=limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            code = None
    return Outcome(code, out, err, time.monotonic() - started, 0.0)


# ---- The server's side ---------------------------------------------------------------------------


def serve() -> None:
    """Answer the requests on stdin until it ends."""
    sys.path.remove(str(Path(__file__).parent))
    _import_what_commands_import()
    for line in sys.stdin:
        print(json.dumps(asdict(_answer(json.loads(line)))), flush=True)


def _answer(request: dict[str, Any]) -> Outcome:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            _become(request, out.fileno(), err.fileno())
            _run(request["words"])
        status, memory = _ended(child, started + request["limit"])
        seconds = time.monotonic() - started
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(10_000_000).decode(errors="backslashreplace"))
        code = None if status is None else os.waitstatus_to_exitcode(status)
        return Outcome(code, *texts, seconds=seconds, mib=memory)


def _become(request: dict[str, Any], out: int, err: int) -> None:
    """Make a forked child what a process of the command would be."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    in_use = _status_of_this_process("VmSize") * 1024
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MOST_MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(words: list[str]) -> NoReturn:
    """Run a command in place of this process; the dashboard would start another program.

    `PYTHON FOLDER` looks at a folder from Python.
    """
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from scripts.hostile_cases.python_view import look

    from seedbed.cli.main import main

    os.execv = lambda *command: os._exit(0)  # type: ignore[assignment]
    sys.argv = [str(Path(sys.executable).with_name("seedbed")), *words]
    code: object = 0
    try:
        if words[0] == "PYTHON":
            code = look(words[1])
        else:
            main()
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    weakref.finalize._exitfunc()  # type: ignore[attr-defined]  # As at the end of a process.
    os._exit(code if isinstance(code, int) else int(code is not None))


def _ended(child: int, deadline: float) -> tuple[int | None, float]:
    """Wait for a child, or end it; return its status and the memory beside what it began with."""
    before = _status_of_this_process("VmRSS")
    late = False
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline and not late:
            late = True
            os.kill(child, signal.SIGKILL)
        time.sleep(0.003)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # What it has started and left behind.
    return None if late else status, max(0, usage.ru_maxrss - before) / 1024


def _status_of_this_process(name: str) -> int:
    """Return a figure of /proc/self/status in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _import_what_commands_import() -> None:
    """Run some commands, each in a child, and import what it has imported at its end."""
    commands = (
        ["train", "data=blobs", "model=mlp", "data.val_size=0.2", "trainer.max_epochs=1"],
        ["train", "-m", "trainer.max_epochs=1", "seed=0,1", "sweep.fuse=always"],
        ["predict", "run=latest", "input=[[1,2]]"],
        ["report", "latest"],
        ["PYTHON", "latest"],
    )
    # The largest first: then no child takes long.
    for name in ("torch", "pytorch_lightning", "seedbed.commands.train"):
        import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        for words in commands:
            for name in _modules_of(words, folder):
                with suppress(Exception):
                    import_module(name)


def _modules_of(words: list[str], folder: str) -> list[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_RDWR)
        _become({"environment": base_environment(), "folder": folder}, null, null)
        os._exit = _telling(writing, os._exit)  # type: ignore[assignment]
        _run(words)
    os.close(writing)
    with open(reading) as told:
        names = told.read().split()
    os.waitpid(child, 0)
    return names


def _telling(descriptor: int, end: Any) -> Any:
    def tell_and_end(code: int) -> NoReturn:
        os.write(descriptor, "\n".join(sys.modules).encode())
        end(code)

    return tell_and_end


if __name__ == "__main__":
    serve()
