"""Checkpoints of weights: Lightning reads them, and nothing in them is executed."""

import io
import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from seedbed.errors import RunFolderError
from seedbed.runs.checkpoints import (
    checkpoints_summary,
    epoch_state,
    read_checkpoint,
    weights_checkpoint,
)
from seedbed.runs.outcome import EpochState, RunOutcome


class Line(pl.LightningModule):
    """A network as Lightning restores it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(3, 2)


def state() -> EpochState:
    weights = {name: value.detach() for name, value in Line().net.state_dict().items()}
    return EpochState(4, 12, {"train/loss": 0.5}, weights)


def test_lightning_loads_a_checkpoint_of_weights(tmp_path: Path) -> None:
    saved = state()
    torch.save(weights_checkpoint(saved), tmp_path / "best.ckpt")
    loaded = Line.load_from_checkpoint(tmp_path / "best.ckpt", map_location="cpu")
    for name, value in loaded.net.state_dict().items():
        assert torch.equal(value, saved.weights[name]), name


def test_a_checkpoint_is_read_without_executing_anything() -> None:
    saved = state()
    # Numbers as NumPy has them would need its code to be read.
    saved.metrics = {"train/loss": np.float64(0.25)}
    saved.epoch = np.int64(3)  # type: ignore[assignment]
    file = io.BytesIO()
    torch.save(weights_checkpoint(saved), file)
    file.seek(0)
    content = torch.load(file, weights_only=True)
    assert (content["epoch"], content["global_step"]) == (3, 12)
    assert content["metrics"] == {"train/loss": 0.25}
    assert content["pytorch-lightning_version"] == pl.__version__


def test_a_state_comes_back_from_its_checkpoint() -> None:
    saved = state()
    again = epoch_state(weights_checkpoint(saved))
    assert (again.epoch, again.step, again.metrics) == (4, 12, {"train/loss": 0.5})
    assert list(again.weights) == ["weight", "bias"]
    for name, value in again.weights.items():
        assert torch.equal(value, saved.weights[name]), name


def test_a_view_of_a_large_tensor_is_saved_as_its_own_numbers_alone() -> None:
    # As the weights of one job are a row of the weights of all jobs.
    rows = torch.arange(200_000.0).view(1000, 200)
    checkpoint = weights_checkpoint(EpochState(1, 1, {}, {"weight": rows[7]}))
    file = io.BytesIO()
    torch.save(checkpoint, file)
    assert len(file.getvalue()) < 10_000
    assert torch.equal(checkpoint["state_dict"]["net.weight"], rows[7])


def test_the_record_has_epoch_step_and_metrics_of_what_is_kept() -> None:
    last = EpochState(9, 27, {"train/loss": 0.125}, {"weight": torch.ones(2)})
    assert checkpoints_summary(RunOutcome(last=last)) == {
        "last": {"epoch": 9, "step": 27, "metrics": {"train/loss": 0.125}}
    }
    kept = checkpoints_summary(RunOutcome(best=state(), last=last))
    assert list(kept) == ["best", "last"]
    assert kept["best"] == {"epoch": 4, "step": 12, "metrics": {"train/loss": 0.5}}
    assert checkpoints_summary(RunOutcome()) == {}


def test_no_flipped_bit_is_read_as_another_number(tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    torch.save({"weight": torch.tensor([1.5, -2.0])}, path)
    content, whole = path.read_bytes(), repr(read_checkpoint(path))
    refused = 0
    # Where the directory of the file says of a part that it is a folder, and elsewhere.
    marks = [match.start() + 38 for match in re.finditer(b"PK\1\2", content)]
    flips = [(place, 4) for place in marks] + [(n, n % 8) for n in range(0, len(content), 7)]
    for place, bit in flips:
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        try:
            assert repr(read_checkpoint(path)) == whole, (place, bit)
        except RunFolderError:
            refused += 1
    assert refused > 60


def test_a_flipped_weight_is_damage_and_packed_parts_are_none_of_torchs(tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    torch.save({"weight": torch.full((4,), 1.5)}, path)
    number = np.float32(1.5).tobytes()
    path.write_bytes(path.read_bytes().replace(number, np.float32(2.5).tobytes(), 1))
    assert torch.load(path, weights_only=True)["weight"][0] == 2.5
    with pytest.raises(RunFolderError, match=r"best.ckpt: damaged"):
        read_checkpoint(path)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("best/data.pkl", b"0" * 100)
    with pytest.raises(RunFolderError, match=r"best.ckpt: cannot be read as tensors"):
        read_checkpoint(path)
