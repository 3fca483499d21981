"""Settings of PyTorch hold for a while, and are then what they were."""

import os

import pytest
import torch

from seedbed.process.torch_settings import deterministic_algorithms, using_threads

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


def test_threads_are_set_and_put_back_whatever_happens() -> None:
    before = torch.get_num_threads()
    with using_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError), using_threads(before + 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("before", [False, True])
def test_deterministic_algorithms_are_used_where_wanted_and_put_back_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setenv(CUBLAS, "of the user")
    torch.use_deterministic_algorithms(before)
    try:
        with deterministic_algorithms(False):
            assert torch.are_deterministic_algorithms_enabled() is before
        with deterministic_algorithms(True):
            assert torch.are_deterministic_algorithms_enabled()
        assert torch.are_deterministic_algorithms_enabled() is before
        with pytest.raises(ZeroDivisionError), deterministic_algorithms(True):
            raise ZeroDivisionError
        assert torch.are_deterministic_algorithms_enabled() is before
        assert os.environ[CUBLAS] == "of the user"
    finally:
        torch.use_deterministic_algorithms(False)


def test_cublas_is_told_to_be_deterministic_before_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CUBLAS, "")  # So that the variable is put back after the test.
    monkeypatch.delenv(CUBLAS)
    with deterministic_algorithms(False):
        assert CUBLAS not in os.environ
    with deterministic_algorithms(True):
        assert os.environ[CUBLAS] == ":4096:8"
