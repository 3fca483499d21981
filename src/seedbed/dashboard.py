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
    if not folder.is_dir():
        raise ConfigError(f"dashboard: no folder '{folder}'; train something first, or name one")
    port = free_port(port) if port is None else port
    print(f"TensorBoard on {folder}: http://{HOST}:{port}/  (stop with Ctrl-C)", flush=True)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", HOST, "--port", str(port)]
    os.execv(sys.executable, command)


def parse(arguments: list[str]) -> tuple[Path, int | None]:
    """Return the folder and the port of `[DIR] [port=N]`."""
    folder, port = Path(os.environ.get("SEEDBED_OUTPUTS", "outputs")), None
    for argument in arguments:
        if argument in ("-h", "--help"):
            print("usage: seedbed dashboard [DIR] [port=N]\n\nDIR: runs to show; default: outputs")
            sys.exit(0)
        if argument.startswith("port="):
            digits = argument.removeprefix("port=")
            if not digits.isdigit() or not 0 < int(digits) < 65536:
                raise ConfigError(f"port: '{digits}' is not a number from 1 to 65535")
            port = int(digits)
        elif argument.startswith("-"):
            raise ConfigError(f"dashboard: unknown flag '{argument}'; usage: [DIR] [port=N]")
        else:
            folder = Path(argument)
    return folder, port


def free_port(port: int | None) -> int:
    """Return the first free port from TensorBoard's own upwards."""
    for candidate in range(port or FIRST_PORT, (port or FIRST_PORT) + 100):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, candidate)) != 0:
                return candidate
    raise ConfigError(f"dashboard: no free port from {port or FIRST_PORT}; choose one with port=N")
