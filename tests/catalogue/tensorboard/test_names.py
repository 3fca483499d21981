"""Names of runs and jobs in TensorBoard, as its own reader has them."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.summary_pb2 import Summary

from seedbed.catalogue.tensorboard.links import NamedLinks
from seedbed.catalogue.tensorboard.names import as_folder, named_runs, names_of_jobs
from seedbed.config.metrics import Objective
from seedbed.loggers.event_file import EventFile
from seedbed.sweep.job import Job
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.plan_file import Round, SweepPlan, write_plan
from seedbed.sweep.results.search_plan import SearchPlan

WORDS = (("optimizer.lr=0.01", "+seed=1"), ("optimizer.lr=0.01", "+seed=2"))


def plan_of(*words: tuple[str, ...], search: SearchPlan | None = None) -> SweepPlan:
    plan = SweepPlan(Objectives((Objective("train/loss", "min"),)), search=search)
    jobs = [Job(number, overrides) for number, overrides in enumerate(words)]
    plan.add(Round(jobs, [[job.number for job in jobs]], {}))
    return plan


def run_in(folder: Path, value: float = 1.0, **fields: object) -> None:
    """Leave a run with one number for TensorBoard."""
    folder.mkdir(parents=True)
    record = {"status": "completed", "started": "2026-11-26T10:00:00+00:00", **fields}
    (folder / "run.json").write_text(json.dumps(record))
    events = EventFile(folder, 10)
    events.add(Summary(value=[Summary.Value(tag="loss", simple_value=value)]), 1)
    events.close()


def sweep_in(folder: Path, plan: SweepPlan) -> None:
    for job in plan.jobs:
        run_in(folder / str(job.number), float(job.number))
    write_plan(folder / "sweep.json", plan)


def shown(folder: Path) -> dict[str, float]:
    """Return the last number of each run that TensorBoard finds, by its name."""
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    return {
        run: multiplexer.GetAccumulator(run).Tensors("loss")[-1].tensor_proto.float_val[0]
        for run in multiplexer.Runs()
    }


def test_a_job_has_the_values_in_which_jobs_differ_and_its_number() -> None:
    shared = ("model=mlp", "+seed=1")
    plan = plan_of((*shared, "optimizer.lr=0.010"), (*shared, "optimizer.lr=1e-3"))
    assert names_of_jobs(plan) == {0: "optimizer.lr=0.010 (0)", 1: "optimizer.lr=1e-3 (1)"}
    assert names_of_jobs(plan_of(("seed=1",))) == {0: "(0)"}
    drawn = plan_of(
        ("lr=0.012345678901", "n=123456789", "+x.y=[1,2]"),
        ("lr=1.23456789e-12", "n=2", "+x.y=[3]"),
        search=SearchPlan("tpe", 2, (), []),
    )
    assert names_of_jobs(drawn) == {
        0: "lr=0.012346,n=123456789,x.y=[1,2] (0)",
        1: "lr=1.2346e-12,n=2,x.y=[3] (1)",
    }


def test_tensorboard_shows_the_jobs_of_sweeps_by_name(tmp_path: Path) -> None:
    outputs, links = tmp_path / "outputs", tmp_path / "links"
    sweep_in(outputs / "sweeps" / "day" / "time", plan_of(*WORDS))
    run_in(outputs / "runs" / "day" / "first", 7.0, name="baseline / 2")
    run_in(outputs / "runs" / "day" / "second", 8.0)
    named = NamedLinks(outputs, outputs)
    assert named.differ
    links.mkdir()
    named.make(links)
    expected = {
        "sweeps/day/time/seed=1 (0)": 0.0,
        "sweeps/day/time/seed=2 (1)": 1.0,
        "runs/day/first baseline _ 2": 7.0,
        "runs/day/second": 8.0,
    }
    assert shown(links) == expected
    # A run that is trained meanwhile comes, and one that is removed goes.
    run_in(outputs / "runs" / "day" / "third", 9.0)
    (outputs / "runs" / "day" / "second").rename(tmp_path / "away")
    named.look()
    assert shown(links).keys() - expected.keys() == {"runs/day/third"}
    assert "runs/day/second" not in shown(links)


def test_of_the_folder_of_a_sweep_the_jobs_are_shown(tmp_path: Path) -> None:
    sweep_in(tmp_path / "sweep", plan_of(*WORDS))
    run_in(tmp_path / "sweep" / "refit")
    assert [name for name, _ in sorted(named_runs(tmp_path / "sweep", tmp_path))] == [
        *("refit", "seed=1 (0)", "seed=2 (1)"),
    ]


def test_runs_without_names_are_left_as_they_are(tmp_path: Path) -> None:
    run_in(tmp_path / "runs" / "one")
    assert not NamedLinks(tmp_path, tmp_path).differ
    # Of a single run there is nothing to tell apart.
    assert not NamedLinks(tmp_path / "runs" / "one", tmp_path).differ


def test_a_sweep_whose_plan_is_damaged_keeps_the_numbers(tmp_path: Path) -> None:
    sweep_in(tmp_path / "sweep", plan_of(*WORDS))
    (tmp_path / "sweep" / "sweep.json").write_text("{}")
    assert dict(named_runs(tmp_path / "sweep", tmp_path)).keys() == {"0", "1"}


@pytest.mark.parametrize(
    "value", ["../../../etc", "/", "..", "a\nb", "\x1b[31mred", "x" * 500, "é" * 300, "\udcff"]
)
def test_values_of_strangers_lead_nowhere(tmp_path: Path, value: str) -> None:
    name = names_of_jobs(plan_of((f"data.file={value}",), ("data.file=other",)))[0]
    assert "/" not in name
    assert name.isprintable()
    assert name.endswith(" (0)")
    (tmp_path / name).mkdir()
    assert as_folder(value, "(0)").endswith("(0)")


def test_links_out_of_a_sweep_are_not_followed(tmp_path: Path) -> None:
    sweep_in(tmp_path / "outputs" / "a" / "b" / "sweep", plan_of(*WORDS))
    run_in(tmp_path / "elsewhere")
    (tmp_path / "outputs" / "a" / "b" / "sweep" / "2").symlink_to(tmp_path / "elsewhere")
    found = dict(named_runs(tmp_path / "outputs", tmp_path / "outputs"))
    assert all("elsewhere" not in run and not run.endswith("/2") for run in found.values())
