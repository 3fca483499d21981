"""Drive hostile folders and bad inputs through every verb that could open them.

    python scripts/hostile.py                          everything: some minutes
    python scripts/hostile.py --quick                  a spread of it: half a minute
    python scripts/hostile.py --only run --match bomb  run folders whose names hold `bomb`

A folder of a stranger's must run no code, touch nothing outside itself, and end every command in
bounded time and memory with an exit code of the contract and a line that says why. A bad input must
be refused with exit code 2 before anything is written. The cases are tables in `hostile_cases/`.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.hostile_cases.command_server import CommandServer
from scripts.hostile_cases.config_folders import CONFIG_FOLDERS
from scripts.hostile_cases.driving import Bench, Fault, spread
from scripts.hostile_cases.inputs.cases import INPUTS
from scripts.hostile_cases.pack_folders import PACK_FOLDERS
from scripts.hostile_cases.page_folders import RUN_PAGES, SWEEP_PAGES
from scripts.hostile_cases.queue_folders import QUEUE_FOLDERS
from scripts.hostile_cases.run_folders import RUN_FOLDERS
from scripts.hostile_cases.searches import SEARCH_FOLDERS
from scripts.hostile_cases.sweep_folders import SWEEP_FOLDERS
from scripts.hostile_cases.working_folders import FRESH_FOLDERS, WORKING_FOLDERS

FOLDERS = {
    "run": [*RUN_FOLDERS, *RUN_PAGES],
    "sweep": [*SWEEP_FOLDERS, *SWEEP_PAGES],
    "queue": QUEUE_FOLDERS,
    "pack": PACK_FOLDERS,
    "search": SEARCH_FOLDERS,
    "config": CONFIG_FOLDERS,
    "working": WORKING_FOLDERS,
    "fresh": FRESH_FOLDERS,
}
KINDS = (*FOLDERS, "input")


def main() -> int:
    """Run what the command line asks for; return 1 where something did not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(KINDS), help=f"kinds, of {', '.join(KINDS)}")
    parser.add_argument("--match", default="", help="only cases whose names hold this text")
    parser.add_argument("--quick", action="store_true", help="a few cases of each kind")
    options = parser.parse_args()
    kinds = options.only.split(",")
    if unknown := {*kinds} - {*KINDS}:
        parser.error(f"no such kind: {', '.join(unknown)}")
    counts: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, CommandServer() as server:
        bench = Bench(Path(folder).resolve(), server)
        for kind, faults in driven(bench, kinds, options.match, options.quick):
            counts[kind] += 1
            failed[kind] += bool(faults)
            show(faults)
        for kind, count in counts.items():
            print(f"{kind:10} {count:5} cases, {failed[kind]} failed")
        print(f"{bench.commands} commands")
    return 1 if failed.total() else 0


def show(faults: list[Fault]) -> None:
    """Print the faults of a case; a problem of several commands is shown once, with the first."""
    problems: dict[str, list[str]] = {}
    for fault in faults:
        problems.setdefault(fault.problem, []).append(fault.command)
    for problem, commands in problems.items():
        more = f" (and {len(commands) - 1} more)" if len(commands) > 1 else ""
        print(f"{faults[0].case}\n    {commands[0]}{more}\n    {problem}", flush=True)


def driven(
    bench: Bench, kinds: list[str], match: str, quick: bool
) -> Iterator[tuple[str, list[Fault]]]:
    """Drive the chosen cases; yield the kind of each with what did not hold."""
    for kind, all_folders in FOLDERS.items():
        folders = [one for one in all_folders if match in f"{one.kind}: {one.name}"]
        if kind in kinds:
            for folder in spread(folders, 4) if quick else folders:
                fresh = kind == "fresh"
                yield kind, bench.drive("working" if fresh else kind, folder, fresh)
    if "input" in kinds:
        inputs = [one for one in INPUTS if match in f"{one.kind}: {' '.join(one.words)}"]
        for bad in spread(inputs, 40) if quick else inputs:
            yield "input", bench.refuse(bad)


if __name__ == "__main__":
    sys.exit(main())
