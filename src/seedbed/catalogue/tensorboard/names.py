"""Names of runs and of the jobs of sweeps in TensorBoard, which calls each by its folder's path."""

from collections.abc import Iterator
from contextlib import suppress
from os.path import abspath, realpath, relpath
from pathlib import Path

from seedbed.catalogue.collection import collect
from seedbed.catalogue.folders import places
from seedbed.errors import SeedbedError
from seedbed.sweep.job import Job, bare_key
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan, read_plan
from seedbed.terminal.words import few_digits, printable

# Digits of a number that a search has drawn.
DIGITS = 5
# Bytes of a name, which a file system allows 255.
_LONGEST = 200


def names_of_jobs(plan: SweepPlan) -> dict[int, str]:
    """Return a name for each job of a sweep: "optimizer.lr=0.01,seed=3 (12)".

    It has the values in which the jobs differ, numbers with at most 5 digits where a search has
    drawn them, and the number of the job, which is the name of its folder.
    """
    digits = None if plan.search is None else DIGITS
    return {job.number: _name_of(job, set(plan.axes), digits) for job in plan.jobs}


def _name_of(job: Job, axes: set[str], digits: int | None) -> str:
    words = []
    for word in job.overrides:
        key, value = bare_key(word), word.partition("=")[2]
        if key in axes:
            words.append(f"{key}={few_digits(value, digits)}")
    return as_folder(",".join(words), f"({job.number})")


def as_folder(name: str, mark: str) -> str:
    """Return the name of a folder, shortened before a mark that tells it from others."""
    content = printable(name).replace("/", "_").encode()
    if len(content) > _LONGEST - len(mark):
        content = content[: _LONGEST - len(mark)].decode(errors="ignore").encode() + "…".encode()
    return f"{content.decode()} {mark}".strip()


def named_runs(top: Path, outputs: Path) -> Iterator[tuple[str, str]]:
    """Yield the runs in a folder and below it: the path that is their name, and their folder.

    A job of a sweep has the path of the sweep and a name for its number, a run that was named its
    own folder and the name.

    Args:
        top: The folder that is looked into.
        outputs: The folder of whose runs a catalogue is kept, which is only read.
    """
    for item in collect([top], outputs, writes=False):
        path = relpath(item.path, top)
        if item.entry.kind == "sweep":
            yield from _jobs(path, item.path)
        elif path != ".":
            folder, label = Path(path), item.entry.name
            named = as_folder(f"{folder.name} {label}", "") if label else folder.name
            yield str(folder.with_name(named)), abspath(item.path)


def _jobs(path: str, folder: str) -> Iterator[tuple[str, str]]:
    names: dict[int, str] = {}
    with suppress(SeedbedError):  # One that is damaged has the numbers.
        names = names_of_jobs(read_plan(SweepFolder(folder).plan))
    real = f"{realpath(folder)}/"
    for place in places(Path(folder), jobs=True):
        # A link in the folder of a stranger may lead anywhere.
        if place.kind == "job" and realpath(place.path).startswith(real):
            own = relpath(place.path, folder)
            name = names.get(int(own), own) if own.isdecimal() else own
            yield str(Path(path, name)), abspath(place.path)
