"""Files of weights: what is read of each kind, and what is refused."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import safetensors.torch
import torch
from torch import nn

from seedbed.errors import ConfigError
from seedbed.experiment.weights import file as weights_file
from seedbed.experiment.weights.file import weights_of_file


class Lit(pl.LightningModule):
    """Module of somebody who has never heard of Seedbed."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = nn.Linear(2, width)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.model(batch[0]).square().mean()

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters())
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]


def net() -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(2, 3)


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        weights_of_file(path, "initial_weights.run=x")
    text = str(error.value)
    assert text.startswith("initial_weights.run=x: ")
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.parametrize(
    "content",
    [
        net().state_dict(),
        {"state_dict": net().state_dict(), "epoch": 3},
        {"epoch": 3, "model_state_dict": net().state_dict(), "loss": 0.5},
        {
            "model": net().state_dict(),
            "optimizer": torch.optim.Adam(net().parameters()).state_dict(),
        },
    ],
)
def test_a_state_dict_is_read_wherever_others_put_it(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pt")
    read = weights_of_file(tmp_path / "a.pt", "x")

    assert list(read.tensors) == ["weight", "bias"]
    assert torch.equal(read.tensors["weight"], net().weight)
    assert read.sha256 == hashlib.sha256((tmp_path / "a.pt").read_bytes()).hexdigest()
    assert read.epoch == content.get("epoch")


def test_safetensors_are_read_under_any_name(tmp_path: Path) -> None:
    safetensors.torch.save_file(net().state_dict(), tmp_path / "weights.bin")
    read = weights_of_file(tmp_path / "weights.bin", "x")
    assert torch.equal(read.tensors["bias"], net().bias)


def test_a_checkpoint_of_lightnings_own_is_read(tmp_path: Path) -> None:
    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)))
    keeps = pl.callbacks.ModelCheckpoint(tmp_path, filename="kept", save_last=True)
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        callbacks=[keeps],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Lit()
    trainer.fit(module, rows)

    read = weights_of_file(tmp_path / "kept.ckpt", "x")
    assert list(read.tensors) == ["model.weight", "model.bias"]
    assert torch.equal(read.tensors["model.weight"], module.model.weight)


def test_a_file_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(net().state_dict(), tmp_path / "a.pt")
    reads = []
    real = weights_file._read
    monkeypatch.setattr(weights_file, "_read", lambda *words: reads.append(1) or real(*words))
    for _ in range(3):
        weights_of_file(tmp_path / "a.pt", "x")
    assert len(reads) == 1
    torch.save({"weight": torch.ones(1), "more": torch.ones(1)}, tmp_path / "a.pt")
    assert list(weights_of_file(tmp_path / "a.pt", "x").tensors) == ["weight", "more"]


def test_what_is_kept_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_file, "MOST_BYTES", 40)
    for name in ("a.pt", "b.pt"):
        torch.save(net().state_dict(), tmp_path / name)
        weights_of_file(tmp_path / name, "x")
    assert len(weights_file._kept) == 1


class Code:
    """Object whose unpickling would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1), "x": Code(tmp_path / "ran")}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps({"x": Code(tmp_path / "ran")}))
    torch.save(net(), tmp_path / "c.pt")

    assert "torch.save(model.state_dict(), file) writes tensors alone" in refused(tmp_path / "a.pt")
    assert "a pickle, which may hold code" in refused(tmp_path / "b.pt")
    assert "it holds torch.nn.modules.linear.Linear" in refused(tmp_path / "c.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_a_damaged_file_is_refused(tmp_path: Path, kind: str) -> None:
    path, tensors = tmp_path / f"a.{kind}", {"w": torch.ones(50)}
    if kind == "pt":
        torch.save(tensors, path)
    else:
        safetensors.torch.save_file(tensors, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert "cannot be read" in refused(path)
    if kind == "pt":
        place = whole.index(torch.ones(50).numpy().tobytes())
        path.write_bytes(whole[: place + 6] + b"\x41" + whole[place + 7 :])
        assert "damaged" in refused(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"weights", "neither a checkpoint or state_dict of torch.save nor a safetensors file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    assert why in refused(tmp_path / "a.pt")


def test_a_graph_of_torch_export_is_refused_as_another_kind(tmp_path: Path) -> None:
    program = torch.export.export(torch.nn.Linear(2, 1), (torch.ones(3, 2),))
    torch.export.save(program, tmp_path / "a.pt2")
    said = refused(tmp_path / "a.pt2")
    assert said.endswith("neither a checkpoint or state_dict of torch.save nor a safetensors file")


@pytest.mark.parametrize("content", [{}, {"a": 1}, {"state_dict": {"a": 1}}, {"a": {"b": {}}}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pt")
    assert "it holds no tensors by name" in refused(tmp_path / "a.pt")


def test_an_expanded_tensor_is_refused(tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(1).expand(10**13)}, tmp_path / "a.pt")
    assert "is not dense" in refused(tmp_path / "a.pt")
