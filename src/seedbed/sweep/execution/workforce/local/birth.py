"""Birth of the server of local workers: a fork of this process, or a fresh one."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.process.program import is_command
from seedbed.sweep.execution.workforce.local.server import import_quickly, serve

# What every worker needs, and those that run jobs alone.
EVERY_WORKER = ("torch", "seedbed.sweep.execution.worker")
ALONE = (
    "seedbed.experiment.training.experiment",
    "seedbed.experiment.training.loading",
    "seedbed.commands.train",
)
# How threads are called in which Polars works on tables.
_OF_POLARS = ("polars-0", "tokio-rt", "async-exec")
_FRESH = (
    "import sys; sys.path[:] = {path!r}\n"
    "from seedbed.sweep.execution.workforce.local.birth import be_server\n"
    "be_server({descriptor})"
)


class Born(NamedTuple):
    """Server that was born: the connection to it and its pid."""

    connection: "Connection[Any, Any]"
    pid: int


def born(fork: bool, alone: bool) -> Born:
    """Return a new server; `alone`: workers will run jobs alone, which need more modules.

    A fork shares what this process has imported, and takes 0.1 s; a fresh one takes 3 to 6 s.
    """
    ours, theirs = Pipe()
    if fork:
        if alone:  # This process will need them as well.
            import_quickly(ALONE)
        return Born(ours, _forked(theirs))
    environment = {**os.environ, "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
    program = _FRESH.format(path=sys.path, descriptor=theirs.fileno())
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        pass_fds=(theirs.fileno(),),
        stdin=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    theirs.close()
    process.returncode = 0  # It is waited for elsewhere.
    return Born(ours, process.pid)


def may_fork(gpu: bool) -> bool:
    """Return whether this process may be forked: the command's, on Linux, without threads.

    Of a process that has asked for a GPU no fork could use it; a script or notebook may have any
    threads, and libraries that do not bear it.
    """
    if sys.platform != "linux" or gpu or not is_command():
        return False
    return threading.active_count() == 1 and not _has_worked()


def _has_worked() -> bool:
    """Return whether Polars has begun the threads that it works with.

    NumPy's are of no harm, nor are those that it has once it is imported.
    """
    names = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # It has ended meanwhile.
            names.append((task / "comm").read_text())
    return any(name.startswith(_OF_POLARS) for name in names)


def _forked(connection: "Connection[Any, Any]") -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        serve(connection)
    connection.close()
    return pid


def be_server(descriptor: int) -> None:
    """Be the server, in a fresh process, of the connection that has this descriptor."""
    connection: Connection[Any, Any] = Connection(descriptor)
    import_quickly(EVERY_WORKER)
    serve(connection)
