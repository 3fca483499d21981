"""What a job of a group takes in memory, against what torch's profiler sees in training."""

from dataclasses import replace

import pytest
from tests.composing import composed
from torch.profiler import ProfilerActivity, profile

from seedbed.config.spec import run_spec
from seedbed.engines.fused.engine import Engine
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import JobNumbers, numbers_of
from seedbed.sweep.planning.memory import memory_needs
from seedbed.sweep.planning.memory.chunk_sizes import heaviest
from seedbed.sweep.planning.memory.memory_needs import bytes_per_job

QUIET = ("callbacks=quiet", "logger=none", "trainer=cpu", "trainer.max_epochs=2")
KINDS = {
    "linear": ("data=linear_noise", "data.rows=40", "data.batch_size=10"),
    "wide": (
        "data=clusters",
        "data.rows=40",
        "data.batch_size=4",
        "model=mlp",
        "model.hidden=[90,90]",
        "optimizer=adam",
    ),
    "of different numbers of rows": (
        *("data=linear_noise", "data.rows=60", "data.features=9", "data.batch_size=7"),
        *("data.val_size=11", "optimizer=adam", "data.shuffle=false"),
    ),
    "metrics": ("data=clusters", "data.rows=400", "data.val_size=100", "data.shuffle=false"),
}
# What Python takes of a job, and what is counted by the point, is not torch's.
NO_OBJECTS = ("_JOB", "_TENSOR", "_POINT")


def jobs_of(words: tuple[str, ...], count: int, own_tables: bool) -> list[JobNumbers]:
    one = numbers_of(composed(*QUIET, *words))
    keys: list[dict[str, int]] = [{"seed": n} for n in range(count)]
    if own_tables:
        # The first one has the most rows to train on, as the heaviest has.
        uneven = one.data["val_size"] == 11
        keys = [
            {**key, "data_seed": n, **({"val_size": 11 + n % 3} if uneven else {})}
            for n, key in enumerate(keys)
        ]
    return [replace(one, seed=n, data={**one.data, **key}) for n, key in enumerate(keys)]


def peak(words: tuple[str, ...], count: int, own_tables: bool) -> int:
    """Return the most bytes that torch's allocator had handed out at any time."""
    config = composed(*QUIET, *words)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        Engine(make_group(run_spec(config), jobs_of(words, count, own_tables))).train()
    changes = [
        (event.start_ns(), event.nbytes())
        for event in profiler.profiler.kineto_results.events()
        if event.name() == "[memory]"
    ]
    now = most = 0
    for _, change in sorted(changes, key=lambda one: one[0]):
        now += change
        most = max(most, now)
    return most


@pytest.mark.parametrize(
    ("kind", "own_tables"),
    [("linear", False), ("wide", True), ("of different numbers of rows", True), ("metrics", True)],
)
def test_as_much_as_the_profiler_sees(
    monkeypatch: pytest.MonkeyPatch, kind: str, own_tables: bool
) -> None:
    words = KINDS[kind]
    for name in NO_OBJECTS:
        monkeypatch.setattr(memory_needs, name, 0)
    few, many = 20, 60
    measured = (peak(words, many, own_tables) - peak(words, few, own_tables)) / (many - few)
    group = make_group(
        run_spec(composed(*QUIET, *words)), [heaviest(jobs_of(words, 1, own_tables))]
    )
    there, here = bytes_per_job(group, many, own_tables)
    tables = there.table + here.table if own_tables else 0
    estimated = there.job + here.job + tables
    # The profiler sees buffers inside operations too; twice as much memory is free.
    assert 0.8 * measured < estimated < 2 * measured
