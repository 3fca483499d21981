"""Groups too large for the memory train in halves, to the same results, also after a kill."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import out_of_memory
from seedbed.sweep.execution import worker
from seedbed.sweep.execution.chunk_state import ChunkState
from seedbed.sweep.execution.failures.halves import can_be_split, split
from seedbed.sweep.execution.jobs_writer import JobsWriter
from seedbed.sweep.execution.unit import Unit
from seedbed.sweep.job import numbered
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan, read_plan, write_plan
from seedbed.sweep.results.splits import middle
from seedbed.sweep.results.table import read_results
from seedbed.sweep.results.together import groups_of

TRAIN = ("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10")
TRAIN = (*TRAIN, "data.val_size=5", "trainer=cpu", "logger=none", "trainer.max_epochs=4")
JOBS = ("seed=1,2,3,4,5,6", "sweep.fuse=always", "sweep.every_seconds=0")
FOLDER = "hydra.sweep.dir=sweep"
ERRORS = {
    "python": MemoryError(),
    "cpu": RuntimeError("DefaultCPUAllocator: can't allocate memory: tried to allocate 8 bytes"),
    "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
}


def reached(folder: Path) -> list[tuple[Any, ...]]:
    return [(row.number, row.status, row.metrics) for row in read_results(folder / "results.csv")]


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[int, ...]]]:
    """Return a function that lets chunks of more jobs than some raise an error; it keeps all."""

    def lack(most: int, error: BaseException, epoch: int = 0) -> list[tuple[int, ...]]:
        trained, train = [], worker.train_chunk

        def limited(spec: Any, numbers: Any, points: int, state: ChunkState, *rest: Any) -> Any:
            trained.append(tuple(job.seed for job in numbers))
            after = state.after_epoch

            def after_epoch(engine: Any) -> None:
                after(engine)
                if len(numbers) > most and engine.epoch >= epoch:
                    raise error

            if len(numbers) > most and not epoch:
                raise error
            monkeypatch.setattr(state, "after_epoch", after_epoch)
            return train(spec, numbers, points, state, *rest)

        monkeypatch.setattr(worker, "train_chunk", limited)
        return trained

    return lack


@pytest.mark.parametrize("kind", ERRORS)
def test_what_says_that_memory_is_short(kind: str) -> None:
    assert "not enough memory" in str(out_of_memory(ERRORS[kind]))


def test_a_group_too_large_for_the_memory_trains_in_halves_from_where_it_was(
    command: Any, lacking: Any, tmp_path: Path
) -> None:
    assert command(*TRAIN, *JOBS, "hydra.sweep.dir=whole").code == 0
    trained = lacking(2, ERRORS["cpu"], epoch=2)
    done = command(*TRAIN, *JOBS, FOLDER)
    assert done.code == 0, done.err
    assert [len(jobs) for jobs in trained] == [6, 3, 3, 1, 2, 1, 2]
    assert "6 jobs in two halves: the process that trained it had not enough memory" in done.err
    assert reached(tmp_path / "sweep") == reached(tmp_path / "whole")
    # The halves went on after two epochs, theirs after three.
    resumed = json.loads((tmp_path / "sweep/5/run.json").read_text())["resumed"]
    assert [entry["epoch"] for entry in resumed] == [2, 3]
    assert command("report", "sweep").code == 0
    names = sorted(path.name for path in (tmp_path / "sweep/.sweep").glob("chunk-*"))
    assert names == ["chunk-0-0-1.ckpt", "chunk-1-0-2.ckpt", "chunk-3-0-1.ckpt", "chunk-4-0-2.ckpt"]
    done = command("train", "-m", "sweep.resume=sweep", "trainer.max_epochs=5")
    assert done.code == 0, done.err
    assert {row.metrics["best/epoch"] for row in read_results(tmp_path / "sweep/results.csv")} <= {
        *map(float, range(6))
    }


def test_halves_are_known_when_the_sweep_goes_on(
    command: Any, lacking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    trained = lacking(3, ERRORS["python"])
    with monkeypatch.context() as patch:
        patch.setattr(JobsWriter, "write", interrupted)
        assert command(*TRAIN, *JOBS, FOLDER).code == 130
    assert command("train", "-m", "sweep.resume=sweep").code == 0
    assert [len(jobs) for jobs in trained] == [6, 3, 3, 3]
    assert [row.status for row in read_results(tmp_path / "sweep/results.csv")] == ["completed"] * 6


def plan_of(jobs: int, lanes: int) -> SweepPlan:
    plan = SweepPlan(one_objective("val/loss", "min"), jobs_of_trial=lanes)
    numbers = list(range(jobs))
    plan.add(Round(numbered([(f"seed={n}",) for n in numbers]), [numbers], {}))
    return plan


@given(st.integers(2, 40), st.integers(1, 5), st.lists(st.integers(0, 9), max_size=5))
def test_parts_are_all_jobs_once_and_have_states_of_their_own(
    jobs: int, lanes: int, cuts: list[int]
) -> None:
    with TemporaryDirectory() as name:
        folder, plan = SweepFolder(name), plan_of(jobs, lanes)
        keys = {groups_of(plan)[0].key}
        for cut in cuts:
            groups = groups_of(plan)
            group = groups[cut % len(groups)]
            jobs_of_group = tuple(group.jobs)
            unit = Unit(jobs_of_group, True, jobs_of_group, (), 0, 0, group.part)
            if can_be_split(plan, unit):
                halves = split(folder, plan, unit)
                assert abs(len(halves[0].jobs) - len(halves[1].jobs)) <= max(2, 2 * lanes)
                new = {(half.jobs[0], half.time, half.part) for half in halves}
                assert not new & keys
                keys |= new
        parts = groups_of(plan)
        assert [number for group in parts for number in group.jobs] == list(range(jobs))
        if plan.splits:
            assert groups_of(read_plan_with(folder, plan)) == parts


def read_plan_with(folder: SweepFolder, plan: SweepPlan) -> SweepPlan:
    write_plan(folder.plan, plan)
    return read_plan(folder.plan)


def test_trials_stay_whole_where_they_can() -> None:
    assert middle(range(9), 3) == 3 or middle(range(9), 3) == 6
    assert middle(range(3), 3) == 1
    assert middle([4, 5, 6, 7], 2) == 2
