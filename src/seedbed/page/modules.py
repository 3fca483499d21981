"""JavaScript modules of the page, joined to one: no build step, and no request for a file.

The modules keep to what can be joined by text: each import is `import { a, b } from "./x.js";`,
each export stands before a function, class or constant, and no two modules declare the same name.
"""

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

    Raises ValueError where modules import each other, declare the same name, or have an import or
    an export of another kind.
    """
    texts: dict[Path, str] = {}
    folder = folder.resolve()
    _collect(folder / entry, texts, ())
    seen: dict[str, str] = {}
    for path, text in texts.items():
        name = path.relative_to(folder).as_posix()
        if left := _LEFT.search(text):
            raise ValueError(f"{name}: cannot be joined: {left[0]}")
        for declared in _DECLARED.findall(text):
            if declared in seen:
                raise ValueError(f"{declared} is declared in {seen[declared]} and in {name}")
            seen[declared] = name
    return "\n".join(texts.values())


def _collect(path: Path, texts: dict[Path, str], importing: tuple[Path, ...]) -> None:
    """Add the modules that a module imports, each before what needs it, and then itself."""
    if path in importing:
        raise ValueError(f"{path.name} imports itself by way of {importing[-1].name}")
    if path in texts:
        return
    text = path.read_text("utf-8")
    for name in _IMPORT.findall(text):
        _collect((path.parent / name).resolve(), texts, (*importing, path))
    texts[path] = _EXPORT.sub("", _IMPORT.sub("", text))
