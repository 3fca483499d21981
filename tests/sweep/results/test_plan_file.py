"""sweep.json: read as it was written, and refused where it is damaged."""

import json
from pathlib import Path

import pytest

from seedbed.errors import ConfigError
from seedbed.sweep.job import Job
from seedbed.sweep.results.plan_file import SavedPlan, read_plan, write_plan

PLAN = SavedPlan(
    axes={"seed": ["1", "2"], "note": ["a", "ü"]},
    jobs=[Job(0, ("seed=1", "note=a")), Job(1, ("seed=2", "note=ü")), Job(2, ())],
    chunks=[[0, 2]],
    alone={"of the test": [1]},
    metric="val/accuracy",
    mode="max",
    flags=["--config-name=mine"],
)
# Of "abc", by FIPS 180.
HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    write_plan(path, PLAN, "abc")
    assert read_plan(path) == PLAN
    assert json.loads(path.read_text())["config_hash"] == HASH


DAMAGED = [b"", b"{", b"\xff", b"[]", b"null", b"{}", b"[" * 200_000]


@pytest.mark.parametrize("content", [None, *DAMAGED], ids=lambda one: repr(one)[:9])
def test_a_damaged_plan_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "sweep.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"sweep.json: not the plan of a sweep \("):
        read_plan(path)
