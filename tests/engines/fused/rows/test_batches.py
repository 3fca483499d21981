"""The batches of many jobs: bit by bit those that seedbed's own loaders give each of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from tests.composing import composed

from seedbed.config.spec import run_spec
from seedbed.data.data_module import Placement
from seedbed.data.table import Table
from seedbed.engines.fused.rows.batches import Batch, JobBatches
from seedbed.engines.fused.rows.parts import Part
from seedbed.experiment import build

EPOCHS = (0, 1, 2, 5)


def data_module(*overrides: str, epoch: list[int] | None = None) -> Any:
    """Return a set-up data module; its loaders are in the epoch that `epoch` holds."""
    data: Any = build.build_data(run_spec(composed("trainer=cpu", *overrides)))
    at = epoch or [0]
    data.place(Placement(), lambda: at[0])
    data.prepare_data()
    data.setup("fit")
    return data


def of_job(batches: Iterator[Batch], job: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batches of a job, without the rows that are not its own."""
    for batch in batches:
        rows = batch.table if batch.shared else batch.table.take(job)
        present = batch.part.present
        own = torch.ones(len(rows.inputs), dtype=bool) if present is None else present[job]
        assert int(own.sum()) == batch.part.counts[job]
        # What fills up is a row of the job's own.
        if own.any():
            yield rows.inputs[own], rows.targets[own]


def assert_batches(jobs: JobBatches, words: list[tuple[str, ...]]) -> None:
    for job, own in enumerate(words):
        at = [0]
        data = data_module(*own, epoch=at)
        loader = data.train_dataloader()
        for epoch in EPOCHS:
            at[0] = epoch
            assert_equal(list(of_job(jobs.training(epoch), job)), list(loader))
        assert jobs.steps()[job] == len(loader)
        for split in ("train", "val", "test"):
            assert jobs.has_split(split) == data.has_split(split)
            if data.has_split(split):
                found = list(of_job(jobs.evaluation(split), job))
                assert_equal(found, list(data.evaluation_loader(split)))
                assert jobs.counts(split)[job] == data.rows(split)


def assert_equal(found: list[Any], expected: list[Any]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])


def jobs_of(common: tuple[str, ...], own: list[tuple[str, ...]], which: list[int]) -> JobBatches:
    """Return the batches of jobs that train on the modules `own[which]`, with seeds 5, 6, ..."""
    modules = [data_module(*common, *one) for one in own]
    return JobBatches(modules, which, [5 + job for job in range(len(which))])


LINE = ("data=linear_noise", "data.rows=23", "data.features=2")
CASES = {
    "plain": (*LINE, "data.batch_size=5"),
    "even": (*LINE, "data.rows=20", "data.batch_size=5"),
    "all rows": (*LINE, "data.batch_size=null"),
    "all rows in order": (*LINE, "data.batch_size=null", "data.shuffle=false"),
    "larger than the table": (*LINE, "data.batch_size=99", "data.drop_last=true"),
    "in order": (*LINE, "data.batch_size=5", "data.shuffle=false"),
    "without the rest": (*LINE, "data.batch_size=5", "data.drop_last=true"),
    "without the rest in order": (
        *(*LINE, "data.batch_size=5", "data.drop_last=true", "data.shuffle=false"),
    ),
    "splits": (*LINE, "data.batch_size=4", "data.val_size=0.3", "data.test_size=3"),
    "classes": ("data=blobs", "data.rows=21", "data.batch_size=6", "data.val_size=5"),
    "scaled": (*LINE, "data.batch_size=5", "data.input_scale=max", "data.val_size=3"),
    "crops": ("data=crop_yield", "data.batch_size=4"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_table_for_all(name: str) -> None:
    jobs = jobs_of(CASES[name], [()], [0, 0, 0])
    assert_batches(jobs, [(*CASES[name], f"data.seed={5 + job}") for job in range(3)])


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("classes", "crops")])
def test_several_tables(name: str) -> None:
    own = [("data.data_seed=1",), ("data.data_seed=2",), ("data.noise=3",)]
    which = [1, 0, 1, 2]
    jobs = jobs_of(CASES[name], own, which)
    words = [(*CASES[name], *own[place], f"data.seed={5 + n}") for n, place in enumerate(which)]
    assert_batches(jobs, words)


@pytest.mark.parametrize("own", [[()], [("data.data_seed=1",), ("data.data_seed=4",)]])
def test_a_stream(own: list[tuple[str, ...]]) -> None:
    common = ("data=clusters", "data.sample=stream", "data.batch_size=6", "data.val_size=4")
    common = (*common, "data.batches_per_epoch=3", "data.input_scale=0.5")
    which = [len(own) - 1, 0]
    jobs = jobs_of(common, own, which)
    assert_batches(jobs, [(*common, *own[place]) for place in which])


@pytest.mark.parametrize("own", [[()], [("data.data_seed=1",), ("data.data_seed=4",)]])
def test_the_jobs_that_go_on_keep_their_batches(own: list[tuple[str, ...]]) -> None:
    which = [0, len(own) - 1, 0, len(own) - 1]
    jobs = jobs_of(CASES["plain"], own, which)
    list(jobs.training(1))
    words = [(*CASES["plain"], *own[one], f"data.seed={5 + n}") for n, one in enumerate(which)]
    jobs.keep(np.array([1, 3]))
    assert_batches(jobs, [words[1], words[3]])
    jobs.keep(np.array([1]))
    assert_batches(jobs, [words[3]])


def test_rows_are_those_of_one_job() -> None:
    table, part = (
        Table(torch.zeros(3, 5, 2), torch.zeros(3, 5, 1)),
        Part(slice(0, 5), np.full(3, 5)),
    )
    assert Batch(table, False, part).rows == 5
    assert Batch(table.take(0), True, part).rows == 5


@pytest.mark.parametrize("name", CASES)
def test_tables_of_different_lengths(name: str) -> None:
    own = [(f"data.val_size={size}",) for size in (4, 5, 7)]
    which = [2, 0, 1, 2]
    jobs = jobs_of(CASES[name], own, which)
    words = [(*CASES[name], *own[place], f"data.seed={5 + n}") for n, place in enumerate(which)]
    assert_batches(jobs, words)
    jobs.keep(np.array([0, 2]))
    assert_batches(jobs, [words[0], words[2]])
