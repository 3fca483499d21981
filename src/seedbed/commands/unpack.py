"""`seedbed unpack DIR[/17] ...`: jobs of a sweep that are packed, as folders."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import abspath, relpath
from pathlib import Path

from seedbed.commands.arguments import parse_arguments
from seedbed.documents import answer
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.folder import SWEEP_PLAN
from seedbed.runs.packed.index import Packs, PlaceInPack, is_unpacked, names_in, packs_of
from seedbed.runs.packed.opening import DEEPEST
from seedbed.terminal.words import jobs_text, printable, relative

USAGE = """unpack DIR[/JOB] [DIR[/JOB] ...]

Write jobs of a sweep that are packed (sweep.keep=packed) as the folders that they would have been
left as. A job that has a folder stays as it is, and so do the packs. Where something else is in the
place of a job it is said at the end, with exit code 1, or 2 where no job was unpacked.
DIR: the folder of a sweep; JOB: the number of a job, several with commas between, or from one to
another.

  seedbed unpack DIR/17           one job, into DIR/17
  seedbed unpack DIR/3,17,20-29   twelve of them
  seedbed unpack DIR              all
"""
# Jobs that could not be unpacked which are named.
MOST_CONFLICTS = 3
_RANGE = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")


@dataclass(frozen=True)
class Keys:
    """`seedbed unpack` has no keys."""


def unpack(arguments: Sequence[str]) -> int:
    """Write the folders of packed jobs."""
    words, _ = parse_arguments(USAGE, Keys, arguments)
    if not words:
        raise ConfigError(
            "unpack: which? The folder of a sweep, or of a job: seedbed unpack DIR/17"
        )
    chosen: dict[str, tuple[Path, dict[str, PlaceInPack]]] = {}
    there: list[Path] = []
    for word in words:
        sweep, names = _named(word)
        _, places = chosen.setdefault(abspath(sweep), (sweep, {}))
        packs = packs_of(sweep)
        for name in _known(packs, sweep, names, word):
            place = None if is_unpacked(sweep / name) else packs.find(name)
            if place is None:
                there.append(sweep / name)
            else:
                places[name] = place
    refused: list[str] = []
    written = [
        path for sweep, places in chosen.values() for path in _unpacked(sweep, places, refused)
    ]
    for path in written[:1]:
        print(f"unpacked     {relative(path)}{_more(written)}")
    if kept := list(dict.fromkeys(there)):
        print(f"as it was    {relative(kept[0])}{_more(kept)}: a folder already")
    if refused and not written:
        raise RunFolderError("\n".join(_conflicts(refused)))
    if answer.asked():
        from seedbed.documents.sweeps import Unpacked  # msgspec, which others need not wait for.

        folders = [relative(path) for path in written]
        answer.give(Unpacked(folders=folders, kept=[relative(path) for path in kept]))
    for line in _conflicts(refused):
        print(printable(f"seedbed: {line}"), file=sys.stderr)
    return 1 if refused else 0


def _conflicts(refused: Sequence[str]) -> Iterator[str]:
    """Yield the first of what is in the way, and how much more there is."""
    yield from refused[:MOST_CONFLICTS]
    if (more := len(refused) - MOST_CONFLICTS) > 0:
        yield f"and {jobs_text(more)} more in whose places there is something"


def _more(paths: Sequence[Path]) -> str:
    return "" if len(paths) == 1 else f" and {jobs_text(len(paths) - 1)} more"


def _unpacked(sweep: Path, places: dict[str, PlaceInPack], refused: list[str]) -> list[Path]:
    if not places:
        return []
    from seedbed.runs.packed.unpacking import unpack as unpack_jobs  # torch takes its time.

    count = len(places)

    def told(done: int) -> None:
        if count > 1:
            print(f"{done:,} of {jobs_text(count)}", file=sys.stderr)

    ordered = [place for _, place in sorted(places.items(), key=_order)]
    return unpack_jobs(sweep, ordered, told, refused)


def _order(each: tuple[str, PlaceInPack]) -> tuple[str, int]:
    return str(each[1].pack), each[1].row


def _named(word: str) -> tuple[Path, str]:
    """Return the folder of the sweep that a word names, and the rest of it, which names jobs."""
    path = Path(abspath(word))
    above = [path, *path.parents][: DEEPEST + 1]
    sweep = next((folder for folder in above if (folder / SWEEP_PLAN).is_file()), None)
    if sweep is None:
        what = "no such folder" if not path.exists() else "the folder of no sweep, nor of its jobs"
        raise ConfigError(f"unpack {word}: {what}")
    names = relpath(path, sweep)
    shown = Path(word) if names == "." else Path(relative(sweep))
    return shown, "" if names == "." else names


def _none_packed(sweep: Path) -> str:
    """Return why no job of a sweep is packed."""
    from seedbed.sweep.results.folder import SweepFolder, rows_of_sweep  # OmegaConf.
    from seedbed.sweep.results.plan_file import read_plan

    folder = SweepFolder(sweep)
    begun = read_plan(folder.plan).jobs[:1]
    if any("sweep.keep=packed" in job.overrides for job in begun) and not rows_of_sweep(folder):
        return "no job of this sweep is packed yet: none has ended"
    return "no job of this sweep is packed (sweep.keep)"


def _known(packs: Packs, sweep: Path, names: str, word: str) -> Iterator[str]:
    """Yield the names of the folders of the jobs that a word names."""
    if not names:
        if not packs.places and not packs.damaged:
            raise ConfigError(f"unpack {word}: {_none_packed(sweep)}")
        if packs.damaged:
            raise ConfigError(packs.damaged[0])
        yield from (name for name, _ in names_in(packs))
        return
    if names in packs.places or is_unpacked(sweep / names):
        yield names
        return
    by_number = {place.number: name for name, place in names_in(packs)}
    for part in names.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            packs.find(part)
            raise ConfigError(f"unpack {word}: no job '{part}' in {relative(sweep)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ConfigError(f"unpack {word}: {part}: the first number is the larger one")
        inside = [number for number in by_number if first <= number <= last]
        if not inside and not is_unpacked(sweep / match[1]):
            packs.find(part)
            raise ConfigError(f"unpack {word}: no packed job {part} in {relative(sweep)}")
        yield from (by_number[number] for number in inside)
