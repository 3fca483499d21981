"""What each local worker has of the cores and GPUs of a machine."""

from typing import Any

import pytest
import torch

from seedbed.sweep.execution.workforce.local import shares as module
from seedbed.sweep.execution.workforce.local.shares import shares_of
from seedbed.sweep.planning.sharing.workers import Sharing


def has(monkeypatch: pytest.MonkeyPatch, cores: int, gpus: int = 0, named: str = "") -> None:
    """Let this machine have so much."""
    monkeypatch.setattr(module, "usable_cores", lambda: cores)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if named:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)


@pytest.mark.parametrize(
    ("workers", "devices", "threads", "expected"),
    [
        (2, None, None, (2, 4)),
        (3, None, None, (3, 2)),
        (20, None, None, (20, 1)),
        (1, None, None, (1, 8)),
        ("auto", None, None, (8, 1)),
        ("auto", None, 4, (2, 4)),
        ("auto", None, 16, (1, 8)),
        # Each job is two processes.
        ("auto", 2, None, (4, 1)),
        (2, 2, None, (2, 2)),
    ],
)
def test_cores_are_shared(
    monkeypatch: pytest.MonkeyPatch, workers: Any, devices: Any, threads: Any, expected: Any
) -> None:
    has(monkeypatch, cores=8, gpus=4)
    shares = shares_of(workers, False, devices, threads)
    assert (shares.workers, shares.threads) == expected
    assert shares.gpus == ()
    assert shares.device(0) is None
    assert shares.environment(0) == {
        "OMP_NUM_THREADS": str(shares.threads),
        "POLARS_MAX_THREADS": str(shares.threads),
    }
    assert shares.sharing() == Sharing(shares.workers, shares.workers, 1)


@pytest.mark.parametrize(
    ("workers", "devices", "named", "expected", "on_a_gpu"),
    [
        ("auto", None, "", ("0", "1", "2"), 1),
        (2, None, "", ("0", "1"), 1),
        (4, None, "", ("0", "1", "2", "0"), 2),
        ("auto", 2, "", ("0,1",), 1),
        # Those that this process may see, as they are named.
        ("auto", None, "5,GPU-8f2d,7", ("5", "GPU-8f2d", "7"), 1),
        (5, None, "4,5,6", ("4", "5", "6", "4", "5"), 2),
    ],
)
def test_each_worker_has_a_gpu_of_its_own_as_far_as_there_are(
    monkeypatch: pytest.MonkeyPatch,
    workers: Any,
    devices: Any,
    named: str,
    expected: Any,
    on_a_gpu: int,
) -> None:
    has(monkeypatch, cores=8, gpus=3, named=named)
    shares = shares_of(workers, True, devices, None)
    assert shares.gpus == expected
    assert (
        shares.environment(1 % len(expected))["CUDA_VISIBLE_DEVICES"] == expected[1 % len(expected)]
    )
    assert shares.sharing() == Sharing(len(expected), len(expected), on_a_gpu)
