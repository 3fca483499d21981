"""What a sweep costs that outgrows one machine: a job, a unit, a worker, and 100,000 jobs.

python scripts/scale.py                        every part; 100,000 jobs over 4 local workers
python scripts/scale.py --only jobs,queue      some of the parts
python scripts/scale.py --jobs 10000 --workers 2 --epochs 100   another sweep
python scripts/scale.py --quick                small sizes, which only try the script

Times are those of the CPU, so that other work on the machine disturbs them little. The files that
workers and controller touch are counted by strace where it is installed.
"""

import argparse
import importlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweep_benchmark import GIB, Inside, Row, at_most, fail, grid, shown, table_text

MILLION, MANY_WORKERS = 1_000_000, 1_000
# This script as a program that is Seedbed and says what its own process took.
COUNTED = "counted"
SYSTEM_CALLS = (
    "clone,clone3,openat,open,rename,renameat,renameat2,unlink,unlinkat,stat,lstat,newfstatat,"
    "statx,access,faccessat,faccessat2"
)
OF_A_UNIT = ("written", "read", "renamed", "removed")
SIGNS = re.compile(
    r"/\.sweep/(cancel|launch\.json|controller\.json|workers|units/(stop|closed|running|waiting|done))"
)
LOOK, LOOKED_UP, LISTED = "look", "looked up", "listed"


@dataclass(frozen=True)
class Sizes:
    """How much is measured: jobs in one process, simulated workers, the sweep over workers."""

    planned: int = 10_000
    simulated: int = MANY_WORKERS
    looks: int = 20
    traced_units: tuple[int, int] = (4, 12)
    jobs: int = 100_000
    workers: int = 4
    epochs: int = 500


QUICK = Sizes(50, 20, 2, (2, 3), 40, 2, 2)


@contextmanager
def cpu(into: dict[str, float], name: str, count: float = 1) -> Iterator[None]:
    """Note the CPU seconds of this process that a block takes, over `count`."""
    started = time.process_time()
    yield
    into[name] = (time.process_time() - started) / count


def microseconds(seconds: float) -> str:
    """Return a time of a job."""
    return shown(1e6 * seconds, "us")


# ---- A job ---------------------------------------------------------------------------------------


def jobs(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure what a job costs the controller: composed, planned, written down, taken, ranked."""
    from seedbed.sweep.asking import sweep_options
    from seedbed.sweep.planning.job_folders import JobFolders
    from seedbed.sweep.planning.rounds import plan_round
    from seedbed.sweep.results.folder import SweepFolder
    from seedbed.sweep.results.objectives import objectives_of
    from seedbed.sweep.results.plan_file import SweepPlan, read_plan, write_plan
    from seedbed.sweep.results.ranking import closing_table
    from seedbed.sweep.results.table import Results, read_results

    count, taken = sizes.planned, dict[str, float]()
    inside = Inside.of([*grid(count, 500), "sweep.keep=record"])
    with cpu(taken, "words", count):
        composer, all_jobs = inside.jobs()
    with composer.applied(all_jobs[0]) as config:
        options, objectives = sweep_options(config), objectives_of(config)
        names = JobFolders(SweepFolder(str(config.hydra.sweep.dir)))
    before = resident()
    with cpu(taken, "planned", count):
        planned = plan_round(composer, all_jobs, options, names)
    plan, path = SweepPlan(objectives), folder / "sweep.json"
    plan.add(planned.round)
    held = (resident() - before) / count
    with cpu(taken, "plan written", count):
        write_plan(path, plan)
    with cpu(taken, "plan read", count):
        read_plan(path)
    rows = [row_of(job.number) for job in all_jobs]
    unit, table = rows[: max(1, count // 10)], folder / "unit.csv"
    with cpu(taken, "rows written", len(unit)):
        Results(table, list(plan.axes), unit)
    with cpu(taken, "rows read", len(unit)):
        read_results(table)
    results = Results(folder / "results.csv", list(plan.axes), unit[:1])
    with cpu(taken, "rows entered", count):
        for start in range(0, count, len(unit)):
            results.add(rows[start : start + len(unit)])
    with cpu(taken, "closed", count):
        results.finish()
        closing_table(rows, plan.objectives)
    meaning = {
        "words": "the words of each job",
        "planned": "composed, checked, grouped",
        "plan written": "sweep.json written",
        "rows read": "its row read from the table of a unit",
        "rows entered": "its row entered in results.csv",
        "closed": "results.csv written in order, and the closing table",
    }
    controller = sum(taken[name] for name in meaning)
    return [
        Row("a job, in the controller", microseconds(controller), "", None),
        *(Row(f"  {text}", microseconds(taken[name])) for name, text in meaning.items()),
        Row("  memory of its plan", shown(held / 1024, "KiB")),
        Row("  its part of sweep.json", shown(path.stat().st_size / count, "bytes")),
        Row("a job, in a worker: sweep.json read", microseconds(taken["plan read"])),
        Row("  its row written", microseconds(taken["rows written"])),
    ]


def row_of(number: int) -> Any:
    """Return a row as crop_yield has them."""
    from seedbed.sweep.results.table import Row as TableRow

    metrics = {f"train/{name}": 1.1 + number for name in ("loss", "rmse", "mae", "r2")}
    metrics |= {"best/epoch": 500.0, "best/train/loss": 1.1 + number}
    axes = {"optimizer.lr": 1e-6 * (number % 10), "seed": number}
    return TableRow(number, axes, "completed", "", metrics, 0.1)


def resident() -> float:
    """Return the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


# ---- A unit in the queue -------------------------------------------------------------------------


def queue(sizes: Sizes, folder: Path) -> list[Row]:
    """Let many workers that train nothing claim units and end them, and the controller look on.

    All are in this process and take turns: it is the work that is measured, not a network.
    """
    from seedbed.sweep.queue.queue import Queue
    from seedbed.sweep.queue.units import QueuedUnit
    from seedbed.sweep.queue.workers import Heart, Workers, new_note

    workers, taken, saved = sizes.simulated, dict[str, float](), folder / ".sweep"
    board = Queue(saved)
    board.begin()
    units = [QueuedUnit(list(numbers), True, list(numbers)) for numbers in chunks(workers)]
    with cpu(taken, "put", workers):
        for unit in units:
            board.put(unit)
    hearts = [Heart(saved, new_note("token", f"simulated {n}")) for n in range(workers)]
    for heart in hearts:
        heart._write()
    claims = []
    with cpu(taken, "claimed", workers):
        for heart in hearts:
            claim = Queue(saved).claim(heart.note.name)
            if claim is None:
                fail("a unit that waits was not claimed")
            claim.read()
            claims.append(claim)
    with cpu(taken, "look", sizes.looks):
        for _ in range(sizes.looks):
            watched = Workers(saved)
            look(board, watched)
    with cpu(taken, "later look", sizes.looks):
        for _ in range(sizes.looks):
            look(board, watched)
    with cpu(taken, "ended", workers):
        for claim in claims:
            if not claim.finish(b"number,status,seconds,folder\n" * 1000):
                fail("a unit that has ended does not count")
    with cpu(taken, "taken", workers):
        for entry in board.done():
            board.outcome(entry)
            board.table(entry).read_bytes()
            board.forget(entry)
    return [
        Row(f"a unit, of {workers:,}: put", microseconds(taken["put"])),
        Row(f"  claimed by one of {workers:,} workers", microseconds(taken["claimed"])),
        Row("  ended, with a table of 1,000 rows", microseconds(taken["ended"])),
        Row("  taken by the controller", microseconds(taken["taken"])),
        Row(
            f"a look of the controller at {workers:,} workers: first, later",
            f"{1000 * taken['look']:.0f}, {1000 * taken['later look']:.0f} ms",
        ),
    ]


def chunks(units: int) -> Iterator[range]:
    """Yield the numbers of the jobs of units of 1,000."""
    for unit in range(units):
        yield range(1000 * unit, 1000 * (unit + 1))


def look(board: Any, watched: Any) -> None:
    """Read what the controller reads each time."""
    board.waiting()
    board.running()
    board.done()
    watched.look()


# ---- Files of a shared folder --------------------------------------------------------------------


def files(sizes: Sizes, folder: Path) -> list[Row]:
    """Count what processes do with the files of a sweep's folder, by strace.

    Two sweeps that differ in the number of their units tell what a unit takes. What is done once a
    second is counted by look: strace makes seconds long.
    """
    if shutil.which("strace") is None:
        return [Row("files of a unit", "not measured: there is no strace")]
    few, many = (traced(folder / str(units), units) for units in sizes.traced_units)
    units = sizes.traced_units[1] - sizes.traced_units[0]
    rows = []
    for who in ("worker", "controller"):
        shares = {kind: (many[who][kind] - few[who][kind]) / units for kind in OF_A_UNIT}
        text = ", ".join(f"{kind} {count:.0f}" for kind, count in shares.items() if count >= 0.5)
        rows.append(Row(f"files of a unit, by the {who}", text))
        looks = max(1, many[who][LOOK])
        each = (
            f"looked up {many[who][LOOKED_UP] / looks:.0f}, listed {many[who][LISTED] / looks:.0f}"
        )
        rows.append(Row("  and at each look for signs, once a second", each))
    return rows


def traced(folder: Path, units: int) -> dict[str, Counter[str]]:
    """Return how often workers and controller did what, in a sweep of so many units of 20 jobs."""
    trace, sweep = folder.with_suffix(".trace"), folder
    words = [f"seed=range(0,{20 * units})", "optimizer.lr=1e-6,2e-6", "trainer.max_epochs=50"]
    options = ["sweep.chunk_size=40", "sweep.keep=record", "sweep.workers=1"]
    command = [sys.executable, "-m", "seedbed", "train", "-m", *words, *options]
    strace = ["strace", "-f", "-y", "-qq", "-s", "500", "--signal=none", "-o", str(trace)]
    done = subprocess.run(
        [*strace, "-e", f"trace={SYSTEM_CALLS}", *command, f"hydra.sweep.dir={sweep}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        fail(f"exit code {done.returncode} of {' '.join(command)}\n{done.stderr[-500:]}")
    return counted(trace.read_text().splitlines(), str(sweep))


def counted(lines: list[str], folder: str) -> dict[str, Counter[str]]:
    """Return the calls that name something below a folder, of the controller and of its workers.

    The controller is the process that the trace begins with, and its threads.
    """
    unfinished, threads = dict[str, str](), dict[str, str]()
    counts = {"controller": Counter[str](), "worker": Counter[str]()}
    seen, first = dict[tuple[str, str], Counter[str]](), lines[0].split()[0]
    for line in lines:
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            unfinished[thread] = call.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            call = unfinished.pop(thread, "") + resumed[1]
        if call.startswith("clone") and "CLONE_THREAD" in call:
            if child := re.search(r"= (\d+)$", call):
                threads[child[1]] = threads.get(thread, thread)
            continue
        if folder not in call:
            continue
        process = threads.get(thread, thread)
        who = "controller" if process == first else "worker"
        kinds = kinds_of(call)
        counts[who].update(kind for kind in kinds if kind in OF_A_UNIT)
        seen.setdefault((who, thread), Counter()).update(kinds)
    for (who, _), of_thread in seen.items():
        if of_thread[LOOK]:  # One that looks for signs.
            counts[who].update({kind: of_thread[kind] for kind in (LOOK, LOOKED_UP, LISTED)})
    return counts


def kinds_of(call: str) -> list[str]:
    """Return what a call counts as, in the words of the table."""
    name = call.partition("(")[0]
    if name in ("open", "openat") and "O_DIRECTORY" in call:
        # The controller lists what is done in each look, and in no other case.
        return [LISTED, LOOK] if "/units/done" in call else [LISTED]
    if name in ("open", "openat"):
        is_sign = "/workers/" in call or "launch.json" in call or "controller.json" in call
        return ["written"] if "O_CREAT" in call else ["read"] * (not is_sign)
    if name in ("rename", "renameat", "renameat2", "unlink", "unlinkat"):
        return ["renamed" if name.startswith("rename") else "removed"]
    if not SIGNS.search(call):
        return []
    # A worker looks in each look whether it is to leave.
    return [LOOKED_UP, LOOK] if "/.sweep/cancel" in call else [LOOKED_UP]


# ---- A whole sweep over local workers ------------------------------------------------------------


def sweep(sizes: Sizes, folder: Path) -> list[Row]:
    """Run a sweep that keeps a record each over local workers; see what the controller took."""
    count, report = sizes.jobs, folder / "counted.json"
    words = [*grid(count, sizes.epochs), "sweep.keep=record", f"sweep.workers={sizes.workers}"]
    program = [sys.executable, __file__, COUNTED, str(report)]
    started = time.perf_counter()
    done = subprocess.run(
        [*program, "train", "-m", *words, f"hydra.sweep.dir={folder / 'sweep'}"],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        fail(f"exit code {done.returncode}\n{done.stdout[-500:]}{done.stderr[-500:]}")
    own = json.loads(report.read_text())
    return [
        Row(f"{count:,} jobs over {sizes.workers} workers, record only", shown(seconds, "s")),
        at_most("  the controller's CPU time a job", 1000 * own["cpu"] / count, 1, "ms"),
        at_most("  its peak memory", own["peak"] / GIB, 2, "GiB"),
        Row("  results.csv", shown((folder / "sweep/results.csv").stat().st_size / 2**20, "MiB")),
    ]


def be_seedbed(report: Path, words: list[str]) -> None:
    """Be `seedbed` with these words; leave what this process alone took as JSON."""
    sys.argv, process = ["seedbed", *words], os.getpid()
    try:
        importlib.import_module("seedbed.cli.main").main()
    finally:
        if os.getpid() == process:  # Workers are its forks.
            own = resource.getrusage(resource.RUSAGE_SELF)
            unit = 1 if sys.platform == "darwin" else 1024
            taken = {"cpu": own.ru_utime + own.ru_stime, "peak": own.ru_maxrss * unit}
            report.write_text(json.dumps(taken))


# ---- The command line ----------------------------------------------------------------------------

PARTS: dict[str, Callable[[Sizes, Path], list[Row]]] = {
    "sweep": sweep,
    "files": files,
    "queue": queue,
    "jobs": jobs,
}


def main() -> None:
    """Measure the parts and print one table."""
    if sys.argv[1:2] == [COUNTED]:
        be_seedbed(Path(sys.argv[2]), sys.argv[3:])
        return
    names, sizes = parse()
    rows = []
    for name in names:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="scale-") as folder:
            rows += PARTS[name](sizes, Path(folder))
    print(table_text(rows))


def parse() -> tuple[list[str], Sizes]:
    """Return the names of the parts, and the sizes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="PART,...", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the script")
    for name in ("jobs", "workers", "epochs"):
        parser.add_argument(f"--{name}", type=int, help=f"{name} of the sweep over workers")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part '{unknown.pop()}'; parts: {', '.join(PARTS)}")
    given = {name: getattr(options, name) for name in ("jobs", "workers", "epochs")}
    sizes = QUICK if options.quick else Sizes()
    sizes = replace(sizes, **{name: value for name, value in given.items() if value is not None})
    return [name for name in PARTS if name in chosen], sizes


if __name__ == "__main__":
    main()
