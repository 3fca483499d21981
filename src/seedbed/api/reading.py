"""Work with a folder from Python, on the terms of the command line, and nothing left behind.

What a folder names is made only where it is allowed, or lies in a module that the user trusts.
"""

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module

from seedbed.api.trust import said_in_python
from seedbed.config.project import find_project
from seedbed.config.trust.module_path import set_folders
from seedbed.errors import SeedbedError, of_a_path, out_of_memory
from seedbed.process import garbage_collection
from seedbed.runs.folder import RunFolder

DATA_VARIABLE, DATA_FOLDER = "SEEDBED_DATA", "data"


@contextmanager
def reading(folder: RunFolder | None, trust: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Give the modules that are trusted, while the runs of a folder are opened and predict.

    The state of the process is afterwards as it was. An error that says of a path, or of memory,
    what the command line tells is told alike.

    Args:
        folder: A run that may have kept copies of modules, which stand for those of `trust` that
            are nowhere else; None: there are none.
        trust: Modules that the user has named, beside those of the project file.
    """
    import_what_predicts()
    from seedbed.api.process_state import process_as_it_was
    from seedbed.config.resolvers import register_resolvers
    from seedbed.config.trust.restriction import restricted_to
    from seedbed.engines.lightning.quiet import quiet_lightning

    project = find_project()
    trusted = tuple(dict.fromkeys([*project.trust, *map(str, trust)]))
    with said_in_python(), process_as_it_was(), restricted_to(trusted):
        set_folders([os.getcwd(), *([str(project.file.parent)] if project.file else [])])
        register_resolvers()
        quiet_lightning()
        with _copies(folder, trust):
            try:
                yield trusted
            except (OSError, MemoryError, RuntimeError) as error:
                told = of_a_path(error) or out_of_memory(error)
                raise error if told is None else told from None


def import_what_predicts() -> None:
    """Import torch, Lightning and what predicts."""
    for name in ("seedbed.commands.predicting", "seedbed.commands.measuring"):
        with garbage_collection.as_it_was(), garbage_collection.paused_for(name):
            import_module(name)


def data_folder() -> str:
    """Return the folder of downloaded data, as the command line has it."""
    words = [word.partition("=") for word in find_project().defaults]
    said = [value for key, _, value in words if key == "paths.data"]
    return said[-1] if said else os.environ.get(DATA_VARIABLE, "").strip() or DATA_FOLDER


def warn_of(lines: Iterable[tuple[str, str]]) -> None:
    """Warn of what people should know of rows and weights, as the command line says it.

    A line without a title goes on with the one before.
    """
    told: list[tuple[str, str]] = []
    for title, text in lines:
        told.append(
            (title, text) if title or not told else (told[-1][0], f"{told.pop()[1]}; {text}")
        )
    for title, text in told:
        if title in ("note", "warning"):
            warnings.warn(text, UserWarning, stacklevel=4)


@contextmanager
def _copies(folder: RunFolder | None, trust: Sequence[str]) -> Iterator[None]:
    """Let trusted modules come from the copies of a run, if nowhere else."""
    with ExitStack() as stack:
        if folder is not None and trust:
            from seedbed.runs.provenance.importing import KeptSources, importing_kept
            from seedbed.runs.record import read_record

            try:
                finder = KeptSources(folder, read_record(folder.record))
            except SeedbedError:  # What is wrong with it is said when it is used.
                pass
            else:
                stack.enter_context(importing_kept(finder, trust, first=False))
        yield
