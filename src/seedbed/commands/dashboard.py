"""`seedbed dashboard [DIR]`: TensorBoard on the outputs, for this machine alone."""

import os
import socket
import sys
from pathlib import Path

from seedbed.errors import ConfigError

HOST = "127.0.0.1"
FIRST_PORT = 6006


def serve(arguments: list[str]) -> int:
    """Replace this process by TensorBoard on the folder; the address is printed first."""
    folder, port = parse(arguments)
    if port is not None and not is_free(port):
        raise ConfigError(f"dashboard: port {port} is taken; choose another with port=N")
    if not folder.is_dir():
        raise ConfigError(f"dashboard: no folder '{folder}'; train something first, or name one")
    port = free_port() if port is None else port
    print(f"TensorBoard on {folder}: http://{HOST}:{port}/  (stop with Ctrl-C)", flush=True)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", HOST, "--port", str(port)]
    os.execv(sys.executable, command)


def parse(arguments: list[str]) -> tuple[Path, int | None]:
    """Return the folder and the port of `[DIR] [port=N]`."""
    folders: list[Path] = []
    port = None
    for argument in arguments:
        if argument in ("-h", "--help"):
            print("usage: seedbed dashboard [DIR] [port=N]\n\nDIR: runs to show; default: outputs")
            sys.exit(0)
        if argument.startswith("port="):
            digits = argument.removeprefix("port=")
            if not (digits.isascii() and digits.isdecimal()) or not 0 < int(digits) < 65536:
                raise ConfigError(f"port: '{digits}' is not a number from 1 to 65535")
            port = int(digits)
        elif argument.startswith("-"):
            raise ConfigError(f"dashboard: unknown flag '{argument}'; usage: [DIR] [port=N]")
        else:
            folders.append(Path(argument))
    if len(folders) > 1:
        raise ConfigError(f"dashboard: one folder at a time, and {len(folders)} were named")
    return next(iter(folders), Path(os.environ.get("SEEDBED_OUTPUTS", "outputs"))), port


def free_port() -> int:
    """Return the first free port from TensorBoard's own upwards."""
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if is_free(port):
            return port
    raise ConfigError(f"dashboard: no free port from {FIRST_PORT}; choose one with port=N")


def is_free(port: int) -> bool:
    """Tell whether TensorBoard could listen on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
