"""Schema of `data=arrays`: arrays of the user's own in files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from seedbed.config.schema.data import InMemoryData
from seedbed.config.schema.field import key


@dataclass
class ArrayFile(InMemoryData, target="seedbed.data.ArrayFile"):
    """Arrays of the user's own: .npz, .safetensors, or a pair of .npy files."""

    file: str | None = key(
        "a .npz or .safetensors file; null: inputs and targets are .npy files", None, is_path=True
    )
    inputs: str | None = key(
        "key of the inputs in the file, or a .npy file; null: found by its name (x, inputs, ...)",
        None,
    )
    targets: str | None = key(
        "key of the targets, or a .npy file; null: found by its name (y, targets, ...)", None
    )
    val_inputs: str | None = key(
        "key or .npy file of the inputs of validation rows; null: held out", None
    )
    val_targets: str | None = key(
        "key or .npy file of the targets of validation rows; null: held out", None
    )
    test_inputs: str | None = key(
        "key or .npy file of the inputs of test rows; null: found (x_test, ...), or held out", None
    )
    test_targets: str | None = key(
        "key or .npy file of the targets of test rows; null: found (y_test, ...), or held out", None
    )

    classes: list[Any] = key(
        "classes whose rows are kept, by name or number from 0, in their new order; []: all", []
    )

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return None: only the file knows."""
        return None

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield files and keys that are missing."""
        if node.file is None:
            for name in ("inputs", "targets"):
                if node[name] is None:
                    yield (
                        "data.file: null; data.file=x.npz is needed, or data.inputs=x.npy "
                        "data.targets=y.npy"
                    )
                    return
        for split in ("val", "test"):
            inputs, targets = node[f"{split}_inputs"], node[f"{split}_targets"]
            if (inputs is None) != (targets is None):
                missing = "inputs" if inputs is None else "targets"
                yield f"data.{split}_{missing}: null, and the other one of the pair is given"
                return
        yield from super().problems(node, config, key)
