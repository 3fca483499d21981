"""Files of weights: tensors by name, read without running anything of them, each once."""

import hashlib
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seedbed.data.inference import Stamp, stamp
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.checkpoints import read_checkpoint

# Of all files that are kept for the jobs of a sweep.
MOST_BYTES = 256 * 2**20
# What others put a state_dict into, beside other things.
_HOLDERS = ("state_dict", "model_state_dict", "model")
_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"


@dataclass(frozen=True)
class WeightsFile:
    """Content of a file of weights.

    Attributes:
        tensors: tensors by name.
        sha256: hash of the file.
        epoch: epoch that a checkpoint says it is of; None where it says none.
        preparation: what the run of a checkpoint had fitted to its rows; None where nothing was.
    """

    tensors: Mapping[str, Tensor]
    sha256: str
    epoch: int | None = None
    preparation: Mapping[str, Any] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


_kept: OrderedDict[Stamp, WeightsFile] = OrderedDict()


def require_known(path: Path, source: str, sha256: object) -> None:
    """Raise ConfigError where a file has another hash than is known; nothing of it is told.

    Args:
        path: The file.
        source: How messages name it.
        sha256: The hash that it had; anything else where that is not known.
    """
    try:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as error:
        raise ConfigError(f"{source}: {(error.strerror or str(error)).lower()}") from None
    if not same:
        raise ConfigError(
            f"{source}: not the weights that the run was begun with, by their hash in its record"
        )


def weights_of_file(path: Path, source: str) -> WeightsFile:
    """Return the content of a checkpoint, a state_dict or a safetensors file.

    Args:
        path: The file.
        source: How messages name it.

    Raises:
        ConfigError: It is none of them, damaged, or holds anything but tensors and plain values.
    """
    known_by = stamp(path)
    if known_by not in _kept:
        content = _read(path, source)
        if stamp(path) != known_by:  # A run that goes on has written another epoch meanwhile.
            known_by, content = stamp(path), _read(path, source)
        _kept[known_by] = content
        while len(_kept) > 1 and sum(each.nbytes for each in _kept.values()) > MOST_BYTES:
            _kept.popitem(last=False)
    return _kept[known_by]


def _read(path: Path, source: str) -> WeightsFile:
    try:
        with path.open("rb") as file:
            beginning = file.read(9)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{source}: {(error.strerror or str(error)).lower()}") from None
    if beginning.startswith(_ZIP) and not _is_other_archive(path):
        return _of_checkpoint(path, source, sha256)
    if beginning[8:] == b"{":
        return WeightsFile(_safetensors(path, source), sha256)
    kinds = "neither a checkpoint or state_dict of torch.save nor a safetensors file"
    if beginning.startswith(_PICKLE):
        kinds = "a pickle, which may hold code: torch.save(model.state_dict(), file) writes none"
    raise ConfigError(f"{source}: {kinds}" if beginning else f"{source}: the file is empty")


def _is_other_archive(path: Path) -> bool:
    """Return whether an archive that can be read is none of torch.save's, such as a .pt2 file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not any(name.endswith("/data.pkl") for name in archive.namelist())
    except Exception:  # A damaged one is told as such by the reader of checkpoints.
        return False


def _of_checkpoint(path: Path, source: str, sha256: str) -> WeightsFile:
    try:
        content = read_checkpoint(path)
    except RunFolderError as error:
        reason = str(error).removeprefix(f"{path}: ")
        code = "it holds " in reason and "." in reason.partition("it holds ")[2]
        advice = "; torch.save(model.state_dict(), file) writes tensors alone" if code else ""
        raise ConfigError(f"{source}: {reason}{advice}") from None
    held = [inner for name in _HOLDERS if isinstance(inner := content.get(name), dict)]
    tensors = next(filter(None, map(_tensors, [*held, content])), None)
    if tensors is None:
        raise ConfigError(f"{source}: it holds no tensors by name, as a state_dict does")
    epoch, preparation = content.get("epoch"), content.get("preparation")
    return WeightsFile(
        tensors,
        sha256,
        epoch if type(epoch) is int else None,
        preparation if isinstance(preparation, dict) else None,
    )


def _tensors(content: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def _safetensors(path: Path, source: str) -> dict[str, Tensor]:
    from safetensors import safe_open  # Few runs need it.

    try:
        with safe_open(path, "pt") as file:
            # Of numbers of its own: the file that it maps may be written over.
            return {name: torch.clone(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # Damaged bytes make a reader raise almost anything.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(f"{source}: cannot be read as safetensors: {reason}") from None
