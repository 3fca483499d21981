"""`seedbed status DIR [DIR ...]`: how far sweeps are, and who works on them."""

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.commands.arguments import parse_arguments
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.documents import answer
from seedbed.documents.supervision import Standing
from seedbed.errors import ConfigError
from seedbed.process import garbage_collection
from seedbed.sweep.results.folder import SweepFolder, open_sweep

USAGE = """status DIR [DIR ...]

Print how far sweeps are: their jobs, the units of work that wait, run, are done, have failed or are
lost, who runs them and since when, the best so far, the time that is left, and what to type next.
DIR: the folder of a sweep, or latest. It is read alone, from any machine that sees it.

  seedbed status latest                the newest sweep
  seedbed status latest watch=true     again and again, until nobody works on it
  seedbed status DIR --json            one JSON document, for scripts

Exit code 1: nobody works on one of them, and not all of its jobs have come to a good end.
"""

SECONDS_BETWEEN_LOOKS = 2.0
# The cursor up by so many lines, and what follows in the line erased.
_UP, _ERASE = "\x1b[{}A", "\x1b[K"
GOOD = ("completed", "stopped_early")


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed status`."""

    watch: bool = key("print it again every 2 s, until nobody works on the sweeps", False)
    outputs: str = field(
        default_factory=outputs_folder,
        metadata={"key": "paths.outputs", "meaning": "folder whose newest sweep is latest"},
    )


def status(arguments: Sequence[str]) -> int:
    """Print how far sweeps are; return the exit code."""
    garbage_collection.pause()  # Thousands of rows are many objects, and none is garbage.
    words, keys = parse_arguments(USAGE, Keys, arguments)
    if not words:
        raise ConfigError("status: which sweep? Name its folder, or latest: seedbed status latest")
    if keys.watch and answer.asked():
        raise ConfigError("watch=true: --json prints one document; leave one of them out")
    folders = [open_sweep(word, keys.outputs, "sweep") for word in words]
    standings = _standings(folders)
    if answer.asked():
        from seedbed.documents.supervision import Status

        answer.give(Status(exit_code=_code(standings), sweeps=standings))
        return _code(standings)
    in_place = keys.watch and sys.stdout.isatty()
    shown = _print(standings, 0, in_place)
    while keys.watch and any(each.status == "running" for each in standings):
        time.sleep(SECONDS_BETWEEN_LOOKS)
        standings = _standings(folders)
        shown = _print(standings, shown, in_place)
    return _code(standings)


def _standings(folders: Sequence[SweepFolder]) -> list[Standing]:
    from seedbed.catalogue.supervision.standing import standing_of  # OmegaConf.

    return [standing_of(folder) for folder in folders]


def _print(standings: Sequence[Standing], shown: int, in_place: bool) -> int:
    """Print sweeps, below or in the place of so many lines; return how many there are now.

    Lines in place that are to be written over are as wide as the terminal at most: one that goes on
    in the next would count twice.
    """
    from seedbed.catalogue.supervision.text import lines_of

    lines: list[str] = []
    for standing in standings:
        lines += [*([""] if lines else []), *lines_of(standing)]
    if not in_place:
        print("\n".join([*([""] if shown else []), *lines]), flush=True)
        return len(lines)
    # What is left of the lines before is erased; the cursor stays below the last one.
    rest = max(0, shown - len(lines))
    if any(each.status == "running" for each in standings):
        width = shutil.get_terminal_size().columns
        lines = [line[:width] for line in lines]
    text = "".join(f"{line}{_ERASE}\n" for line in [*lines, *[""] * rest])
    sys.stdout.write((_UP.format(shown) if shown else "") + text)
    sys.stdout.flush()
    return len(lines) + rest


def _code(standings: Sequence[Standing]) -> int:
    return int(any(not _is_well(each) for each in standings))


def _is_well(standing: Standing) -> bool:
    """Return whether a sweep runs, or all of its jobs have come to a good end."""
    if standing.status == "running":
        return True
    return standing.status == "completed" and all(name in GOOD for name in standing.jobs.ended)
