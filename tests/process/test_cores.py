"""How many cores a process may use, told from files as Linux lays them out."""

import os
from pathlib import Path

import pytest

from seedbed.process.cores import usable_cores

V2 = {"proc/self/cgroup": "0::/jobs/mine\n"}
V1 = {"proc/self/cgroup": "4:cpu,cpuacct:/jobs/mine\n1:name=systemd:/\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        (V2, 8),
        (V2 | {"sys/fs/cgroup/jobs/mine/cpu.max": "max 100000\n"}, 8),
        # As docs/admin-guide/cgroup-v2 has it: so many microseconds of each period.
        (V2 | {"sys/fs/cgroup/jobs/mine/cpu.max": "200000 100000\n"}, 2),
        (V2 | {"sys/fs/cgroup/jobs/mine/cpu.max": "150000 100000\n"}, 2),
        (V2 | {"sys/fs/cgroup/jobs/cpu.max": "300000 100000\n"}, 3),
        (V2 | {"sys/fs/cgroup/jobs/mine/cpu.max": "1000 100000\n"}, 1),
        (V2 | {"sys/fs/cgroup/jobs/mine/cpu.max": "9900000 100000\n"}, 8),
        (V2 | {"sys/fs/cgroup/jobs/mine/cpu.max": "damaged\n"}, 8),
        (
            V1
            | {
                "sys/fs/cgroup/cpu/jobs/mine/cpu.cfs_quota_us": "400000\n",
                "sys/fs/cgroup/cpu/jobs/mine/cpu.cfs_period_us": "100000\n",
            },
            4,
        ),
        (
            V1
            | {
                "sys/fs/cgroup/cpu/jobs/mine/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/jobs/mine/cpu.cfs_period_us": "100000\n",
            },
            8,
        ),
    ],
)
def test_cores_are_those_that_limits_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert usable_cores(tmp_path) == expected
