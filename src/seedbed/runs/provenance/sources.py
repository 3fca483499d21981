"""Source of the user's own modules that a run was made with: by hash, and as a copy."""

import hashlib
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import NamedTuple

from seedbed.config.trust.module_path import folders
from seedbed.runs.provenance.secrets import holds_secret

MOST_BYTES = 1_000_000
"""The largest source that is copied."""

# Of them no copy is needed: the versions say which they are.
_SEEDBED = ("seedbed", "hydra_plugins")


class Source(NamedTuple):
    """Source of a module.

    Attributes:
        file: its path, from the folder of the user's that it lies in, or the whole of it.
        sha256: hash of its bytes.
        is_package: whether the module is a package, whose source is its `__init__.py`.
        content: its bytes; None where they are not kept.
        left_out: why they are not kept; "" where they are.
    """

    file: str
    sha256: str
    is_package: bool
    content: bytes | None
    left_out: str = ""


def source_path(module: str, is_package: bool) -> str:
    """Return the path of a module's source below the folder that it can be imported from."""
    path = PurePosixPath(*module.split("."))
    return str(path / "__init__.py" if is_package else path.with_suffix(".py"))


# As they were when they were seen first: a file may be edited while the process goes on. A module
# that is imported anew has another spec.
_seen: dict[str, tuple[object, Source | None]] = {}


def own_sources(targets: Iterable[str]) -> dict[str, Source]:
    """Return the sources of the user's own modules that this process has imported, by name.

    Own are those that lie in the folders of the user's (the working folder, that of the project
    file), and those of a package that the config names, wherever it lies; of installed packages the
    versions tell.

    Args:
        targets: Full names of the classes and functions that the config names.
    """
    tops = {target.partition(".")[0] for target in targets} - {*_SEEDBED, "torch"}
    homes = tuple(f"{Path(folder).resolve()}/" for folder in folders())
    sources = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not isinstance(module, ModuleType):
            continue
        top = name.partition(".")[0]
        if top in _SEEDBED or top == "__main__":
            continue
        kept = getattr(getattr(module, "__loader__", None), "place_of", None) is not None
        if not (kept or top in tops or file.startswith(homes)):
            continue
        if name not in _seen or _seen[name][0] is not _import_of(module):
            _seen[name] = _import_of(module), _source(module, file, homes)
        if (source := _seen[name][1]) is not None:
            sources[name] = source
    return dict(sorted(sources.items()))


def edited_sources() -> list[str]:
    """Return the files of the user's modules that were edited since a run has used them."""
    edited = []
    for name, (imported, source) in _seen.items():
        module = sys.modules.get(name)
        if source is None or module is None or _import_of(module) is not imported:
            continue
        try:
            content = Path(str(module.__file__)).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() != source.sha256:
            edited.append(source.file)
    return sorted(edited)


def _import_of(module: ModuleType) -> object:
    """Return what is another one after `importlib.reload`, which changes a module in place."""
    return getattr(module, "__spec__", None) or module


def _source(module: ModuleType, file: str, homes: Iterable[str]) -> Source | None:
    path = Path(file)
    if any(path.is_relative_to(folder) for folder in _installed()):
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    home = next((folder for folder in homes if file.startswith(folder)), "")
    left_out = _why_not_kept(path, content)
    return Source(
        file.removeprefix(home),
        hashlib.sha256(content).hexdigest(),
        hasattr(module, "__path__"),
        None if left_out else content,
        left_out,
    )


def _why_not_kept(path: Path, content: bytes) -> str:
    """Return why a source is not copied; "" where it is."""
    if path.suffix != ".py":
        return "no Python source"
    if len(content) > MOST_BYTES:
        return f"more than {MOST_BYTES:,} bytes"
    if any(map(holds_secret, content.decode(errors="replace").splitlines())):
        return "may hold secrets"
    return ""


@cache
def _installed() -> tuple[Path, ...]:
    """Return the folders of Python itself and of installed packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [sysconfig.get_path(name) for name in names]
    paths += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple({Path(path).resolve() for path in paths} | {Path(path) for path in paths})


def own_names(sources: Iterable[str], trust: Iterable[str]) -> Iterator[str]:
    """Yield those of some modules that lie in one that is trusted."""
    trusted = tuple(trust)
    return (
        name
        for name in sources
        if any(name == module or name.startswith(f"{module}.") for module in trusted)
    )
