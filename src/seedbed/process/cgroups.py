"""Groups of processes that share limits, as containers and Slurm set them: cgroups, 1 and 2."""

from collections.abc import Iterator
from pathlib import Path


def cgroups(controller: str, root: Path) -> Iterator[tuple[Path, int]]:
    """Yield folder and version, 0 or 1, of each cgroup of this process that may have a limit.

    First that of the process, then those around it. `controller` is what is limited, as version 1
    calls it (memory, cpu); `root` is the folder of `proc` and `sys`. A folder need not exist.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        version = 1 if controllers else 0
        top = root / "sys/fs/cgroup" / (controller if version else "")
        # In a container the path may be that outside of it, where nothing is found but at the top.
        below = Path(path.lstrip("/"))
        for part in (below, *below.parents):
            yield top / part, version
