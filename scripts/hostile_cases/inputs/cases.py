"""Bad inputs: command lines that must be refused with exit code 2 before anything is written.

Each is a line as typed in a shell, and a word that the message must hold: the key or file that is
wrong, or what is accepted. Their files are those of `files.py`; RUN and SWEEP are an honest
run and an honest sweep.
"""

import shlex
from dataclasses import dataclass, field

from scripts.hostile_cases.inputs.config import (
    CONTRADICTIONS,
    GRAMMAR,
    HYDRA,
    INTERPOLATIONS,
    NAMES,
    RANGES,
    SWEEPS,
    TYPES,
    Lines,
)
from scripts.hostile_cases.inputs.data import OWN_DATA, OWN_MODELS, PATHS, PREDICTIONS
from scripts.hostile_cases.inputs.files import PROJECT_FILES


@dataclass(frozen=True)
class Input:
    """A bad input: its kind, its words, what the message must say, and what else is set."""

    kind: str
    words: tuple[str, ...]
    says: str
    environment: dict[str, str] = field(default_factory=dict)
    project: str | None = None


_TABLES: dict[str, Lines] = {
    "types": TYPES,
    "ranges": RANGES,
    "names": NAMES,
    "contradictions": CONTRADICTIONS,
    "sweeps": SWEEPS,
    "hydra": HYDRA,
    "interpolations": INTERPOLATIONS,
    "grammar": GRAMMAR,
    "paths and arguments": PATHS,
    "predictions": PREDICTIONS,
    "own data": OWN_DATA,
    "own models": OWN_MODELS,
}


def _words(line: str) -> tuple[str, ...]:
    """Return the words of a line; `$'...'` holds escapes, as in bash."""
    typed = line.replace("$'", "'").replace("RUN", "../own/run").replace("SWEEP", "../own/sweep")
    return tuple(word.replace("\\x1b", "\x1b") for word in shlex.split(typed))


INPUTS = [
    *(Input(kind, _words(line), says) for kind, lines in _TABLES.items() for line, says in lines),
    *(
        Input("project file", ("train", "--cfg", "job"), "seedbed.yaml", project=text)
        for text in PROJECT_FILES.values()
    ),
    Input("environment", ("train",), "a_file", {"SEEDBED_OUTPUTS": "a_file"}),
    Input("environment", ("evaluate", "run=latest"), "outputs", {"SEEDBED_OUTPUTS": ""}),
    Input("environment", ("report", "latest"), "outputs", {"SEEDBED_OUTPUTS": ""}),
    Input("environment", ("dashboard",), "outputs", {"SEEDBED_OUTPUTS": ""}),
    Input("environment", ("train", "data=fashion_mnist", "paths.data="), "data", {}),
]
