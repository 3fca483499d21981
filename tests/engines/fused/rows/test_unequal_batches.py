"""Jobs of different batch sizes have the batches and steps that each has alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.fused.comparison import DOUBLE, MLP, TWO, compare
from tests.engines.fused.rows.test_batches import LINE, assert_equal, data_module, of_job

from seedbed.engines.fused.rows.batches import JobBatches
from seedbed.engines.fused.rows.unequal_batches import laid_out

CPU = torch.device("cpu")
SIZES = (5, 23, 1, None, 8)


@pytest.mark.parametrize(
    "words",
    [(), ("data.drop_last=true",), ("data.shuffle=false",), ("data.val_size=4",)],
    ids=lambda words: " ".join(words) or "plain",
)
def test_batches_of_different_sizes(words: tuple[str, ...]) -> None:
    tables = [("data.data_seed=1",), ("data.data_seed=2", "data.train_size=17")]
    modules = [data_module(*LINE, *words, *own) for own in tables]
    which = [0, 1, 0, 1, 1]
    jobs = JobBatches(modules, which, [5 + job for job in range(5)], SIZES)
    for kept in (range(5), [3, 0]):
        if len(kept) < 5:
            jobs.keep(np.array(kept))
        for row, job in enumerate(kept):
            size = "null" if SIZES[job] is None else SIZES[job]
            own = (*tables[which[job]], f"data.seed={5 + job}", f"data.batch_size={size}")
            at = [0]
            loader = data_module(*LINE, *words, *own, epoch=at).train_dataloader()
            for at[0] in (0, 3):
                assert_equal(list(of_job(jobs.training(at[0]), row)), list(loader))
            assert jobs.steps()[row] == len(loader)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=5))
def test_every_row_comes_once_in_its_batch(jobs: list[tuple[int, int]]) -> None:
    rows, sizes = (np.array(column) for column in zip(*jobs, strict=True))
    sizes = np.minimum(rows, sizes)
    layout = laid_out(rows, sizes, CPU)
    for job in range(len(rows)):
        batches = []
        for part in layout.parts:
            places = layout.places[job, part.rows]
            own = places if part.present is None else places[part.present[job]]
            assert len(own) == part.counts[job]
            batches.append(own.tolist())
        expected = torch.arange(rows[job]).split(int(sizes[job]))
        assert batches[: len(expected)] == [batch.tolist() for batch in expected]
        assert not any(batches[len(expected) :])


def test_jobs_of_different_batch_sizes_end_as_alone(tmp_path: Path) -> None:
    common = (*TWO, *MLP, "data.val_size=5", "optimizer=adam", "scheduler=cosine", DOUBLE)
    common = (*common, "scheduler.interval=step", "optimizer.lr=0.05", "trainer.max_epochs=3")
    jobs = [("data.batch_size=4",), ("data.batch_size=15", "seed=1"), ("data.batch_size=6",)]
    compare(tmp_path, common, jobs)


def test_a_job_that_diverges_says_in_which_of_its_own_steps(tmp_path: Path) -> None:
    jobs = [("data.batch_size=3", "optimizer.lr=1e200"), ("data.batch_size=15",)]
    lost, _ = compare(tmp_path, (*TWO, *MLP, DOUBLE, "trainer.max_epochs=2"), jobs)
    assert lost.status == "diverged"
