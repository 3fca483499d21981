"""Processes that the system has killed for want of memory, as far as it counts them."""

from pathlib import Path

from seedbed.process.cgroups import cgroups


class MemoryKills:
    """Count of such processes on this machine and in the cgroups of this process.

    `root` is the folder of `proc` and `sys`.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self._known = self._count()

    def is_more(self) -> bool:
        """Return whether there were more since the last call, or since this was made."""
        before, self._known = self._known, self._count()
        return self._known > before

    def _count(self) -> int:
        files = [self.root / "proc/vmstat"]
        files += [folder / "memory.events" for folder, _ in cgroups("memory", self.root)]
        return sum(map(_kills, files))


def _kills(path: Path) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    words = [line.split() for line in lines]
    return sum(int(word[1]) for word in words if word[:1] == ["oom_kill"] and len(word) == 2)
