"""`seedbed dashboard [DIR]`: TensorBoard on the outputs, for this machine alone."""

import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedbed.commands.arguments import parse_arguments
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.errors import ConfigError

HOST = "127.0.0.1"
FIRST_PORT = 6006
USAGE = """dashboard [DIR]

Start TensorBoard on the runs below DIR, by default the folder that runs are written to.
"""


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
    """Replace this process by TensorBoard on the folder; the address is printed first."""
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
    command = [sys.executable, "-P", "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", HOST, "--port", str(port)]
    os.execv(sys.executable, command)


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
