"""`seedbed worker DIR`: work on a sweep that somebody else runs, as one of its workers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.commands.arguments import parse_arguments
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.errors import ConfigError

USAGE = """worker DIR

Work on a sweep that somebody else runs, from any machine that sees its folder: take units that
wait, train them, and end when none is left. Start it as often as you like, and stop it by Ctrl-C:
it saves, and others go on. DIR: the folder of the sweep, whose units are handed out by
sweep.workers or a hydra/launcher.
"""


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed worker`."""

    trust: str | None = key("modules of yours whose classes the sweep may make: [mine]", None)
    data: str | None = field(
        default=None,
        metadata={"key": "paths.data", "meaning": "folder of downloaded data; null: as always"},
    )
    outputs: str = field(
        default_factory=outputs_folder,
        metadata={"key": "paths.outputs", "meaning": "folder whose newest sweep is latest"},
    )


def words_of_train(arguments: Sequence[str]) -> list[str]:
    """Return the words of `seedbed train` that a worker is started by; `--help` prints and exits.

    Raises ConfigError where no sweep is named, or several are.
    """
    paths, keys = parse_arguments(USAGE, Keys, arguments)
    if not paths:
        raise ConfigError("worker: which sweep? Name its folder: seedbed worker DIR")
    if len(paths) > 1:
        raise ConfigError(f"worker: {' '.join(paths)}: one folder is taken: seedbed worker DIR")
    typed = {word.partition("=")[0] for word in arguments}
    words = ["-m", f"sweep.resume={paths[0]}"]
    if keys.trust is not None:
        words.append(f"trust={keys.trust}")
    if keys.data is not None:
        words.append(f"paths.data={keys.data}")
    if "paths.outputs" in typed:
        words.append(f"paths.outputs={keys.outputs}")
    return words
