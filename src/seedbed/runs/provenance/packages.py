"""Installed packages: names and versions, as `pip freeze` lists them."""

import json
import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

# A package's folder of metadata says both in its name; to read the files of all takes 50 ms.
_FOLDER = re.compile(r"(?P<name>[^-]+)-(?P<version>\d[^-]*)\.dist-info")
DIRECT_URL = "direct_url.json"


def packages_text() -> str:
    """Return the packages that can be imported, one a line, sorted: `torch==2.13.0`.

    One that was installed from elsewhere than a registry has its address instead, without name and
    password; one that is edited in place has its folder.
    """
    return _text(tuple(sys.path))


@lru_cache(maxsize=4)
def _text(folders: tuple[str, ...]) -> str:
    packages: dict[str, str] = {}
    for folder in folders:
        for name, line in _packages(folder or os.curdir):
            # As for modules, the first folder counts.
            packages.setdefault(name, line)
    return "".join(f"{packages[name]}\n" for name in sorted(packages))


def _packages(folder: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith("-info")]
    except OSError:  # A zip file, or nothing.
        return
    for entry in names:
        path = Path(folder, entry)
        if (parts := _FOLDER.fullmatch(entry)) is not None:
            name, version = parts["name"], parts["version"]
        elif entry.endswith((".dist-info", ".egg-info")):
            try:
                metadata: Any = PathDistribution(path).metadata
                name, version = metadata["Name"], metadata["Version"]
            except Exception:
                continue
            if name is None or version is None:  # Left over from a package that was removed.
                continue
        else:
            continue
        name = re.sub(r"[-_.]+", "-", name).lower()
        yield name, _line(path, name, version)


def _line(path: Path, name: str, version: str) -> str:
    try:
        content = json.loads((path / DIRECT_URL).read_text(encoding="utf-8"))
        address = _public(str(content["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return f"{name}=={version}"
    if content.get("dir_info", {}).get("editable"):
        return f"-e {address}  # {name}=={version}"
    source = content.get("vcs_info", {})
    if "vcs" in source:
        return f"{name} @ {source['vcs']}+{address}@{source.get('commit_id', '')}"
    return f"{name} @ {address}"


def _public(address: str) -> str:
    """Return an address without name, password and query, which may hold a key."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
