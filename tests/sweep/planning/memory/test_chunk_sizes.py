"""How many jobs train as one program, by what a job takes and what is free."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.composing import composed

from seedbed.sweep.planning.job_numbers import JobNumbers, numbers_of
from seedbed.sweep.planning.memory import chunk_sizes
from seedbed.sweep.planning.memory.chunk_sizes import budget, chunk_size, heaviest, jobs_that_fit
from seedbed.sweep.planning.memory.memory_needs import Needs
from seedbed.sweep.planning.sharing.workers import Sharing

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture(scope="module")
def numbers() -> list[JobNumbers]:
    """Return 12 jobs, every two of which train on one table."""
    one = numbers_of(composed("trainer=cpu"))
    jobs = [{"seed": seed, "split_seed": seed // 2} for seed in range(12)]
    return [replace(one, seed=job["seed"], data={**one.data, **job}) for job in jobs]


def group_on(device: torch.device) -> Any:
    return SimpleNamespace(batches=SimpleNamespace(data=[SimpleNamespace(device=device)]))


def has(monkeypatch: pytest.MonkeyPatch, free: int, on_gpu: int = 0) -> None:
    """Let this machine have that much memory."""
    monkeypatch.setattr(chunk_sizes, "free_memory", lambda: free)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (on_gpu, 80 << 30))


def takes(monkeypatch: pytest.MonkeyPatch, there: Needs, here: Needs) -> None:
    monkeypatch.setattr(chunk_sizes, "bytes_per_job", lambda *arguments: (there, here))


def test_half_of_what_is_free_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, free=1001, on_gpu=500)
    assert budget(CPU) == 500
    assert budget(CUDA) == 250


def test_workers_share_what_is_free(
    monkeypatch: pytest.MonkeyPatch, numbers: list[JobNumbers]
) -> None:
    has(monkeypatch, free=2 * 12 * 1000, on_gpu=2 * 12 * 500)
    takes(monkeypatch, Needs(0, 0), Needs(1000, 0))
    assert chunk_size(group_on(CPU), numbers, 4096, Sharing(3, 3, 1)) == 4
    takes(monkeypatch, Needs(500, 0), Needs(1, 0))
    assert chunk_size(group_on(CUDA), numbers, 4096, Sharing(3, 3, 1)) == 12
    assert chunk_size(group_on(CUDA), numbers, 4096, Sharing(4, 4, 2)) == 6


@pytest.mark.parametrize("tables", [1, 3, 10])
@pytest.mark.parametrize("table", [0, 1, 7, 100])
@pytest.mark.parametrize("job", [1, 5, 30])
def test_jobs_that_fit(job: int, table: int, tables: int) -> None:
    for free in (0, 4, 35, 36, 99, 350, 1000, 1001):
        fit = [n for n in range(1500) if n * job + min(n, tables) * table <= free]
        assert jobs_that_fit(Needs(job, table), free, tables) == max(fit)


@pytest.mark.parametrize(
    ("free", "most", "expected"),
    [
        (10**9, 4096, 12),
        (10**9, 5, 5),
        (2 * 7 * 1300, 4096, 7),
        (2 * 7 * 1300 - 2, 4096, 6),
        (2 * 7 * 1300, 3, 3),
        (1, 4096, 1),
        (0, 4096, 1),
    ],
)
def test_on_the_cpu_all_counts_together(
    monkeypatch: pytest.MonkeyPatch,
    numbers: list[JobNumbers],
    free: int,
    most: int,
    expected: int,
) -> None:
    has(monkeypatch, free)
    takes(monkeypatch, Needs(1000, 0), Needs(300, 0))
    assert chunk_size(group_on(CPU), numbers, most) == expected


@pytest.mark.parametrize(
    ("free", "on_gpu", "expected"),
    [(10**9, 10**9, 12), (10**9, 9000, 4), (1500, 10**9, 2), (0, 10**9, 1), (10**9, 0, 1)],
)
def test_on_a_gpu_both_memories_have_to_do(
    monkeypatch: pytest.MonkeyPatch,
    numbers: list[JobNumbers],
    free: int,
    on_gpu: int,
    expected: int,
) -> None:
    has(monkeypatch, free, on_gpu)
    takes(monkeypatch, Needs(1000, 0), Needs(300, 0))
    assert chunk_size(group_on(CUDA), numbers, 4096) == expected


def test_tables_that_differ_count_for_as_many_jobs_as_may_have_them(
    monkeypatch: pytest.MonkeyPatch, numbers: list[JobNumbers]
) -> None:
    takes(monkeypatch, Needs(10, 400), Needs(0, 600))
    has(monkeypatch, free=2 * (6 * 1000 + 8 * 10))
    assert chunk_size(group_on(CPU), numbers, 4096) == 8
    has(monkeypatch, free=2 * 3 * 1010)
    assert chunk_size(group_on(CPU), numbers, 4096) == 3


def test_the_heaviest_job_has_all_that_any_has(numbers: list[JobNumbers]) -> None:
    optimizer = numbers[0].optimizer
    first, second, third = numbers[:3]
    second = replace(second, optimizer={**optimizer, "momentum": 0.5}, max_epochs=7)
    third = replace(third, optimizer={**optimizer, "momentum": 0.1}, gradient_clip_val=2.0)
    found = heaviest([replace(first, max_epochs=3), second, third])
    assert found.optimizer == {**optimizer, "momentum": 0.5}
    assert (found.gradient_clip_val, found.max_epochs) == (2.0, max(7, third.max_epochs))
    assert heaviest([first]) == first
