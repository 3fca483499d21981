"""Server of local workers: a process without threads of its own, which forks them.

What takes seconds to import it has imported, so that a worker begins at once. It is a fork of the
sweep's own process, or a fresh one where that must not be forked. It works in a session of its own:
Ctrl-C reaches the sweep alone, which then lets the workers save. Where the sweep has gone the
workers are asked to end as by SIGTERM, and killed 20 s later; they watch the server likewise.
"""

import os
import pickle
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

from seedbed.process import garbage_collection
from seedbed.process.parent import SECONDS_TO_SAVE, end_with_parent
from seedbed.process.signals import SIGNALS
from seedbed.sweep.execution.workforce.local.messages import End, Function, Import, Start, Stop

# Signals are told at once, and what they miss after so many seconds.
SECONDS_BETWEEN_LOOKS = 1.0
# What a worker returns fits into a pipe that nobody reads before it has ended.
MOST_BYTES = 60_000


@dataclass
class _Worker:
    """Worker that runs: its name, and the end of the pipe in which it leaves what it returns."""

    name: str
    results: int


class Server:
    """Server that starts workers as it is told by a connection, and tells when they end."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self.connection = connection
        self.workers: dict[int, _Worker] = {}
        self.function = b""
        # Once no more workers are to be started; and when those that are left are killed.
        self._stops = self._has_gone = False
        self._deadline: float | None = None
        self._alarm, self._bell = os.pipe()

    def serve(self) -> None:
        """Serve until the sweep needs no worker any more, or has gone."""
        os.set_blocking(self._alarm, False)
        os.set_blocking(self._bell, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        while self.workers or not self._stops:
            listening = [] if self._has_gone else [self.connection]
            ready = wait([*listening, self._alarm], SECONDS_BETWEEN_LOOKS)
            if self.connection in ready:
                self._obey()
            with suppress(BlockingIOError):
                os.read(self._alarm, 4096)
            self._reap()
            if self._deadline and time.monotonic() > self._deadline:
                self._signal(signal.SIGKILL)

    def _obey(self) -> None:
        """Follow an order of the sweep; where the sweep has gone, let all end within a time."""
        try:
            order = self.connection.recv()
        except (EOFError, OSError):
            self._stops = self._has_gone = True
            self._deadline = time.monotonic() + SECONDS_TO_SAVE
            self._signal(signal.SIGTERM)
            return
        if isinstance(order, Import):
            import_quickly(order.modules)
        elif isinstance(order, Function):
            self.function = order.pickled
        elif isinstance(order, Start):
            self._start(order)
        elif isinstance(order, Stop):
            self._stops = True
            if order.seconds is not None:
                self._deadline = time.monotonic() + order.seconds

    def _start(self, order: Start) -> None:
        results, end_of_worker = os.pipe()
        server = os.getpid()
        # No signal may come between a worker's first step and its own handlers.
        with suppress(ValueError):
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._work(order, end_of_worker, server)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.close(end_of_worker)
        os.set_blocking(results, False)
        self.workers[pid] = _Worker(order.name, results)

    def _work(self, order: Start, results: int, server: int) -> NoReturn:
        """Do the part of a worker, in its process."""
        code, returned, error = 0, None, ""
        try:
            keep_only((results,))
            _as_any_process()
            os.environ.update(order.environment)
            end_with_parent(server)
            returned = _called(self.function, order)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException as raised:
            traceback.print_exc()
            code, error = 1, f"{type(raised).__name__}: {raised}"
        with suppress(Exception):
            pickled = pickle.dumps((returned, error[: MOST_BYTES // 8]))
            if len(pickled) < MOST_BYTES:
                os.write(results, pickled)
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)

    def _reap(self) -> None:
        """Tell the sweep of the workers that have ended."""
        for pid, worker in list(self.workers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self.workers[pid]
            content = b""
            with suppress(BlockingIOError):
                content = os.read(worker.results, MOST_BYTES)
            os.close(worker.results)
            returned, error = pickle.loads(content) if content else (None, "")
            news = End(worker.name, os.waitstatus_to_exitcode(status), returned, error)
            with suppress(OSError):  # The sweep has gone.
                self.connection.send(news)

    def _signal(self, number: int) -> None:
        for pid in self.workers:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _called(function: bytes, order: Start) -> Any:
    import torch

    torch.set_num_threads(min(order.threads, torch.get_num_threads()))
    call = pickle.loads(function)
    return call(started=order.name, device=order.device, threads=order.threads)


def _as_any_process() -> None:
    """Give this process the handlers of signals that one has which was just started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def keep_only(descriptors: tuple[int, ...]) -> None:
    """Let go of all open files but standard output and error, and these descriptors.

    A lock that the process before has taken would be held as long as any of its files is open. The
    numbers stay in use, since objects that were copied along may close them later.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    kept = {1, 2, nothing, *descriptors}
    for name in os.listdir("/dev/fd" if not os.path.isdir("/proc/self/fd") else "/proc/self/fd"):
        with suppress(OSError):  # That of the folder itself is closed by now.
            if int(name) not in kept:
                os.fstat(int(name))
                os.dup2(nothing, int(name), inheritable=False)
    os.close(nothing)


def import_quickly(modules: tuple[str, ...]) -> None:
    """Import modules, and keep what they leave from the garbage collector: all workers share it."""
    garbage_collection.pause()
    for module in modules:
        import_module(module)
    garbage_collection.resume()


def serve(connection: "Connection[Any, Any]") -> NoReturn:
    """Be the server of this connection for the rest of this process."""
    code = 1
    try:
        with suppress(PermissionError):  # A fresh process was started in one.
            os.setsid()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        keep_only((connection.fileno(),))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        Server(connection).serve()
        code = 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)
