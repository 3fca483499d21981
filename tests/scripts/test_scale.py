"""The script that measures sweeps of very many jobs: it counts calls by process, and measures."""

import importlib
from pathlib import Path
from typing import Any

import pytest

TRACE = """\
10 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD) = 11
11 openat(AT_FDCWD, "/s/.sweep/units/done", O_RDONLY|O_DIRECTORY) = 3
10 openat(AT_FDCWD, "/s/.sweep/units/waiting/.0-9.0.json.tmp", O_WRONLY|O_CREAT) = 3
20 rename("/s/.sweep/units/waiting/0-9.0.json", <unfinished ...>
10 openat(AT_FDCWD, "/elsewhere/x", O_RDONLY) = 3
20 <... rename resumed>"/s/.sweep/units/running/0-9.0.w.json") = 0
21 newfstatat(AT_FDCWD, "/s/.sweep/cancel", 0x1, 0) = -1 ENOENT
21 newfstatat(AT_FDCWD, "/s/.sweep/launch.json", 0x1, 0) = 0
20 newfstatat(AT_FDCWD, "/s/.sweep/launch.json", 0x1, 0) = 0
"""


@pytest.fixture(name="scale")
def scale_script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the script, which finds its neighbours where it lies."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "scripts"))
    return importlib.import_module("scripts.scale")


def test_calls_are_those_of_the_process_and_of_the_folder(scale: Any) -> None:
    counts = scale.counted(TRACE.splitlines(), "/s")
    assert counts["controller"] == {"written": 1, "look": 1, "listed": 1, "looked up": 0}
    assert counts["worker"] == {"renamed": 1, "look": 1, "looked up": 2, "listed": 0}


def test_simulated_workers_claim_each_unit_once(scale: Any, tmp_path: Path) -> None:
    rows = scale.queue(scale.QUICK, tmp_path)
    assert [row.figure.strip() for row in rows][:2] == [
        "a unit, of 20: put",
        "claimed by one of 20 workers",
    ]
    assert not list((tmp_path / ".sweep/units/waiting").iterdir())
