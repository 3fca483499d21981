"""Two processes that are killed in a step and taken up again end as if left alone."""

import multiprocessing
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from scripts.kill_cases.grid import CASES
from scripts.kill_cases.in_process import begun, differences, killed_again_and_again, left, trained

DDP = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.timeout=60", "trainer.max_epochs=2")
# Batch norm wants two rows for each process; the rows of the others are shared unevenly.
WORDS = {
    "own dataset, drawing network": (*DDP, "data.drop_last=true"),
    "accumulation": DDP,
}
STEPS = 3


def _run(rank: int, port: int, work: Path, found: Any) -> None:
    os.environ |= {
        **{"LOCAL_RANK": str(rank), "NODE_RANK": "0", "WORLD_SIZE": "2"},
        **{"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
    }
    torch.set_num_threads(1)
    try:
        problems = [f"{name}: {line}" for name in WORDS for line in _problems(name, work / name)]
    except BaseException as error:
        problems = [f"{type(error).__name__}: {error}"]
    found.put((rank, problems))


def _problems(name: str, work: Path) -> Iterator[str]:
    words = (*CASES[name], *WORDS[name])
    whole = left(trained(begun(work / "whole", words)))
    end, kills = killed_again_and_again(work / "cut", words, STEPS)
    yield from differences(whole, left(end))
    if not kills:
        yield "it was never killed"
    processes = left(end)["files"]["last"]["processes"]
    if len(processes) != 2:
        yield f"{len(processes)} processes have a state"


@pytest.mark.slow
def test_two_processes_end_as_if_left_alone(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    processes = [
        context.Process(target=_run, args=(rank, port, tmp_path, found)) for rank in (0, 1)
    ]
    for process in processes:
        process.start()
    told = dict(found.get(timeout=240) for _ in processes)
    for process in processes:
        process.join(timeout=60)
    assert told == {0: [], 1: []}
