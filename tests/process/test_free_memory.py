"""How much memory is free, told from files as Linux lays them out."""

import os
from pathlib import Path

import pytest

from seedbed.process.free_memory import free_memory

GIB = 1 << 30
# As `cat /proc/meminfo` prints it.
MEMINFO = "MemTotal:       24684084 kB\nMemFree:          100000 kB\nMemAvailable:    8388608 kB\n"
V2 = "0::/jobs/mine\n"
V1 = "5:devices:/\n4:cpu,memory:/jobs/mine\n1:name=systemd:/\n0::/jobs/mine\n"


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def cgroup(
    folder: str, limit: int | str, used: int, files: int, v1: bool = False
) -> dict[str, str]:
    """Return the files of a cgroup, those of version 2 as docs/admin-guide/cgroup-v2 has them."""
    top = f"sys/fs/cgroup/{'memory/' if v1 else ''}{folder}"
    names = ("limit_in_bytes", "usage_in_bytes") if v1 else ("max", "current")
    # Version 1 counts the groups below only in what is called total.
    stat = f"inactive_file 1\ntotal_inactive_file {files}\n" if v1 else f"inactive_file {files}\n"
    return {
        f"{top}/memory.{names[0]}": f"{limit}\n",
        f"{top}/memory.{names[1]}": f"{used}\n",
        f"{top}/memory.stat": f"anon 12345\n{stat}unevictable 0\n",
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8 * GIB),
        ({"proc/self/cgroup": V2}, 8 * GIB),
        ({"proc/self/cgroup": V2} | cgroup("jobs/mine", "max", 5, 0), 8 * GIB),
        ({"proc/self/cgroup": V2} | cgroup("jobs/mine", 4 * GIB, GIB, 0), 3 * GIB),
        # Pages of files give way.
        ({"proc/self/cgroup": V2} | cgroup("jobs/mine", 4 * GIB, 3 * GIB, 2 * GIB), 3 * GIB),
        # A group around that of the process is tighter.
        (
            {"proc/self/cgroup": V2}
            | cgroup("jobs/mine", 6 * GIB, GIB, 0)
            | cgroup("jobs", 4 * GIB, 2 * GIB, 0),
            2 * GIB,
        ),
        # In a container only the top is there.
        ({"proc/self/cgroup": V2} | cgroup("", 2 * GIB, GIB, 0), GIB),
        # A group that is not ours.
        ({"proc/self/cgroup": V2} | cgroup("jobs/other", GIB, 0, 0), 8 * GIB),
        ({"proc/self/cgroup": V1} | cgroup("jobs/mine", 4 * GIB, GIB, 0, v1=True), 3 * GIB),
        ({"proc/self/cgroup": V1} | cgroup("jobs/mine", 4 * GIB, 4 * GIB, GIB, v1=True), GIB),
        # Version 1 has no word for no limit.
        ({"proc/self/cgroup": V1} | cgroup("jobs/mine", 2**63 - 4096, 5, 0, v1=True), 8 * GIB),
        # More in use than the limit that was lowered since.
        ({"proc/self/cgroup": V2} | cgroup("jobs/mine", GIB, 2 * GIB, 0), 0),
    ],
)
def test_the_tightest_limit_counts(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    root = written(tmp_path, {"proc/meminfo": MEMINFO} | files)
    assert free_memory(root) == expected


def test_without_proc_the_whole_memory_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.get)
    assert free_memory(tmp_path) == 4_096_000


def test_of_this_machine() -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < free_memory() < whole
