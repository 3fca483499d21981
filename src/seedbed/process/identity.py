"""Identity of a process, by which others can tell later whether it is still there."""

import os
import platform
import time
from collections.abc import Mapping
from typing import Any

_PROC = "/proc"


def this_process() -> dict[str, Any]:
    """Return host, pid and start of this process, for a record.

    A pid is used again. Where there is a /proc, `start` tells processes of one pid apart: the boot
    of the machine, the namespace in which the pid counts, and the clock ticks from boot to start.
    """
    return {"host": platform.node(), "pid": os.getpid(), "start": _start(os.getpid())}


def is_gone(identity: Mapping[str, Any]) -> bool | None:
    """Return whether a process has ended; None where that cannot be told from here.

    `identity` is what `this_process` returned in it.
    """
    host, pid, start = (identity.get(name) for name in ("host", "pid", "start"))
    if host != platform.node() or type(pid) is not int or not isinstance(start, str):
        return None
    if _place(start) != _place(_start(os.getpid())):  # Booted since then, or another container.
        return None
    if not start:
        return not _exists(pid)
    return _start(pid) != start or state_of(pid) == "Z"


def state_of(pid: int) -> str:
    """Return the state of a process as /proc has it, such as `T` for stopped; "" if not known."""
    return (_fields(pid) or [""])[0]


def seconds_since_start() -> float:
    """Return how long ago this process started; 0 where there is no /proc."""
    fields = _fields(os.getpid())
    if not fields:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _start(pid: int) -> str:
    fields = _fields(pid)
    if not fields:
        return ""
    try:
        with open(f"{_PROC}/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        namespace = os.readlink(f"{_PROC}/self/ns/pid")
    except OSError:
        return ""
    return f"{boot} {namespace} {fields[19]}"


def _place(start: str) -> str:
    return start.rpartition(" ")[0]


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the program's name, which may hold anything."""
    try:
        with open(f"{_PROC}/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # It belongs to somebody else.
        pass
    return True
