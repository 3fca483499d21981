"""Free memory: what the machine and the limits of cgroups (containers, Slurm) leave a process."""

import os
from collections.abc import Iterator
from pathlib import Path

from seedbed.process.cgroups import cgroups

# Files of a cgroup with its limit and its use, and the count in memory.stat of those pages
# of files among it that give way: as versions 2 and 1 of cgroups call them.
_LIMIT = ("memory.max", "memory.limit_in_bytes")
_USED = ("memory.current", "memory.usage_in_bytes")
_FILES = ("inactive_file", "total_inactive_file")


def free_memory(root: Path = Path("/")) -> int:
    """Return the bytes that this process can still take, at least 0.

    The smallest of what is available on the machine and what each cgroup around the process leaves;
    caches of files that give way count as free. `root` is the folder of `proc` and `sys`.
    """
    return max(0, min([_on_the_machine(root), *_in_cgroups(root)]))


def _on_the_machine(root: Path) -> int:
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:  # Not Linux: all there is, for want of what is free.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    amounts = dict(line.split(":") for line in lines)
    return int(amounts["MemAvailable"].split()[0]) * 1024


def _in_cgroups(root: Path) -> Iterator[int]:
    """Yield what is left in each cgroup with a limit: that of the process and those around it."""
    for folder, version in cgroups("memory", root):
        yield from _left(folder, version)


def _left(folder: Path, version: int) -> Iterator[int]:
    """Yield what is left in a cgroup, or nothing where it has no limit."""
    try:
        limit = (folder / _LIMIT[version]).read_text().strip()
        used = int((folder / _USED[version]).read_text())
        counts = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return
    if limit != "max":
        kinds = dict(line.split() for line in counts)
        yield int(limit) - used + int(kinds[_FILES[version]])
