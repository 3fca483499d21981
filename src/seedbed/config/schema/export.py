"""Schema of the config of `seedbed export`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key
from seedbed.config.schema.repeat import SOURCES, SOURCES_MEANING
from seedbed.errors import listed

# Formats, and how the names of their files end.
SUFFIXES = {
    "onnx": ".onnx",
    "torch_export": ".pt2",
    "safetensors": ".safetensors",
    "state_dict": ".pt",
}
FORMATS = tuple(SUFFIXES)
# What the name of the description has behind that of the file.
BESIDE = ".json"


def format_of(output: str) -> str | None:
    """Return the format that the name of a file says; None where it says none."""
    suffix = Path(output).suffix
    return next((name for name, end in SUFFIXES.items() if end == suffix), None)


@dataclass
class Export(Schema):
    """Config of `seedbed export`."""

    run: str = key("run folder, or latest", MISSING, is_path=True)
    output: str = key(
        "file to write, .onnx, .pt2, .safetensors or .pt; what is needed to use it goes beside it, "
        "into OUTPUT.json",
        MISSING,
        is_path=True,
    )
    format: str | None = key(
        "onnx, torch_export, safetensors or state_dict; null: as the name of the file ends",
        None,
        one_of=FORMATS,
    )
    apply_softmax: bool = key("probabilities of a classification; false: its logits", True)
    file: str | None = key(
        "file or folder of the data, where it has moved; null: where the run says",
        None,
        is_path=True,
    )
    checkpoint: str = key("best or last", "best", one_of=("best", "last"))
    sources: str = key(SOURCES_MEANING, "working", one_of=SOURCES)
    trust: list[str] = key("modules of yours that the run may load classes from", [])
    paths: Any = key("folders of data and outputs", MISSING)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a name of a file that is not of the format."""
        output, said, named = str(node.output), node.format, format_of(str(node.output))
        if named is None and said is None:
            yield f"output={output}: the name must end in {listed(SUFFIXES.values())}"
        elif said is not None and named != said:
            other = _with_suffix(output, SUFFIXES[said])
            yield f"output={output}: a file of format={said} ends in {SUFFIXES[said]}: {other}"


def _with_suffix(output: str, suffix: str) -> str:
    """Return the name that a file of another format would have."""
    path = Path(output)
    known = path.suffix in SUFFIXES.values()
    return f"output={path.with_suffix(suffix) if known else path.with_name(path.name + suffix)}"
