"""How much memory a process may still take."""

import os
from collections.abc import Iterator
from pathlib import Path

# The limit, what is in use, and how much of that are pages of files, which give way: first the
# names of cgroups of version 2.
_LIMIT = ("memory.max", "memory.limit_in_bytes")
_USED = ("memory.current", "memory.usage_in_bytes")
_FILES = ("inactive_file", "total_inactive_file")


def free_memory(root: Path = Path("/")) -> int:
    """Return the bytes that are free on the machine and in every cgroup that holds this process.

    `root` is where `proc` and `sys` lie.
    """
    return max(0, min([_on_the_machine(root), *_in_cgroups(root)]))


def _on_the_machine(root: Path) -> int:
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:  # Not Linux: all there is, for want of what is free.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    found = dict(line.split(":") for line in lines)
    return int(found["MemAvailable"].split()[0]) * 1024


def _in_cgroups(root: Path) -> Iterator[int]:
    """Yield what each cgroup leaves that has a limit: that of the process and those around it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version = 1 if controllers else 0
        top = root / "sys/fs/cgroup" / ("memory" if version else "")
        # In a container the path may be that outside of it, where nothing is found but at the top.
        below = Path(path.lstrip("/"))
        for part in (below, *below.parents):
            yield from _left(top / part, version)


def _left(folder: Path, version: int) -> Iterator[int]:
    """Yield what a cgroup leaves, if it has a limit."""
    try:
        limit = (folder / _LIMIT[version]).read_text().strip()
        used = int((folder / _USED[version]).read_text())
        counts = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return
    if limit != "max":
        kinds = dict(line.split() for line in counts)
        yield int(limit) - used + int(kinds[_FILES[version]])
