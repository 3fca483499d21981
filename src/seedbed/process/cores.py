"""CPU cores that this process may use, whatever else the machine has."""

import os
from pathlib import Path

from seedbed.process.cgroups import cgroups


def usable_cores(root: Path = Path("/")) -> int:
    """Return the cores that this process may use: at least 1.

    Those that it is bound to, and no more than the time that each cgroup around it is given (a
    container's limit of 1.5 cores are two). `root` is the folder of `proc` and `sys`.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quotas = [_quota(folder, version) for folder, version in cgroups("cpu", root)]
    return max(1, min([bound or 1, *(quota for quota in quotas if quota is not None)]))


def _quota(folder: Path, version: int) -> int | None:
    """Return the cores that a cgroup is given, rounded up; None where it has no limit."""
    try:
        if version:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        else:
            quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota in ("max", "-1") else -(-int(quota) // int(period))
