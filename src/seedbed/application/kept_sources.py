"""Modules of a run that a verb reads: from the working folder, or from the run's own copies."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.config.overrides import words_of
from seedbed.config.project import is_inherited
from seedbed.config.trust.module_path import reach
from seedbed.errors import ConfigError, SeedbedError, listed
from seedbed.runs.folder import RECORD, SWEEP_PLAN, RunFolder, open_run
from seedbed.runs.packed.index import packs_of
from seedbed.runs.provenance.importing import KeptSources, importing_kept, other_sources
from seedbed.runs.record import read_record

# What is entered for the run of the command, until it ends.
_entered = ExitStack()


def use_kept_sources(config: DictConfig) -> None:
    """Let the trusted modules of the run of a config come from its copies, if nowhere else.

    With `sources=run` they do in any case. Copies are whoever's code made the folder: a project
    file, which trusts modules once and for all, does not trust them.
    """
    if "run" not in config or not config.get("trust"):
        return
    try:
        folder = _opened(str(config.run), str(config.paths.outputs))
        record = read_record(folder.record)
    except (SeedbedError, OSError):  # What is wrong with it is said when it is used.
        return
    wished = config.get("sources") == "run"
    words = words_of(config.hydra.overrides.task)
    typed = any(word.lstrip("+").startswith("trust=") and not is_inherited(word) for word in words)
    trust = [str(name) for name in config.get("trust") or ()]
    finder = KeptSources(folder, record)
    if not finder.modules:
        return
    if not (wished or typed):
        _advise(finder, trust)
    else:
        _entered.enter_context(_told(finder))
        _entered.enter_context(importing_kept(finder, trust, first=wished))


def _opened(run: str, outputs: str) -> RunFolder:
    """Return the folder of a run, or of the first job of a sweep, which shares its modules."""
    if (Path(run) / SWEEP_PLAN).is_file():
        jobs = sorted(path.parent for path in Path(run).glob(f"*/{RECORD}"))
        jobs = jobs or [Path(run, name) for name in list(packs_of(Path(run)).places)[:1]]
        run = str(jobs[0]) if jobs else run
    return open_run(run, outputs)


def _advise(finder: KeptSources, trust: Iterable[str]) -> None:
    """Raise ConfigError where a module that a project file trusts is in the run's folder alone."""
    for name in trust:
        reach(name)
        top = name.partition(".")[0]
        if name in finder.modules and top not in sys.modules and find_spec(top) is None:
            raise ConfigError(
                f"trust: no module '{name}' in the working folder; the run has a copy of its own, "
                f"which runs where you type it yourself: trust=[{name}]"
            )


@contextmanager
def _told(finder: KeptSources) -> Iterator[None]:
    """Say at the end which modules came from the copies, and which are not those of the run."""
    try:
        yield
    finally:
        notes: list[Any] = []
        if finder.used:
            notes.append(f"from the run's own copies: {listed(finder.used, 5)}")
        if others := other_sources(finder):
            which = "is not the source" if len(others) == 1 else "are not the sources"
            notes.append(
                f"{listed(others, 5)} {which} that the run was trained with; sources=run takes "
                "its own copies"
            )
        for note in notes:
            print(f"note         {note}", file=sys.stderr)


def forget_kept_sources() -> None:
    """End what `use_kept_sources` began."""
    _entered.close()
