"""Modules of the user's in a process that goes on while they are edited."""

import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import seedbed

NET = """
import torch

class Net(torch.nn.Linear):
    SIZE = 1

    def __init__(self):
        super().__init__(3, 2)
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    sys.modules.pop("edited_net", None)


def train() -> seedbed.Run:
    words = ["trainer.max_epochs=1", "model._target_=edited_net.Net"]
    return seedbed.train(*words, progress=False)


def kept(run: seedbed.Run) -> str:
    return (run.folder / "provenance" / "sources" / "edited_net.py").read_text()


def test_a_module_that_was_edited_is_used_and_recorded_as_it_was_until_it_is_reloaded(
    tmp_path: Path,
) -> None:
    file = tmp_path / "edited_net.py"
    file.write_text(NET)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert kept(train()) == NET

    file.write_text(NET.replace("SIZE = 1", "SIZE = 2 "))
    with pytest.warns(UserWarning, match=r"^edited_net\.py: edited since imported, and used as it"):
        run = train()
    assert kept(run) == NET

    sys.path.append(str(tmp_path))
    try:
        importlib.reload(sys.modules["edited_net"])
    finally:
        sys.path.remove(str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        run = train()
    assert kept(run) == file.read_text()
    assert type(run.model()).SIZE == 2
