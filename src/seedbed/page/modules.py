"""JavaScript modules of the page, joined to one: no build step, and no request for a file.

The modules keep to what can be joined by text: each import is `import { a, b } from "./x.js";`,
each export stands before a function, class or constant, and no two modules declare the same name.
"""

import os
import re
from pathlib import Path

_IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"([^"]+)";?[ \t]*\n?', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const|let)\b)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:async function|function|class|const|let)\*? *([A-Za-z_$][\w$]*)", re.MULTILINE
)


def joined(folder: Path, entry: str) -> str:
    """Return the module `entry` of a folder with all that it imports before it, as one module.

    Raises ValueError where modules import each other. What else they must keep to is not looked at
    every time: see `check_modules`.
    """
    return "\n".join(_texts(folder, entry).values())


def check_modules(folder: Path, entry: str) -> None:
    """Raise ValueError where modules cannot be joined.

    They declare the same name, or have an import or an export of another kind.
    """
    seen: dict[str, str] = {}
    for path, text in _texts(folder, entry).items():
        name = Path(path).relative_to(folder.resolve()).as_posix()
        if left := _LEFT.search(text):
            raise ValueError(f"{name}: cannot be joined: {left[0]}")
        for declared in _DECLARED.findall(text):
            if declared in seen:
                raise ValueError(f"{declared} is declared in {seen[declared]} and in {name}")
            seen[declared] = name


def _texts(folder: Path, entry: str) -> dict[str, str]:
    """Return the modules without imports and exports, by their paths, in their order."""
    texts: dict[str, str] = {}
    _collect(str(folder.resolve() / entry), texts, ())
    return texts


def _collect(path: str, texts: dict[str, str], importing: tuple[str, ...]) -> None:
    """Add the modules that a module imports, each before what needs it, and then itself."""
    if path in importing:
        names = os.path.basename(path), os.path.basename(importing[-1])
        raise ValueError(f"{names[0]} imports itself by way of {names[1]}")
    if path in texts:
        return
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name in _IMPORT.findall(text):
        above = os.path.dirname(path)
        _collect(os.path.normpath(os.path.join(above, name)), texts, (*importing, path))
    texts[path] = _EXPORT.sub("", _IMPORT.sub("", text))
