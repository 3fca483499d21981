"""Import of the user's modules from the copies that a run has kept of their sources.

A copy is code of whoever made the folder. It is imported only where the user has typed a module of
it as trusted, and never in place of a module that is installed.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from seedbed.config.trust.module_path import reach
from seedbed.reading.json_files import converted
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.files import PROVENANCE, SOURCES
from seedbed.runs.provenance.kept import kept_file
from seedbed.runs.provenance.sources import source_path

# Of one run.
MOST_MODULES = 1_000


class KeptSources(MetaPathFinder, InspectLoader):
    """Finder and loader of the modules whose sources a run has kept.

    Every source is checked against its hash in the record when it is read.

    Args:
        folder: The run.
        record: Fields of its record.
    """

    def __init__(self, folder: RunFolder, record: Mapping[str, Any]) -> None:
        self.folder = folder
        self.modules = modules_of(folder, record)
        # Modules that were imported from here.
        self.used: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module is loaded that was kept, or is a package of one; None of others."""
        if name in self.modules and self.get_source(name) is not None:
            is_package = self.modules[name][1]
            place = self.folder.path.absolute() / self.place_of(name)
            spec = spec_from_loader(name, self, origin=str(place), is_package=is_package)
            if spec is not None:
                spec.has_location = True
            return spec
        if any(module.startswith(f"{name}.") for module in self.modules):
            return ModuleSpec(name, None, is_package=True)
        return None

    def place_of(self, name: str) -> str:
        """Return where the source of a module lies in the folder of the run."""
        return f"{PROVENANCE}/{SOURCES}/{source_path(name, self.modules[name][1])}"

    def is_package(self, fullname: str) -> bool:
        """Return whether a module is a package."""
        return self.modules[fullname][1]

    def get_source(self, fullname: str) -> str | None:
        """Return the source of a module; None where there is none, or it is not what it was."""
        digest, is_package = self.modules[fullname]
        content = kept_file(self.folder, f"{SOURCES}/{source_path(fullname, is_package)}", digest)
        return None if content is None else content.decode(errors="replace")

    def exec_module(self, module: ModuleType) -> None:
        """Run a module, and take note of it."""
        self.used.append(module.__name__)
        super().exec_module(module)


def modules_of(folder: RunFolder, record: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """Return hash and kind, module or package, of the sources that a record names, by module."""
    sources = record.get("sources") or {}
    plain = converted(folder.record, sources, dict[str, dict[str, Any]])
    modules = {}
    for name, source in list(plain.items())[:MOST_MODULES]:
        named = all(part.isidentifier() for part in name.split("."))
        digest = source.get("sha256")
        if named and isinstance(digest, str):
            modules[name] = digest, source.get("package") is True
    return modules


@contextmanager
def importing_kept(finder: KeptSources, trust: Sequence[str], *, first: bool) -> Iterator[None]:
    """Let the modules of a run be imported from its copies for a while.

    Args:
        finder: Finder of the copies.
        trust: Modules that the user trusts; without one of the run's nothing is imported.
        first: Whether the copies go before the modules of the working folder; else they stand for
            those that are there no more.
    """
    if not any(_trusted(name, trust) for name in finder.modules):
        yield
        return
    # What is installed goes before; the folders of the user's are not looked into yet.
    tops = {name.partition(".")[0] for name in finder.modules}
    installed = {top for top in tops if top in sys.modules or find_spec(top) is not None}
    finder.modules = {
        name: module
        for name, module in finder.modules.items()
        if name.partition(".")[0] not in installed
    }
    if first:
        sys.meta_path.insert(0, finder)
    else:
        for name in trust:
            reach(name)
        sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _trusted(name: str, trust: Sequence[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in trust)


def other_sources(finder: KeptSources) -> list[str]:
    """Return the modules imported from elsewhere whose source is not that of the run."""
    others = []
    for name, (digest, _) in finder.modules.items():
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is None or name in finder.used:
            continue
        try:
            content = Path(file).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() != digest:
            others.append(name)
    return others
