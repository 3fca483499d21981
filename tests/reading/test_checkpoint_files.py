"""Checkpoints that are more than dense tensors and plain values, or claim to be larger."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.errors import RunFolderError
from seedbed.reading.checkpoint_files import Tensor, check_checkpoint


def itself() -> dict[str, Any]:
    content: dict[str, Any] = {}
    content["again"] = [content]
    return content


def laughs() -> dict[str, Any]:
    content: Any = "x"
    for _ in range(40):
        content = [content, content]
    return {"x": content}


REFUSED = {
    "expanded": {"x": torch.zeros(1).expand(10**13)},
    "overlapping": {"x": torch.zeros(10).as_strided((9, 2), (1, 1))},
    "sparse": {"x": torch.sparse_coo_tensor(torch.zeros(1, 1, dtype=torch.long), [1.0], (10**13,))},
    "meta": {"x": torch.empty(10**13, device="meta")},
    "quantized": {"x": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8)},
    "set": {"x": {1, 2}},
    "dtype": {"x": torch.float32},
    "size": {"x": torch.Size([2])},
    "huge number": {"x": 10**30},
    "part of itself": itself(),
    "grows when it is walked": laughs(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_plain_is_refused(tmp_path: Path, name: str) -> None:
    torch.save({"state_dict": {}, **REFUSED[name]}, tmp_path / "a.ckpt")
    with pytest.raises(
        RunFolderError, match=r"a\.ckpt: cannot be read as tensors and plain values"
    ):
        check_checkpoint(tmp_path / "a.ckpt")


def test_dense_tensors_of_any_order_and_plain_values_are_described(tmp_path: Path) -> None:
    images = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    content = {"a": images, "b": torch.zeros(3, 2).t(), "c": torch.zeros(0, 4), "d": [1.5, None]}
    shared = torch.zeros(10)
    content |= {"e": shared[2:5], "f": shared, "g": torch.nn.Parameter(torch.zeros(()))}
    torch.save(content, tmp_path / "a.ckpt")
    described = check_checkpoint(tmp_path / "a.ckpt")
    assert described["a"] == Tensor((2, 3, 4, 5))
    assert described["e"] == Tensor((3,))
    assert described["d"] == [1.5, None]


def rewritten(path: Path, change: Any, compression: int = zipfile.ZIP_STORED) -> None:
    """Save a checkpoint of which one file of the archive is changed."""
    torch.save({"x": torch.zeros(100)}, path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, change(name, content))


def test_an_archive_that_unpacks_to_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    rewritten(
        path,
        lambda name, content: bytes(10**7) if name.endswith("data/0") else content,
        zipfile.ZIP_DEFLATED,
    )
    with pytest.raises(RunFolderError, match="it unpacks to"):
        check_checkpoint(path)


def test_a_storage_that_claims_more_numbers_than_there_are_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    rewritten(path, lambda name, content: content[:40] if name.endswith("data/0") else content)
    with pytest.raises(RunFolderError, match="storage 0 is said to hold 100 numbers"):
        check_checkpoint(path)


def test_a_description_cannot_take_memory_as_it_is_told_to(tmp_path: Path) -> None:
    hostile = pickle.PROTO + b"\x02N" + pickle.LONG_BINPUT + b"\xff\xff\xff\x7f" + pickle.STOP
    path = tmp_path / "a.ckpt"
    rewritten(path, lambda name, content: hostile if name.endswith("data.pkl") else content)
    with pytest.raises(RunFolderError, match="not a checkpoint"):
        check_checkpoint(path)
