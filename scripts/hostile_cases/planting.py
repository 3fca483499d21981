"""Files of hostile folders as plain data, and what puts them in place.

A folder is a copy of an honest one with some files changed: a table from their names to what
becomes of them, a text for instance. In texts and names CANARY stands for a file that only code of
the folder would create, OUTSIDE for a folder that nobody may touch, and HERE for the folder itself.
"""

import json
import os
import pickle
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
import yaml


@dataclass(frozen=True)
class Place:
    """Where the words CANARY, OUTSIDE and HERE lead."""

    canary: Path
    outside: Path
    here: Path

    def filled(self, value: Any) -> Any:
        """Return a value with the words filled in, in all texts of it."""
        if isinstance(value, str):
            paths = {"CANARY": self.canary, "OUTSIDE": self.outside, "HERE": self.here}
            for word, path in paths.items():
                value = value.replace(word, str(path))
            return value
        if isinstance(value, dict):
            return {self.filled(name): self.filled(item) for name, item in value.items()}
        return [self.filled(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Folder:
    """A hostile folder.

    Attributes:
        kind, name: what is hostile about it.
        files: what becomes of its files, by their name in it.
        opens: whether it may be opened, for what is in it is odd, but can be read; or the only verb
            that may open it.
        words: what chooses it on a command line, of a folder of configs.
    """

    kind: str
    name: str
    files: Mapping[str, Any]
    opens: bool | str = False
    words: str = "experiment=evil"


# ---- What becomes of a file ----------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """YAML or JSON with some values replaced; a name such as `data.seed` leads to one below."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Replaced:
    """Text with the first of these words replaced by the other."""

    old: str
    new: str


@dataclass(frozen=True)
class Link:
    """Symbolic link."""

    to: str


@dataclass(frozen=True)
class Sparse:
    """File of this many bytes, none of which takes space on the disk."""

    size: int


@dataclass(frozen=True)
class Flipped:
    """The honest checkpoint with a bit of its last tensor's bytes flipped."""


@dataclass(frozen=True)
class Saved:
    """What torch.save writes of the honest checkpoint after a change."""

    change: Callable[[dict[str, Any]], Any]
    zipped: bool = True


@dataclass(frozen=True)
class Pickled:
    """A pickle, plain or in a checkpoint's zip file, that runs a shell command when it is read."""

    command: str = "touch CANARY"
    zipped: bool = True


@dataclass(frozen=True)
class Bomb:
    """Zip file of zeros, as a checkpoint has them, that unpacks to this many bytes."""

    size: int


@dataclass(frozen=True)
class Many:
    """Folder of so many files, whose names hold `{number}`, and `{rest}` for what workers add."""

    count: int
    name: str
    text: str


FIFO, GONE, FOLDER, EXECUTABLE = "fifo", "gone", "folder", 0o755


@dataclass(frozen=True)
class Special:
    """A fifo, nothing or a folder in place of the file."""

    kind: str


@dataclass(frozen=True)
class Program:
    """Shell script."""

    text: str


@dataclass(frozen=True)
class Repository:
    """Git repository with more lines in its config, and a changed file with attributes."""

    config: str
    attributes: str = ""


@dataclass
class _Shell:
    command: str = field(default="")

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def plant(files: Mapping[str, Any], place: Place) -> None:
    """Change the files of the folder at `place.here`."""
    for name, change in files.items():
        path = place.here / place.filled(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _plant(path, change, place)


def _plant(path: Path, change: Any, place: Place) -> None:
    before = path.read_bytes() if path.is_file() else b""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    match change:
        case str():
            path.write_bytes(place.filled(change).encode("utf-8", "surrogatepass"))
        case bytes():
            path.write_bytes(change)
        case Keys(values):
            path.write_text(_with_keys(path, before, place.filled(dict(values))))
        case Replaced(old, new):
            assert old in before.decode(), f"{path} holds no {old}"
            path.write_text(before.decode().replace(old, place.filled(new), 1))
        case Link(to):
            path.symlink_to(place.filled(to))
        case Sparse(size):
            with path.open("wb") as file:
                file.truncate(size)
        case Flipped():
            with zipfile.ZipFile(BytesIO(before)) as archive:
                *_, tensor = (name for name in archive.namelist() if "/data/" in name)
                position = before.rindex(archive.read(tensor))
            flipped = bytes([before[position] ^ 16])
            path.write_bytes(before[:position] + flipped + before[position + 1 :])
        case Saved(changed, zipped):
            honest = torch.load(BytesIO(before), weights_only=True) if before else {}
            torch.save(changed(honest), path, _use_new_zipfile_serialization=zipped)
        case Pickled(command, zipped):
            shell = _Shell(place.filled(command))
            if zipped:
                torch.save({"state_dict": {}, "x": shell}, path)
            else:
                path.write_bytes(pickle.dumps(shell))
        case Bomb(size):
            path.write_bytes(_bomb(size))
        case Repository():
            _make_repository(path, change, place)
        case Many(count, name, text):
            path.mkdir()
            rest = ".json" if path.name == "waiting" else ".theirs-1-a.json"
            for number in range(count):
                (path / name.format(number=number, rest=rest)).write_text(text)
        case Program(text):
            path.write_text(f"#!/bin/sh\n{place.filled(text)}\n")
            path.chmod(EXECUTABLE)
        case Special(kind) if kind == FIFO:
            os.mkfifo(path)
        case Special(kind) if kind == FOLDER:
            path.mkdir()
        case Special(kind):
            assert kind == GONE
        case _:
            raise TypeError(f"{path}: {change!r}")


def _with_keys(path: Path, before: bytes, values: Mapping[str, Any]) -> str:
    content = json.loads(before) if path.suffix == ".json" else yaml.safe_load(before)
    for name, value in values.items():
        *above, last = name.split(".")
        node = content
        for part in above:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        node[int(last) if isinstance(node, list) else last] = value
    if path.suffix == ".json":
        return json.dumps(content, indent=1)
    return yaml.safe_dump(content, sort_keys=False)


@cache
def _bomb(size: int) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
        with archive.open("archive/data.pkl", "w", force_zip64=True) as member:
            for _ in range(size // 2**20):
                member.write(bytes(2**20))
    return file.getvalue()


def _make_repository(path: Path, repository: Repository, place: Place) -> None:
    """Make a repository in the folder of `path`, which is its `.git`."""
    folder = path.parent
    (folder / "kept.txt").write_text("one\n")
    author = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    for words in (("init", "-q"), ("add", "kept.txt"), (*author, "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=folder, check=True, env={"PATH": os.environ["PATH"]})
    (folder / "kept.txt").write_text("two\n")  # Of the same size: git must look into it.
    if repository.attributes:
        (folder / ".gitattributes").write_text(repository.attributes)
    with (path / "config").open("a") as config:
        config.write(place.filled(repository.config))
