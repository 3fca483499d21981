"""Kill sweeps and runs at random moments, go on, and compare with the undisturbed end.

    python scripts/kills.py                          200 kills, over all cases
    python scripts/kills.py --count 20 --only ddp    20 kills of a run of two processes
    python scripts/kills.py --count 5000 --only steps,files

A sweep is killed (SIGKILL) several times while it runs or goes on, then it goes on to its end: the
table but for the times, and each job's folder, must equal those of the same sweep left alone. Of a
run of two processes one is killed or stopped: all must end in time, with a true record and whole
checkpoints. No process and no temporary file may be left. Exits with 1 where anything differs.

`steps` kills runs of all kinds (scripts/kill_cases/grid.py) in every second, third, fifth or
seventh step from where they were taken up, in this process, with one and two threads; `files` kills
a run at its n-th change of a file, and what takes it up once more. Each must end as the same run
left alone: weights, metrics, curves and checkpoints, to the last bit.
"""

import argparse
import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from seedbed.files import TEMPORARY

SEEDBED = [sys.executable, "-m", "seedbed"]
# By it a process is known as one of ours, whoever has started it.
MARK = "SEEDBED_KILLS_MARK"
# How often a sweep is killed before it goes on to its end.
KILLS_OF_A_SWEEP = 5
# The time that processes have to end after a kill, in s.
SECONDS_TO_END = 40.0
WAIT = 10.0

SMALL = ("data=crop_yield", "data.batch_size=null", "task.metrics=[]", "logger=none")
SMALL = (*SMALL, "sweep.every_seconds=0.2")
SWEEP = (*SMALL, "seed=range(0,12)")
SWEEPS: dict[str, tuple[str, ...]] = {
    "fused": (*SWEEP, "trainer.max_epochs=3000"),
    "mixed": (*SMALL, "trainer.max_epochs=20", "optimizer=sgd,lbfgs", "seed=0,1,2"),
    "best": (*SWEEP, "trainer.max_epochs=2000", "sweep.keep=best", "sweep.top=3"),
    "record": (*SWEEP, "trainer.max_epochs=2000", "sweep.keep=record", "sweep.chunk_size=4"),
    "joblib": (
        *(*SWEEP, "trainer.max_epochs=1000", "sweep.chunk_size=6"),
        *("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    ),
    "search": (
        *(*SMALL, "trainer.max_epochs=1000", "optimizer.lr=tag(log,interval(1e-4,1e-1))"),
        *("search=tpe", "search.trials=40", "search.generation=10", "stop=halving"),
    ),
    "joblib-search": (
        *(*SMALL, "trainer.max_epochs=500", "optimizer.lr=tag(log,interval(1e-4,1e-1))"),
        *("search=tpe", "search.trials=12", "search.generation=6", "sweep.repeats=2"),
        *("sweep.chunk_size=6", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    ),
}
CASES = (*SWEEPS, "ddp", "steps", "files")
DDP = (
    *("train", "trainer=ddp", "trainer.accelerator=cpu", f"trainer.timeout={WAIT:g}"),
    *("trainer.max_epochs=150", "data.val_size=3", "callbacks.checkpoint.every_seconds=0.2"),
    *("logger=none", "hydra.run.dir=run"),
)
# What a record says of one time that a job trains.
OF_ONE_TIME = ("command", "started", "finished", "seconds", "process", "resumed")


@dataclass
class Count:
    """Kills of a case, what they met, and what was wrong after them."""

    kills: int = 0
    seconds: float = 0.0
    met: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def meet(self, what: str) -> None:
        """Count what a kill met."""
        self.met[what] = self.met.get(what, 0) + 1

    def line(self, name: str) -> str:
        """Return what was counted, in a line."""
        met = ", ".join(f"{count} {what}" for what, count in sorted(self.met.items()))
        wrong, seconds = len(self.wrong), f"{self.seconds:.0f} s"
        return f"{name:8} {self.kills:4} kills in {seconds:>5}, {wrong} wrong; {met}"


class Processes:
    """Commands in a folder, known by a mark in their environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"{os.getpid()}-{folder.name}"

    def start(self, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start `seedbed` with these words."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", MARK: self.mark}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*SEEDBED, *words], cwd=self.folder, env=environment, stdout=log, stderr=log
            )

    def run(self, words: Sequence[str]) -> int:
        """Run `seedbed` to its end; return its exit code."""
        return self.start(words).wait(timeout=300)

    def left(self) -> list[int]:
        """Return the processes that are still there."""
        mark, left = f"{MARK}={self.mark}".encode(), []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes().split(b"\0"):
                    left.append(int(path.parent.name))
            except OSError:
                continue
        return left

    def wait_for_end(self) -> list[str]:
        """Wait until none is left; kill those that stay, and return what is wrong."""
        deadline = time.monotonic() + SECONDS_TO_END
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for number in left:
            os.kill(number, signal.SIGKILL)
        return [f"{len(left)} processes left after {SECONDS_TO_END:g} s"] if left else []


# ---- Sweeps --------------------------------------------------------------------------------------


def kill_sweeps(name: str, kills: int, chance: random.Random, work: Path) -> Count:
    """Kill a sweep so many times, and compare its ends with the undisturbed one."""
    begin = ["train", "-m", *SWEEPS[name], "hydra.sweep.dir=sweep"]
    alone = Processes(_new(work / name / "alone"))
    started = time.monotonic()
    assert alone.run(begin) == 0, (alone.folder / "log").read_text()
    whole, expected = time.monotonic() - started, content(alone.folder / "sweep")
    count, number = Count(), 0
    while count.kills < kills:
        number += 1
        processes = Processes(_new(work / name / str(number)))
        for _ in range(min(KILLS_OF_A_SWEEP, kills - count.kills)):
            if not _killed(processes, begin, chance.uniform(0.2, 1.0) * whole, count):
                whole *= 0.85  # It was quicker than the one left alone.
                break
        if code := processes.run(_words(processes.folder, begin, count)):
            count.wrong.append(f"{processes.folder}: exit code {code} at the end")
        found = content(processes.folder / "sweep")
        count.wrong += [f"{processes.folder}: {line}" for line in differences(expected, found)]
        if not count.wrong:
            shutil.rmtree(processes.folder)
    count.seconds = time.monotonic() - started
    return count


def _killed(processes: Processes, begin: Sequence[str], after: float, count: Count) -> bool:
    """Let a sweep begin or go on, and kill it; return whether it had not ended before."""
    process = processes.start(_words(processes.folder, begin, count))
    try:
        code = process.wait(timeout=after)
        count.meet("too late")
        if code:
            count.wrong.append(f"{processes.folder}: exit code {code} before the kill")
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        sweep = processes.folder / "sweep"
        stage = "began" if (sweep / "results.csv").exists() else "planned"
        count.meet(f"after it {stage}" if (sweep / "sweep.json").exists() else "before its plan")
    count.kills += 1
    count.wrong += [f"{processes.folder}: {line}" for line in processes.wait_for_end()]
    return True


def _words(folder: Path, begin: Sequence[str], count: Count) -> list[str]:
    """Return the command that goes on with a sweep, or that begins it where it has no plan."""
    if not (folder / "sweep" / "sweep.json").exists():
        shutil.rmtree(folder / "sweep", ignore_errors=True)
        return list(begin)
    launcher = [word for word in begin if word.startswith("hydra") and "sweep" not in word]
    return ["train", "-m", "sweep.resume=sweep", *launcher]


def content(sweep: Path) -> dict[str, Any]:
    """Return what a sweep has left by path, without what belongs to one time that it ran."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in sweep.rglob("*") if path.is_file()):
        name = str(path.relative_to(sweep))
        if path.name == "results.csv":
            with path.open(newline="") as lines:
                rows = [{**row, "seconds": ""} for row in csv.DictReader(lines)]
            found[name] = rows
        elif path.name == "optuna.log":
            found[name] = [_without_times(line) for line in path.read_text().splitlines()]
        elif path.name == "run.json":
            fields = json.loads(path.read_text())
            found[name] = {key: fields[key] for key in fields if key not in OF_ONE_TIME}
        elif path.name == "report.html":
            found[name] = _page_without_times(path.read_text())
        elif path.suffix == ".ckpt":
            state = torch.load(path, weights_only=True)
            # What a sweep keeps of jobs side by side says when they were taken up, too.
            found[name] = state.get("engine", state)
        elif TEMPORARY.fullmatch(path.name) or path.suffix in (".csv", ".json", ".yaml"):
            found[name] = "there"
        elif not name.startswith(".sweep") and path.suffix not in (".log",):
            found[name] = path.read_bytes()
    found.pop(".sweep/sweep.lock", None)
    return found


def _without_times(line: str) -> dict[str, Any]:
    """Return a line of a journal without when a trial began and ended."""
    fields = json.loads(line)
    return {key: fields[key] for key in fields if not key.startswith("datetime_")}


def _page_without_times(page: str) -> dict[str, Any]:
    """Return what a page shows, without when it was written, and when and how long jobs ran."""
    [text] = re.findall(r'<script type="application/json" id="document">(.*?)</script>', page)
    document: dict[str, Any] = json.loads(text)
    document["written"] = ""
    document["jobs"]["values"].pop("seconds", None)
    for source in document["sources"]:
        source |= dict.fromkeys(("started", "finished", "seconds"))
        words = sorted(word for word in source["command"].split() if "hydra.sweep.dir" not in word)
        source["command"] = words
    return document


def differences(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """Yield what a sweep has left that it should not have, what it lacks, and what differs."""
    for name in sorted({*expected, *found}):
        if name not in found:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} should not be there"
        elif not equal(expected[name], found[name]):
            yield f"{name} differs"


def equal(one: Any, other: Any) -> bool:
    """Tell whether two contents are equal, tensors to the last digit."""
    if isinstance(one, torch.Tensor):
        if not isinstance(other, torch.Tensor) or one.shape != other.shape:
            return False
        return bool(((one == other) | ((one != one) & (other != other))).all())
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other or (one != one and other != other))


# ---- Runs of two processes -----------------------------------------------------------------------


def kill_runs(kills: int, chance: random.Random, work: Path) -> Count:
    """Kill or stop one of the two processes of a run, so many times."""
    alone = Processes(_new(work / "ddp" / "alone"))
    started = time.monotonic()
    assert alone.run(DDP) == 0, (alone.folder / "log").read_text()
    whole, count = time.monotonic() - started, Count()
    for number in range(kills):
        processes = Processes(_new(work / "ddp" / str(number)))
        process = processes.start(DDP)
        time.sleep(chance.uniform(0.2, 1.0) * whole)
        others = [pid for pid in processes.left() if pid != process.pid]
        sent = signal.SIGSTOP if others and chance.random() < 0.2 else signal.SIGKILL
        target = chance.choice([process.pid, *others])
        if process.poll() is None:
            os.kill(target, sent)
        which = "the first" if target == process.pid else "the second"
        count.meet(f"{which} {'stopped' if sent == signal.SIGSTOP else 'killed'}")
        count.kills += 1
        before = len(count.wrong)
        reaped = _Reaper(process)
        problems = [*processes.wait_for_end(), *_of_run(processes.folder, bool(others))]
        reaped.wait()
        count.wrong += [f"{processes.folder}: {line}" for line in problems]
        if len(count.wrong) == before:
            shutil.rmtree(processes.folder)
    count.seconds = time.monotonic() - started
    return count


class _Reaper:
    """Thread that takes the exit code of a process, which else stays in the list of processes."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        from threading import Thread

        self._thread = Thread(target=process.wait, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join(timeout=SECONDS_TO_END)


def _of_run(folder: Path, several: bool) -> Iterator[str]:
    """Yield what is wrong with what a run has left."""
    from seedbed.runs.record import read_record

    path = folder / "run" / "run.json"
    if not path.is_file():
        return
    status = read_record(path)["status"]
    if status == "running":
        yield "the record says that it is running"
    if several and json.loads(path.read_text())["status"] == "running":
        yield "nobody has written how it ended"
    kept = read_record(path)["checkpoints"]
    for file in (folder / "run" / "checkpoints").glob("*"):
        if TEMPORARY.fullmatch(file.name):
            yield f"{file.name} is left"
            continue
        state = torch.load(file, weights_only=True)
        said = kept.get(file.stem)
        found = {"epoch": state["epoch"], "step": state["global_step"]}
        if said is not None and found != {key: said[key] for key in found}:
            yield f"{file.name} is of {found}, the record tells of {said['epoch']}, {said['step']}"
    log = (folder / "log").read_text()
    if "Traceback" in log:
        yield f"a traceback:\n{log}"


# ---- Runs that are taken up ----------------------------------------------------------------------


def kill_in_steps(kills: int, chance: random.Random, work: Path) -> Count:
    """Kill runs of all kinds in their steps, so many times at least, and compare their ends."""
    import logging
    import warnings

    from scripts.kill_cases import in_process
    from scripts.kill_cases.grid import CASES as KINDS

    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    count, started = Count(), time.monotonic()
    ways = [(kind, threads) for kind in KINDS for threads in (1, 2)]
    chance.shuffle(ways)
    for kind, threads in ways:
        if count.kills >= kills:
            break
        words = (*KINDS[kind], f"trainer.threads={threads}")
        folder = work / f"{kind} {threads}"
        whole = in_process.left(in_process.trained(in_process.begun(folder / "whole", words)))
        for steps in (2, 3, 5, 7):
            end, times = in_process.killed_again_and_again(folder / str(steps), words, steps)
            count.kills += times
            count.meet("ends")
            lines = list(in_process.differences(whole, in_process.left(end)))
            count.wrong += [f"{folder / str(steps)}: {line}" for line in lines[:5]]
        count.meet("runs left alone")
    count.seconds = time.monotonic() - started
    return count


def kill_in_files(kills: int, chance: random.Random, work: Path) -> Count:
    """Kill a run at changes of files, so many of them, spread over the run, and compare its end."""
    from itertools import count as counted

    from scripts.kill_cases import files

    files.warm_up()
    count, started = Count(), time.monotonic()
    every = max(1, 100 // kills)  # About fifty changes, with each of two loggers.
    for logger in files.LOGGERS:
        changes = counted(chance.randint(1, every), every)
        for number, met, wrong in files.trials(work / "files" / logger, changes, logger):
            count.kills += 1
            count.meet(met)
            count.wrong += [f"{work / 'files' / logger / str(number)}: {line}" for line in wrong]
    count.seconds = time.monotonic() - started
    return count


# ---- Command -------------------------------------------------------------------------------------


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases, print what was counted; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="kills in all, default 200")
    parser.add_argument("--only", default=",".join(CASES), help=f"cases: {','.join(CASES)}")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments, default 0")
    given = parser.parse_args(arguments)
    names = given.only.split(",")
    if unknown := set(names) - set(CASES):
        parser.error(f"--only: no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    work = Path(tempfile.mkdtemp(prefix="kills-"))
    kills, wrong = 0, []
    for place, name in enumerate(names):
        share = given.count // len(names) + (place < given.count % len(names))
        if share == 0:
            continue
        chance = random.Random(f"{given.seed} {name}")
        of_runs = {"ddp": kill_runs, "steps": kill_in_steps, "files": kill_in_files}
        count = (
            of_runs[name](share, chance, work)
            if name in of_runs
            else kill_sweeps(name, share, chance, work)
        )
        print(count.line(name), flush=True)
        for line in count.wrong:
            print(f"  {line}", flush=True)
        kills, wrong = kills + count.kills, wrong + count.wrong
    print(f"{kills} kills, {len(wrong)} wrong" + (f"; see {work}" if wrong else ""))
    if not wrong:
        shutil.rmtree(work)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
