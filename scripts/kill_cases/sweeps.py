"""Kill sweeps right before every k-th operation on their files, twice, and compare their ends.

    python scripts/kill_cases/sweeps.py               every seventh operation of each case
    python scripts/kill_cases/sweeps.py --every 1     all of them

A process that has imported Seedbed forks itself for each command. The child counts what it does to
files in the sweep's folder, opening one to write, renaming, removing, making folders, and kills
itself (SIGKILL) in the place of one of these operations. The sweep is resumed and killed so again,
at another place; then it goes on to its end. What it has left must equal what the sweep leaves that
nothing disturbed. Exits with 1 where anything differs.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.kills import content, differences

COMMON = ("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10", "trainer=cpu")
COMMON = (*COMMON, "data.val_size=5", "sweep.every_seconds=0", "hydra.sweep.dir=sweep")
RESUME = ("train", "-m", "sweep.resume=sweep")
# Of each case the commands before the one that is killed, that one, and the one after a kill.
SIDE_BY_SIDE = (*COMMON, "optimizer.lr=0.01,1e30", "seed=1,2", "logger=csv")
CASES: dict[str, tuple[list[Sequence[str]], Sequence[str]]] = {
    "begins": ([], (*SIDE_BY_SIDE, "trainer.max_epochs=3")),
    "goes on": (
        [(*SIDE_BY_SIDE, "trainer.max_epochs=3")],
        (*RESUME, "trainer.max_epochs=5"),
    ),
    "best go on": (
        [(*SIDE_BY_SIDE, "trainer.max_epochs=3", "sweep.keep=best", "sweep.top=2")],
        (*RESUME, "trainer.max_epochs=5", "sweep.top=1"),
    ),
    "alone goes on": (
        [(*COMMON, "seed=1", "logger=csv", "sweep.fuse=never", "trainer.max_epochs=2")],
        (*RESUME, "trainer.max_epochs=4"),
    ),
    "folds go on": (
        [
            (
                *(word for word in COMMON if "val_size" not in word),
                *("sweep.folds=2", "logger=none", "trainer.max_epochs=2"),
            )
        ],
        (*RESUME, "trainer.max_epochs=4"),
    ),
}
RATE = "optimizer.lr=tag(log,interval(1e-3,1))"
GENERATIONS = (*COMMON, "search.trials=6", "search.generation=3", "logger=none", RATE)
GENERATIONS = (*GENERATIONS, "trainer.max_epochs=4")
# Every sampler, rule and way of training at least once.
SEARCHES: dict[str, tuple[str, ...]] = {
    "random": ("search=random", "stop=none"),
    "qmc halving": ("search=qmc", "stop=halving", "stop.min_epochs=1"),
    "tpe hyperband": ("search=tpe", "search.n_startup_trials=2", "stop=hyperband"),
    "gp median": (
        "search=gp",
        "search.n_startup_trials=2",
        "stop=median",
        "stop.n_startup_trials=2",
    ),
    "cmaes patient": (
        *(
            "search=cmaes",
            "stop=patient",
            "stop.patience=1",
            "optimizer.weight_decay=interval(0,1)",
        ),
        "search.popsize=3",
    ),
    "nsga2 repeats": ("search=nsga2", "search.population_size=3", "sweep.repeats=2"),
    "tpe choices best": (
        *("search=tpe", "search.n_startup_trials=2", "optimizer=sgd,adam", "sweep.keep=best"),
        *("sweep.top=2", "stop=top_k_after", "stop.min_epochs=2"),
    ),
    "tpe record folds": (
        *("search=tpe", "search.n_startup_trials=2", "sweep.keep=record", "sweep.folds=2"),
    ),
    "tpe alone": (
        *("search=tpe", "search.n_startup_trials=2", "sweep.fuse=never", "stop=median"),
        *("stop.n_startup_trials=2", "search.trials=4", "search.generation=2"),
    ),
    "fronts": (
        *("search=nsga2", "search.population_size=3"),
        *("optimized_metric=[val/loss,train/loss]", "optimized_mode=[min,min]"),
    ),
    "pbt": ("search=pbt", "search.interval=1", "stop=none"),
}


def search(*words: str) -> Sequence[str]:
    """Return the command of a search with these words, in place of those of the same keys."""
    keys = {word.partition("=")[0] for word in words}
    if "sweep.folds" in keys:
        keys.add("data.val_size")
    if "search=pbt" in words:
        keys.add("search.generation")
    return (*(word for word in GENERATIONS if word.partition("=")[0] not in keys), *words)


CASES |= {name: ([], search(*words)) for name, words in SEARCHES.items()}
# A search whose budget is raised.
CASES["raised"] = (
    [search("search=random", "search.trials=3")],
    (*RESUME, "search.trials=6"),
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link")


def run(folder: Path, words: Sequence[str], kill_at: int | None = None) -> tuple[int, int]:
    """Run a command in a fork; return its exit code, and how many operations it has counted.

    It is killed in the place of the operation of this number, from 0 on.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _child(folder, words, kill_at, write)
    os.close(write)
    with os.fdopen(read, "rb") as counts:
        count = len(counts.read())
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), count


def _child(folder: Path, words: Sequence[str], kill_at: int | None, counts: int) -> NoReturn:
    os.chdir(folder)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(log, number)
    sweep, count = os.path.join(os.getcwd(), "sweep"), 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if not writes and event not in CHANGES:
            return
        if not isinstance(arguments[0], str | os.PathLike) or not os.path.abspath(
            os.fspath(arguments[0])
        ).startswith(sweep):
            return
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        os.write(counts, b".")

    sys.argv = ["seedbed", *words]
    sys.addaudithook(hook)
    from seedbed.cli.main import main

    code: Any = 1
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def kill_case(name: str, every: int, work: Path) -> Iterator[str]:
    """Kill a case at every k-th operation; yield what is wrong. Says how many kills there were."""
    before, words = CASES[name]
    started = time.monotonic()
    base = work / name.replace(" ", "-")
    base.mkdir()
    for command in before:
        code, _ = run(base, command)
        assert code in (0, 1), (base / "log").read_text()
    whole = work / f"{base.name}-whole"
    shutil.copytree(base, whole)
    code, operations = run(whole, words)
    assert code in (0, 1), (whole / "log").read_text()
    expected, kills = content(whole / "sweep"), 0
    for at in range(0, operations, every):
        folder = work / f"{base.name}-{at}"
        shutil.copytree(base, folder)
        first, _ = run(folder, words, at)
        kills += first == -signal.SIGKILL
        again, _ = run(folder, _next(folder, words, base), at // 2)
        kills += again == -signal.SIGKILL
        last, _ = run(folder, _next(folder, words, base))
        problems = [] if last == code else [f"exit code {last} at the end, not {code}"]
        problems += differences(expected, content(folder / "sweep"))
        yield from (f"{name}, killed at {at} and {at // 2}, {folder}: {line}" for line in problems)
        if not problems:
            shutil.rmtree(folder)
    seconds = time.monotonic() - started
    print(f"{name:14} {operations:4} operations, {kills} kills in {seconds:.0f} s", flush=True)


def _next(folder: Path, words: Sequence[str], base: Path) -> Sequence[str]:
    """Return the command that goes on after a kill; the same one where it had noted nothing yet."""
    plan = folder / "sweep/sweep.json"
    if not plan.exists():
        shutil.rmtree(folder / "sweep", ignore_errors=True)
        return words
    known = base / "sweep/sweep.json"
    has_noted = not known.exists() or known.read_bytes() != plan.read_bytes()
    return RESUME if has_noted else words


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=7, help="operations between two kills")
    parser.add_argument("--only", default=",".join(CASES), help=f"cases: {','.join(CASES)}")
    given = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    import pytorch_lightning  # noqa: F401  What every fork would import again.

    import seedbed.commands.train
    import seedbed.sweep.sweeper  # noqa: F401

    work = Path(tempfile.mkdtemp(prefix="kills-of-sweeps-"))
    wrong = [line for name in given.only.split(",") for line in kill_case(name, given.every, work)]
    for line in wrong:
        print(f"  {line}")
    print(f"{len(wrong)} wrong" + (f"; see {work}" if wrong else ""))
    if not wrong:
        shutil.rmtree(work)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
