"""States of chunks that are damaged: their jobs begin again, and end as if nothing had been."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.composing import composed

from seedbed.config.spec import run_spec
from seedbed.errors import Interrupted
from seedbed.sweep.execution.chunk import ChunkState, TrainedChunk, train_chunk
from seedbed.sweep.planning.job_numbers import numbers_of

WORDS = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "data.val_size=5")
WORDS = (*WORDS, "trainer=cpu", "logger=none", "callbacks=quiet", "trainer.max_epochs=4")
STOPPING = "callbacks.early_stopping"
WORDS = (*WORDS, f"+callback@{STOPPING}=early_stopping", f"{STOPPING}.patience=3")


def trained(path: Path, stop_after: float = float("inf")) -> TrainedChunk:
    """Train two jobs side by side, whose state is saved where they are stopped."""
    configs = [composed(*WORDS, f"seed={seed}") for seed in (1, 2)]
    numbers = [numbers_of(config) for config in configs]
    asked = iter(range(1000))
    state = ChunkState(path, 1e9, lambda: 15 if next(asked) >= stop_after else None)
    return train_chunk(run_spec(configs[0]), numbers, 100, state, lambda engine: None)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A state of jobs in training."""
    path = tmp_path_factory.mktemp("saved") / "chunk-0.ckpt"
    with pytest.raises(Interrupted):
        trained(path, stop_after=3)
    return path.read_bytes()


def metrics(chunk: TrainedChunk) -> list[Any]:
    return [outcome.metrics for outcome in chunk.outcomes]


def cut(content: bytes, at: int) -> bytes:
    return content[:at]


def zeros(content: bytes, at: int) -> bytes:
    return content[:at] + bytes(len(content[at : at + 512])) + content[at + 512 :]


def other_bytes(content: bytes, at: int) -> bytes:
    inverted = bytes(255 - byte for byte in content[at : at + 64])
    return content[:at] + inverted + content[at + 64 :]


def test_jobs_whose_state_is_damaged_anywhere_begin_again(
    saved: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, chance = metrics(trained(tmp_path / "whole")), random.Random(0)
    damages: list[Callable[[bytes, int], bytes]] = [cut, zeros, other_bytes]
    for damage in damages * 4:
        path, at = tmp_path / "chunk-0.ckpt", chance.randrange(len(saved))
        path.write_bytes(damage(saved, at))
        assert metrics(trained(path)) == expected, (damage, at)
    assert capsys.readouterr().err.count("; its jobs begin again\n") == 12


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("resumed",), [1, 2]),
        (("weights",), [None, None]),
        (("engine", "history", "best_epoch"), torch.zeros(3)),
        (("engine", "history", "latest", "val/loss"), torch.zeros(1)),
        (("engine", "stopping", "waited"), torch.zeros(0)),
    ],
)
def test_jobs_whose_state_is_of_others_begin_again(
    saved: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: Any, value: Any
) -> None:
    path = tmp_path / "chunk-0.ckpt"
    path.write_bytes(saved)
    content = torch.load(path, weights_only=True)
    node = content
    for name in key[:-1]:
        node = node[name]
    assert key[-1] in node
    node[key[-1]] = value
    torch.save(content, path)
    trained(path)
    assert f"seedbed: {path}: not the state of these jobs; its jobs begin again" in (
        capsys.readouterr().err
    )
