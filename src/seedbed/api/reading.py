"""Work with a folder from Python, on the terms of the command line, and nothing left behind.

What a folder names is made only where it is allowed, or lies in a module that the user trusts.
"""

import gc
import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module

from seedbed.config.project import Project, find_project
from seedbed.config.trust.module_path import folders, set_folders
from seedbed.errors import SeedbedError, of_a_path, out_of_memory
from seedbed.runs.folder import RunFolder

DATA_VARIABLE, DATA_FOLDER = "SEEDBED_DATA", "data"
_LOGGERS = ("pytorch_lightning", "lightning_fabric", "pytorch_lightning.utilities.rank_zero")


@contextmanager
def reading(folder: RunFolder | None, trust: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Give the modules that are trusted, while the runs of a folder are opened and predict.

    Random states, settings of OmegaConf, warnings and the levels of loggers are afterwards as they
    were. An error that says of a path, or of memory, what the command line tells is told alike.

    Args:
        folder: A run that may have kept copies of modules, which stand for those of `trust` that
            are nowhere else; None: there are none.
        trust: Modules that the user has named, beside those of the project file.
    """
    import_what_predicts()
    import torch

    from seedbed.config.resolvers import register_resolvers
    from seedbed.config.trust.restriction import restricted_to
    from seedbed.engines.lightning.quiet import quiet_lightning

    project = find_project()
    trusted = tuple(dict.fromkeys([*project.trust, *map(str, trust)]))
    with (
        torch.random.fork_rng(devices=range(torch.cuda.device_count())),
        warnings.catch_warnings(),
        _logger_levels(),
        _resolvers(),
        _module_folders(project),
        restricted_to(trusted),
        _copies(folder, trust),
    ):
        register_resolvers()
        quiet_lightning()
        try:
            yield trusted
        except (OSError, MemoryError, RuntimeError) as error:
            told = of_a_path(error) or out_of_memory(error)
            raise error if told is None else told from None


def import_what_predicts() -> None:
    """Import torch, Lightning and what predicts, without a look for garbage meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for name in ("seedbed.commands.predicting", "seedbed.commands.measuring"):
            import_module(name)
    finally:
        if was_enabled:
            gc.enable()


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
def _module_folders(project: Project) -> Iterator[None]:
    before = folders()
    set_folders([os.getcwd(), *([str(project.file.parent)] if project.file else [])])
    try:
        yield
    finally:
        set_folders(before)


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


@contextmanager
def _resolvers() -> Iterator[None]:
    """Leave the resolvers of the user's as they are."""
    from omegaconf.basecontainer import BaseContainer

    before = dict(BaseContainer._resolvers)
    try:
        yield
    finally:
        BaseContainer._resolvers.clear()
        BaseContainer._resolvers.update(before)


@contextmanager
def _logger_levels() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
