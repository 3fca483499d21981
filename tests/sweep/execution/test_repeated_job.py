"""A job that was trained beside others reaches the same digits beside a copy of itself."""

from pathlib import Path

import pytest
import torch
from tests.composing import composed

from seedbed.config.spec import run_spec
from seedbed.sweep.execution.chunk import TrainedChunk, train_chunk
from seedbed.sweep.execution.repeated_job import JOBS, Unsaved
from seedbed.sweep.planning.job_numbers import numbers_of

CASES = [
    ("optimizer.momentum=0.5",),
    ("model=mlp", "model.hidden=[5,3]", "optimizer=adam", "data=clusters", "data.val_size=0.2"),
    ("model=mlp", "optimizer=rmsprop", "scheduler=cosine", "data=blobs"),
]


def chunk_of(folder: Path, *jobs: tuple[str, ...]) -> TrainedChunk:
    configs = [composed("callbacks=quiet", "trainer.max_epochs=2", *job) for job in jobs]
    state = Unsaved(folder / "state", 1e9, lambda: None)
    numbers = [numbers_of(config) for config in configs]
    return train_chunk(run_spec(configs[0]), numbers, 100, state, lambda engine: None)


@pytest.mark.parametrize("words", CASES)
def test_a_job_beside_a_copy_of_itself_is_that_of_the_group(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    group = chunk_of(tmp_path, *((*words, f"seed={seed}") for seed in range(5)))

    for seed in (0, 4):
        again = chunk_of(tmp_path, *[(*words, f"seed={seed}")] * JOBS).outcomes[0]

        assert again.metrics == group.outcomes[seed].metrics
        for name in ("best", "last"):
            states = [getattr(outcome, name) for outcome in (again, group.outcomes[seed])]
            torch.testing.assert_close(states[0].weights, states[1].weights, rtol=0, atol=0)
