"""Settings of PyTorch that hold for the whole process, set for a while."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """Let operations on the CPU use this many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Let operations use deterministic algorithms alone, where that is wanted.

    An operation that has none raises RuntimeError, as `torch.use_deterministic_algorithms` says.
    """
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    # What cuBLAS asks for; it is read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
