"""Own modules of a run that goes on: the same sources as it was trained with, but for some."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from seedbed.config.overrides import typed_word
from seedbed.config.trust.module_path import reach
from seedbed.config.trust.targets import targets
from seedbed.errors import ConfigError, listed
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.files import SOURCES
from seedbed.runs.provenance.importing import modules_of
from seedbed.runs.provenance.kept import kept_place
from seedbed.runs.provenance.sources import own_sources, source_path
from seedbed.terminal.words import relative

# Groups whose classes may be others when a run goes on, and so may their sources.
_MAY_CHANGE = ("callbacks", "logger", "scheduler")


def changed_sources(
    name: str, folder: RunFolder, record: Mapping[str, Any], *configs: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """Return hash before and now of the modules whose source may be another, and is.

    These are modules that callbacks, loggers or the schedule name, and nothing else does.

    Args:
        name: What goes on, such as `resume=runs/1`.
        folder: The run.
        record: Fields of its record.
        configs: Its configs of plain values, before and now.

    Raises:
        ConfigError: The source of another module is not what the run was trained with.
    """
    modules = modules_of(folder, record)
    if not modules:
        return {}
    named = [target for config in configs for target in targets(dict(config))]
    imported = own_sources(target.name for target in named)
    free, bound = set[str](), set[str]()
    for key, target in named:
        module = _module_of(target, modules)
        (free if key.partition(".")[0] in _MAY_CHANGE else bound).add(module)
    changed, fixed = {}, []
    for module, (before, _) in modules.items():
        now = imported[module].sha256 if module in imported else _hash_on_disk(module)
        if now is None or now == before:  # One that is missing, and needed, cannot be imported.
            continue
        if module in free - bound:
            changed[module] = before, now
        else:
            fixed.append(module)
    if fixed:
        raise ConfigError("\n".join(_refusal(name, folder, modules, fixed)))
    return changed


def _module_of(target: str, modules: Mapping[str, Any]) -> str:
    """Return the module of a run's that a class lies in, by its full name; "" for none."""
    while target and target not in modules:
        target = target.rpartition(".")[0]
    return target


def _hash_on_disk(module: str) -> str | None:
    """Return the hash of the source of a module that is not imported; None where there is none.

    Neither it nor the package that it lies in is imported for this.
    """
    reach(module)
    name, places = "", None
    spec = None
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        spec = PathFinder.find_spec(name, places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    try:
        content = Path(str(spec.origin)).read_bytes() if spec and spec.has_location else None
    except OSError:
        return None
    return None if content is None else hashlib.sha256(content).hexdigest()


def _refusal(
    name: str, folder: RunFolder, modules: Mapping[str, tuple[str, bool]], fixed: Sequence[str]
) -> Iterator[str]:
    """Yield the lines that name modules whose sources are others, and say what to do."""
    copies = []
    for module in fixed:
        digest, is_package = modules[module]
        copies.append(kept_place(folder, f"{SOURCES}/{source_path(module, is_package)}", digest))
    several = len(fixed) > 1
    which = "are not the sources" if several else "is not the source"
    kept = [relative(copy) for copy in copies if copy is not None]
    copy = "its copy is" if len(kept) == 1 else "their copies are"
    where = f"{copy} {listed(kept, 5)}" if kept else "the run has kept no copy"
    yield f"{name}: {listed(fixed, 5)}: {which} that the run was trained with; {where}"
    put_back = f"put {'them' if several else 'it'} back, or begin" if kept else "begin"
    weights = typed_word("initial_weights.run", relative(folder.path))
    yield f"{put_back} another run from its weights: {weights}"
