"""Schema of the config of `seedbed repeat`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key
from seedbed.config.schema.trainer import ACCELERATORS, no_gpu

# Where modules come from that are trusted.
SOURCES = ("working", "run")
SOURCES_MEANING = (
    "where trusted modules come from: working (the working folder, where they are there), run (the "
    "copies in the run's folder)"
)


@dataclass
class Repeat(Schema):
    """Config of `seedbed repeat`."""

    run: str = key("run folder, or latest", MISSING, is_path=True)
    folder: str = key("folder of the new run", MISSING, is_path=True)
    file: str | None = key(
        "file or folder of the data, where it has moved; null: where the run says",
        None,
        is_path=True,
    )
    other_data: bool = key(
        "train on other data than those of the run, too; on a file only where it is typed", False
    )
    sources: str = key(SOURCES_MEANING, "working", one_of=SOURCES)
    accelerator: str | None = key(
        "auto, cpu or gpu; null: that of the run", None, one_of=ACCELERATORS
    )
    trust: list[str] = key("modules of yours that the run may load classes from", [])
    paths: Any = key("folders of data and outputs", MISSING)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a GPU that is not there."""
        if node.accelerator == "gpu":
            yield from no_gpu("accelerator", "accelerator=cpu")
