"""Content of checkpoints, their reading, and their summary in the record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from seedbed.errors import RunFolderError
from seedbed.runs.outcome import EpochState, RunOutcome

if TYPE_CHECKING:
    from torch import Tensor

# A part of a zip file that is so marked has no content for torch, which then reads stray memory.
FOLDER = 0x10
# The network's tensors in the state_dict of a LightningModule.
PREFIX = "net."


def weights_checkpoint(state: EpochState, prefix: str = PREFIX) -> dict[str, Any]:
    """Return the content of a checkpoint of weights alone, which Lightning can load.

    `prefix` is what the names of the weights begin with.
    """
    return {
        "pytorch-lightning_version": _lightning_version(),
        "epoch": int(state.epoch),
        "global_step": int(state.step),
        # Only plain floats can be read without executing anything.
        "metrics": {name: float(value) for name, value in state.metrics.items()},
        "state_dict": {f"{prefix}{name}": _alone(value) for name, value in state.weights.items()},
    }


def read_checkpoint(path: Path) -> Any:
    """Return the tensors and plain values of a checkpoint, in the memory of the CPU.

    Raises RunFolderError where there is none, where a byte of it is not what was written, or where
    it holds anything else.
    """
    import torch

    from seedbed.reading.checkpoint_files import check_checkpoint  # 5 ms, for what reads one.

    check_checkpoint(path)  # Before anything is unpacked, however large it says to be.
    try:
        with path.open("rb") as file:
            _require_undamaged(path, file)
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise RunFolderError(f"{path}: no such checkpoint") from None
    except RunFolderError:
        raise
    except Exception as error:  # Damaged bytes make torch raise almost anything.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(
            f"{path}: cannot be read as tensors and plain values: {reason}"
        ) from None


def _require_undamaged(path: Path, file: BinaryIO) -> None:
    """Raise RunFolderError where the checksums of a checkpoint do not fit its bytes.

    torch writes them and reads past them.
    """
    try:
        with ZipFile(file) as archive:
            other = any(
                part.compress_type != ZIP_STORED or part.external_attr & FOLDER
                for part in archive.infolist()
            )
            damaged = other or archive.testzip() is not None
    except (EOFError, ValueError, NotImplementedError):
        damaged = True
    except BadZipFile as error:
        if "not a zip" in str(error):
            raise  # No checkpoint at all, or less than one.
        damaged = True
    if damaged:
        raise RunFolderError(f"{path}: damaged: it is not, byte for byte, what was written")


def epoch_state(checkpoint: Mapping[str, Any], prefix: str = PREFIX) -> EpochState:
    """Return the state in a checkpoint of `weights_checkpoint`."""
    weights = {name.removeprefix(prefix): value for name, value in checkpoint["state_dict"].items()}
    return EpochState(
        checkpoint["epoch"], checkpoint["global_step"], dict(checkpoint["metrics"]), weights
    )


def checkpoints_summary(outcome: RunOutcome) -> dict[str, Any]:
    """Return epoch, step and metrics of the kept states, for the record."""
    states = {"best": outcome.best, "last": outcome.last}
    return {
        name: {"epoch": state.epoch, "step": state.step, "metrics": state.metrics}
        for name, state in states.items()
        if state is not None
    }


def described(record: Mapping[str, Any], name: str, epoch: int | None) -> str:
    """Return which weights a checkpoint holds, in words: `epoch 3 of 20 (best by val/loss)`.

    Args:
        record: Fields of run.json.
        name: `best` or `last`.
        epoch: Epoch in the checkpoint; None: that of the record, which may be older where a run was
            killed.
    """
    kept: Any = record.get("checkpoints") or {}
    epochs = {key: (kept.get(key) or {}).get("epoch") for key in ("best", "last")}
    number, last = epoch if epoch is not None else epochs[name], epochs["last"]
    if number is None:
        return name
    of = f" of {last}" if last is not None and number < last else ""
    both = epochs["best"] is not None and epochs["best"] == epochs["last"] == number
    return f"epoch {number}{of} ({'best, last' if both else name})"


def _alone(tensor: Tensor) -> Tensor:
    """Return a tensor with storage of its own: of a view, torch saves the whole storage."""
    tensor = tensor.detach().cpu()
    return tensor.clone() if tensor.untyped_storage().nbytes() != tensor.nbytes else tensor


@cache
def _lightning_version() -> str:
    # Without the import, which takes its time.
    return version("pytorch-lightning")
