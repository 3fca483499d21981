"""`seedbed dashboard [DIR]`: TensorBoard on the outputs, for this machine alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seedbed.catalogue.tensorboard.links import NamedLinks
from seedbed.commands.arguments import parse_arguments
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.errors import ConfigError

HOST = "127.0.0.1"
FIRST_PORT = 6006
USAGE = """dashboard [DIR]

Start TensorBoard on the runs below DIR, by default the folder that runs are written to.
The jobs of a sweep are called by the values in which they differ, runs with a name= by it.
"""
# Between two looks for new runs, in s; and how much of the time they may take.
SECONDS_BETWEEN_LOOKS, SHARE = 10.0, 0.05
# The folder of links is removed at the end, even if a link appears meanwhile.
_LINKS: Any = {"prefix": "seedbed-dashboard-", "ignore_cleanup_errors": True}


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed dashboard`."""

    port: int | None = key(
        "port from 1 to 65535; null: the first that is free from 6006 on",
        None,
        at_least=1,
        at_most=65535,
    )


def dashboard(arguments: Sequence[str]) -> int:
    """Run TensorBoard on the folder; the address is printed first.

    TensorBoard calls a run by the path of its folder, and the folders of a sweep's jobs are
    numbered. Where there are any, or runs that have names, it is given a folder of links to them.
    """
    folders, keys = parse_arguments(USAGE, Keys, arguments)
    if len(folders) > 1:
        raise ConfigError(f"dashboard: one folder at a time, and {len(folders)} were named")
    folder, port = Path(next(iter(folders), outputs_folder())), keys.port
    if port is not None and not is_free(port):
        raise ConfigError(f"dashboard: port {port} is taken; choose another with port=N")
    if not folder.is_dir():
        raise ConfigError(f"dashboard: no folder '{folder}'; train something first, or name one")
    port = free_port() if port is None else port
    print(f"TensorBoard on {folder}: http://{HOST}:{port}/  (stop with Ctrl-C)", flush=True)
    # -P: else Python would import files of the working folder in place of libraries.
    command = [sys.executable, "-P", "-m", "tensorboard.main"]
    address = ["--host", HOST, "--port", str(port)]
    links = NamedLinks(folder, Path(outputs_folder()))
    if links.differ:
        with suppress(OSError), TemporaryDirectory(**_LINKS) as place:
            links.make(Path(place))
            return _run([*command, "--logdir", place, *address], links)
        print("seedbed: dashboard: no room for links: jobs are shown by number", file=sys.stderr)
    os.execv(sys.executable, [*command, "--logdir", str(folder), *address])


def _run(command: Sequence[str], links: NamedLinks) -> int:
    """Run TensorBoard to its end, which a signal to this process brings; return the exit code."""
    process = subprocess.Popen(command)

    def end(number: int, frame: object) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        code = _code(process, links)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _code(process: "subprocess.Popen[bytes]", links: NamedLinks) -> int:
    wait = SECONDS_BETWEEN_LOOKS
    while True:
        try:
            return process.wait(wait)
        except subprocess.TimeoutExpired:
            began = time.monotonic()
            with suppress(OSError):  # The next look may see more.
                links.look()
            wait = max(SECONDS_BETWEEN_LOOKS, (time.monotonic() - began) / SHARE)
        except KeyboardInterrupt:  # A terminal has sent it to TensorBoard, too.
            process.send_signal(signal.SIGINT)


def free_port() -> int:
    """Return the first free port from TensorBoard's own upwards."""
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if is_free(port):
            return port
    raise ConfigError(f"dashboard: no free port from {FIRST_PORT}; choose one with port=N")


def is_free(port: int) -> bool:
    """Return whether TensorBoard could listen on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
