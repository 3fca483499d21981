"""sweep.json: read as it was written, and refused where it is damaged."""

import json
from pathlib import Path

import pytest

from seedbed.errors import ConfigError
from seedbed.sweep.job import Job
from seedbed.sweep.results.plan_file import Round, SweepPlan, read_plan, write_plan


def plan() -> SweepPlan:
    found = SweepPlan("val/accuracy", "max", "last", ["--config-name=mine"], "a hash")
    jobs = [Job(0, ("seed=1", "note=a")), Job(1, ("seed=2", "note=a"))]
    found.add(Round(jobs, [[0]], {"of the test": [1]}))
    return found


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    written = plan()
    written.add(Round([Job(2, ("seed=1", "++note=ü"))], [[2]], {}))
    write_plan(path, written)
    assert read_plan(path) == written
    rounds = json.loads(path.read_text())["rounds"]
    assert [[job["number"] for job in one["jobs"]] for one in rounds] == [[0, 1], [2]]
    assert rounds[0]["alone"] == {"of the test": [1]}


def test_the_axes_are_the_keys_that_differ_over_all_rounds() -> None:
    found = plan()
    assert found.axes == {"seed": ["1", "2"]}
    found.add(Round([Job(2, ("seed=1", "++note=ü"))], [[2]], {}))
    assert found.axes == {"seed": ["1", "2"], "note": ["a", "ü"]}


DAMAGED = [b"", b"{", b"\xff", b"[]", b"null", b"{}", b"[" * 200_000]


@pytest.mark.parametrize("content", [None, *DAMAGED], ids=lambda one: repr(one)[:9])
def test_a_damaged_plan_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "sweep.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"sweep.json: not the plan of a sweep \("):
        read_plan(path)
