"""`seedbed new NAME`: a small project that runs at once, with an example of all own code.

What it writes lies in the folder project_template: the same files, under the name of the project.
"""

import keyword
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seedbed.commands.arguments import parse_arguments
from seedbed.config.groups import SCHEMAS, config_folder
from seedbed.documents import answer
from seedbed.errors import ConfigError
from seedbed.terminal.words import two_columns

USAGE = """new NAME

Make a folder NAME with a small project of your own: a model, a dataset, a LightningModule, a loss,
a metric, an optimizer, a schedule and a callback, presets that train them, and tests. NAME is that
of a Python package.
"""
TEMPLATE = Path(__file__).parents[1] / "project_template"
# What stands for the name of the project in names and texts of files.
PLACEHOLDER = "project_name"
# Under their own names they would hold for the template's folder, too.
_RENAMED = {"gitignore": ".gitignore", "pyproject": "pyproject.toml"}
_TRY = {
    "seedbed train experiment=spirals": "the network of the project, on its data",
    "seedbed train experiment=own_module": "its LightningModule",
    "seedbed train experiment=own_parts": "its loss, metric, optimizer, schedule and callback",
    "pytest": "its tests",
}


@dataclass(frozen=True)
class Keys:
    """`seedbed new` has no keys."""


def new(arguments: Sequence[str]) -> int:
    """Write the project; nothing that is there is written over."""
    names, _ = parse_arguments(USAGE, Keys, arguments)
    if len(names) != 1:
        raise ConfigError(f"new: one name is needed, and {len(names) or 'none'} given; new NAME")
    [name] = names
    if problem := problem_of_name(name):
        raise ConfigError(f"new {name}: {problem}")
    folder = Path(name)
    if folder.is_symlink() or (folder.exists() and not _is_empty_folder(folder)):
        raise ConfigError(f"new {name}: {folder} is there already, and nothing is written over")
    files = write_project(folder, name)
    if answer.asked():
        from seedbed.documents.projects import Project  # msgspec, which others need not wait for.

        commands = {meaning: command for command, meaning in _TRY.items()}
        answer.give(Project(folder=str(folder), files=[*map(str, files)], commands=commands))
    print(f"written to   {folder}/ ({len(files)} files); README.md says what is where")
    print(f"try          cd {folder}")
    print(two_columns(_TRY, "             "))
    return 0


def _is_empty_folder(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def write_project(folder: Path, name: str) -> list[Path]:
    """Write the files of a project of this name into a folder; return their paths."""
    written = []
    for file in template_files():
        parts = [_RENAMED.get(part, part) for part in file.relative_to(TEMPLATE).parts]
        target = folder.joinpath(*(part.replace(PLACEHOLDER, name) for part in parts))
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8").replace(PLACEHOLDER, name)
        with target.open("x", encoding="utf-8") as opened:
            opened.write(text)
        written.append(target)
    return [*written, *_write_schemas(folder)]


def _write_schemas(folder: Path) -> Iterator[Path]:
    """Copy the schemas that the comments in the project's YAML files name."""
    for file in sorted((config_folder() / SCHEMAS).glob("*.json")):
        target = folder / "configs" / SCHEMAS / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as opened:
            opened.write(file.read_bytes())
        yield target


def template_files() -> Iterator[Path]:
    """Yield the files of the template."""
    for file in sorted(TEMPLATE.rglob("*")):
        parts = file.relative_to(TEMPLATE).parts
        if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
            yield file


def problem_of_name(name: str) -> str:
    """Return why a name is not that of a new package, and what would be; nothing where it is."""
    plain = re.sub(r"\W+", "_", name.strip("/").lower(), flags=re.ASCII).strip("_") or "my_project"
    plain = f"p{plain}" if plain[0].isdigit() else plain
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        return f"not the name of a package, which has small letters, digits and _: {plain}"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return f"a word of Python's; another name, such as my_{name}"
    if name in sys.stdlib_module_names or name in ("tests", "configs", PLACEHOLDER):
        return f"the name is taken; another one, such as my_{name}"
    if not Path(name).exists() and find_spec(name) is not None:
        return f"a package of this name is installed; another one, such as my_{name}"
    return ""
