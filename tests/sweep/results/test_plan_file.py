"""sweep.json: read as it was written, and refused where it is damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seedbed.config.metrics import Objective, parsed_constraint
from seedbed.errors import ConfigError
from seedbed.sweep.job import Job
from seedbed.sweep.results.objectives import Objectives, one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan, read_plan, write_plan


def plan() -> SweepPlan:
    found = SweepPlan(
        one_objective("val/accuracy", "max", "last"), ["--config-name=mine"], "a hash"
    )
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
    with pytest.raises(ConfigError, match=r"sweep\.json: ."):
        read_plan(path)


def test_several_objectives_and_constraints_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    both = Objective("model/parameters", "min"), Objective("val/accuracy", "max")
    bound = parsed_constraint("model/parameters<=1e4")
    written = replace(plan(), objectives=Objectives(both, "best", (bound,)), jobs_of_trial=3)
    write_plan(path, written)
    assert read_plan(path) == written
    # The metric of the best epoch is the first one that an epoch measures.
    assert (written.metric, written.mode, written.rank) == ("val/accuracy", "max", "best")


@pytest.mark.parametrize(
    "damage",
    [
        {"optimized_metric": ["train/loss"], "optimized_mode": ["min"]},
        {"optimized_metric": ["train/loss", "train/loss"], "optimized_mode": ["min", "min"]},
        {"optimized_metric": ["train/loss", "train/rmse"], "optimized_mode": "min"},
        {"optimized_metric": ["train/seconds", "model/parameters"], "optimized_mode": ["min"] * 2},
        {"optimized_metric": "model/parameters"},
        {"constraints": ["train/loss"]},
        {"jobs_of_trial": 0},
    ],
    ids=str,
)
def test_objectives_that_cannot_be_are_refused(tmp_path: Path, damage: dict) -> None:
    path = tmp_path / "sweep.json"
    round_of_jobs = {"jobs": JOBS, "groups": [[0, 1]], "alone": {}}
    path.write_text(json.dumps({**PLAN, "rounds": [round_of_jobs]}))
    read_plan(path)
    path.write_text(json.dumps({**PLAN, "rounds": [round_of_jobs], **damage}))
    with pytest.raises(ConfigError, match=r"sweep\.json: ."):
        read_plan(path)


PLAN = {
    "config_hash": "",
    "optimized_metric": "train/loss",
    "optimized_mode": "min",
    "rank": "best",
    "flags": [],
}
JOBS = [{"number": 0, "overrides": []}, {"number": 1, "overrides": []}]


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        ({"jobs": JOBS, "groups": [[0]], "alone": {}}, "rounds[0]: not every job is planned once"),
        ({"jobs": JOBS, "groups": [], "alone": {}}, "rounds[0]: not every job is planned once"),
        ({"jobs": JOBS, "groups": [[0, 1]], "alone": {"x": [1]}}, "not every job is planned once"),
        ({"jobs": JOBS[1:], "groups": [[1]], "alone": {}}, "jobs: not numbered on from 0"),
        ({"jobs": [*JOBS, JOBS[0]], "groups": [[0, 1]], "alone": {}}, "jobs: not numbered on"),
        (
            {"jobs": [{"number": "../x", "overrides": []}], "groups": [], "alone": {}},
            "[0].number: ",
        ),
        ({"jobs": [{"number": 10**40, "overrides": []}], "groups": [], "alone": {}}, "].number: "),
        (
            {"jobs": [{"number": 0, "overrides": [3]}], "groups": [], "alone": {}},
            "overrides[0]: ",
        ),
        ({"jobs": [], "groups": [], "alone": {}}, "rounds[0].jobs: "),
        ({"jobs": JOBS, "groups": "01", "alone": {}}, "rounds[0].groups: expected array"),
    ],
)
def test_jobs_that_do_not_fit_are_refused(tmp_path: Path, planned: dict, said: str) -> None:
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps({**PLAN, "rounds": [planned]}))
    with pytest.raises(ConfigError) as refusal:
        read_plan(path)
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
