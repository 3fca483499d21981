"""Disturb a sweep whose units many workers run, in every way, and compare with one left alone.

    python scripts/chaos.py                                300 units of two jobs, 4 workers
    python scripts/chaos.py --faked --units 10000          single jobs whose training is left out
    python scripts/chaos.py --units 100 --seed 3           another chance

Processes of the sweep are killed (SIGKILL), asked to end (SIGTERM) and stopped for a while, longer
or shorter than `sweep.lost_after`; strange workers come (`seedbed worker`) and are killed, too; the
controller is killed and the sweep goes on. Then it is left alone until its end. No job may be lost,
none counted twice: but for the seconds the table must equal that of the same sweep in one process.
No process, lock or unfinished file may be left, and nothing outside the folder be touched. Exits
with 1 where that does not hold.
"""

import argparse
import csv
import ctypes
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.chaos_cases.faked import fake_training
from scripts.hostile_cases.checks import changes, snapshot

from seedbed.files import TEMPORARY, is_locked

DATA = ("data=linear_noise", "data.rows=20", "data.batch_size=null", "task.metrics=[]")
DATA = (*DATA, "trainer=cpu", "logger=none", "trainer.max_epochs=3")
# Seconds without a sign of a worker; it beats every 5 s.
LOST_AFTER = 12.0
# The time that all processes have to end after the controller, in s.
SECONDS_TO_END = 40.0
# Seconds in which a sweep that is left alone has to come to its end, for each unit and at least.
SECONDS_OF_A_UNIT, SECONDS_AT_LEAST = 0.5, 240.0
BUSY = "another process runs this sweep"
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Plan:
    """What is disturbed, and how often.

    Attributes:
        units: how many units there are; two jobs each, or single ones where training is `faked`.
        workers: local workers; some of strangers come in addition.
        disturbances: how often a process is killed or stopped; `controllers` of them hit the
            controller.
        pause: the longest time between two of them, in s.
    """

    units: int
    workers: int
    disturbances: int
    controllers: int
    pause: float
    faked: bool = False
    keep: str = "record"

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return self.units if self.faked else 2 * self.units

    @property
    def words(self) -> tuple[str, ...]:
        """The sweep, without who runs it."""
        how = ("sweep.fuse=never",) if self.faked else ("sweep.chunk_size=2",)
        seeds = f"seed=range(0,{self.jobs})"
        return ("train", "-m", *DATA, *how, seeds, f"sweep.keep={self.keep}")


@dataclass
class Outcome:
    """What happened to a sweep, and what is wrong with its end."""

    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def line(self) -> str:
        """Return what was counted, in a line."""
        met = ", ".join(f"{count} {what}" for what, count in sorted(self.met.items()))
        return f"{met}; {self.seconds:.0f} s, {len(self.wrong)} wrong"


# ---- Processes -----------------------------------------------------------------------------------


def adopt_orphans() -> None:
    """Let processes whose parent has died become children of this one, so that none gets lost."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def started(folder: Path, words: Sequence[str], log: str, prepare: Callable[[], object]) -> int:
    """Run `seedbed` with these words in a fork of this process; return its pid."""
    child = os.fork()
    if child == 0:
        _run(folder, words, log, prepare)
    return child


def _run(folder: Path, words: Sequence[str], log: str, prepare: Callable[[], object]) -> NoReturn:
    code: Any = 1
    try:
        os.chdir(folder)
        descriptor = os.open(folder / log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(descriptor, number)
        prepare()
        sys.argv = ["seedbed", *words]
        from seedbed.cli.main import main

        main()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def reaped() -> dict[int, int]:
    """Return the exit codes of the children that have ended meanwhile, by their pids."""
    codes = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            codes[pid] = os.waitstatus_to_exitcode(status)
    return codes


def descendants() -> list[int]:
    """Return the processes that this one, or one of those, has started and that have not ended."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(path.parent.name)] = int(parent)
    found, level = [], {os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found += sorted(level)
    return found


# ---- A disturbed sweep ---------------------------------------------------------------------------


class Disturbed:
    """Sweep in `folder` that is disturbed and goes on, until it has come to its end."""

    def __init__(self, plan: Plan, folder: Path, chance: random.Random, outcome: Outcome) -> None:
        self.plan = plan
        self.folder = folder
        self.chance = chance
        self.outcome = outcome
        self.prepare: Callable[[], object] = fake_training if plan.faked else (lambda: None)
        self.controller = 0
        self.killed = False
        # When processes that were stopped go on, by their pids.
        self.stopped: dict[int, float] = {}
        self.deadline = 0.0

    def run(self) -> None:
        """Begin the sweep, disturb it, and let it go on until its end."""
        self._start()
        left, controllers = self.plan.disturbances, self.plan.controllers
        self.deadline = time.monotonic() + self._limit()
        while True:
            time.sleep(self.chance.uniform(0.01, self.plan.pause if left else 0.2))
            self._go_on_where_it_is_time(everybody=not left)
            code = reaped().get(self.controller)
            if code is not None and self._has_ended(code):
                return
            if code is not None:
                self._start()
            elif left:
                hits_controller = controllers > 0 and self.chance.random() < controllers / left
                if self._disturb(hits_controller):
                    left, controllers = left - 1, controllers - hits_controller
                    self.deadline = time.monotonic() + self._limit()
            if time.monotonic() > self.deadline:
                self.outcome.wrong.append("the sweep does not come to its end")
                os.kill(self.controller, signal.SIGKILL)
                return

    def _limit(self) -> float:
        """Return the seconds that the sweep may take."""
        disturbed = self.plan.disturbances * (self.plan.pause + 1.0)
        return SECONDS_AT_LEAST + SECONDS_OF_A_UNIT * self.plan.units + disturbed

    def _start(self) -> None:
        workers = (f"sweep.workers={self.plan.workers}", f"sweep.lost_after={LOST_AFTER:g}")
        words = (*self.plan.words, *workers, "sweep.retries=1000", "hydra.sweep.dir=sweep")
        if (self.folder / "sweep/sweep.json").exists():
            words = ("train", "-m", "sweep.resume=sweep", *workers, "sweep.retries=1000")
            self.outcome.met["resumed"] += 1
        else:
            shutil.rmtree(self.folder / "sweep", ignore_errors=True)
        self.controller, self.killed = started(self.folder, words, "log", self.prepare), False

    def _has_ended(self, code: int) -> bool:
        """Return whether the sweep has come to its end, with a code that it should have or not."""
        if code == 0:
            return True
        if self.killed and code in (-signal.SIGKILL, 128 + signal.SIGTERM, -signal.SIGTERM):
            return False
        if code == 2 and BUSY in self._last_words():
            self.outcome.met["had to wait for the lock"] += 1
            time.sleep(0.5)
            return False
        self.outcome.wrong.append(f"the controller ended with {code}: {self._last_words()[-300:]}")
        return True

    def _last_words(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def _disturb(self, hits_controller: bool) -> bool:
        """Disturb the sweep; return whether there was somebody to be disturbed."""
        others = [pid for pid in descendants() if pid != self.controller]
        if hits_controller:
            self._hit(self.controller, "the controller")
            return True
        if not others:
            return False
        if self.chance.random() < 0.1 and (self.folder / "sweep/sweep.json").exists():
            self.outcome.met["strange worker"] += 1
            started(self.folder, ("worker", "sweep"), "strange.log", self.prepare)
            return True
        self._hit(self.chance.choice(others), "another process")
        return True

    def _hit(self, pid: int, whom: str) -> None:
        sent = self.chance.choices((signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP), (6, 2, 2))[0]
        with suppress(ProcessLookupError):
            os.kill(pid, sent)
            if sent == signal.SIGSTOP:
                longest = 1.5 * LOST_AFTER
                self.stopped[pid] = time.monotonic() + self.chance.uniform(0.1, longest)
            elif pid == self.controller:
                self.killed = True
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            self.outcome.met[f"{sent.name} to {whom}"] += 1

    def _go_on_where_it_is_time(self, everybody: bool) -> None:
        now = time.monotonic()
        for pid, at in list(self.stopped.items()):
            if now >= at or everybody:
                del self.stopped[pid]
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


def processes_left() -> int:
    """Wait until no process is left; kill those that stay and return how many there are."""
    deadline = time.monotonic() + SECONDS_TO_END
    while (left := descendants()) and time.monotonic() < deadline:
        reaped()
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    reaped()
    return len(left)


# ---- What must hold at the end -------------------------------------------------------------------


def table(sweep: Path) -> list[dict[str, str]]:
    """Return the rows of a sweep's table in its order, without the seconds."""
    with (sweep / "results.csv").open(newline="") as lines:
        return [{**row, "seconds": ""} for row in csv.DictReader(lines)]


def problems(alone: Path, disturbed: Path) -> Iterator[str]:
    """Yield what differs between the ends of a sweep left alone and of a disturbed one."""
    if not (disturbed / "results.csv").exists():
        yield "there is no table"
        return
    expected, found = table(alone), table(disturbed)
    counts = Counter(row["number"] for row in found)
    lost = [row["number"] for row in expected if row["number"] not in counts]
    twice = [number for number, count in counts.items() if count > 1]
    other = [row for row in found if row not in expected] if not (lost or twice) else []
    for what, several in (("lost", lost), ("counted twice", twice), ("other", other)):
        if several:
            yield f"{len(several)} jobs {what}, such as {several[0]}"
    if not (lost or twice or other) and expected != found:
        yield "the rows are in another order"
    for path in disturbed.rglob("*"):
        if TEMPORARY.fullmatch(path.name):
            yield f"{path.relative_to(disturbed)} is left"
        elif path.suffix == ".lock" and is_locked(path):
            yield f"{path.relative_to(disturbed)} is locked"
    units = disturbed / ".sweep/units"
    if left := [path for path in units.rglob("*") if path.is_file()]:
        yield f"{len(left)} files of units are left, such as {left[0].relative_to(disturbed)}"
    folders = [{p.name for p in sweep.iterdir() if p.is_dir()} for sweep in (alone, disturbed)]
    if folders[0] != folders[1]:
        yield f"other folders: {sorted(folders[0] ^ folders[1])[:5]}"


def disturb(plan: Plan, seed: int, work: Path) -> Outcome:
    """Run a sweep alone and disturbed in `work`; return what happened."""
    outcome, began = Outcome(), time.monotonic()
    for name in ("alone", "disturbed", "outside"):
        (work / name).mkdir()
    (work / "outside/notes.txt").write_text("mine")
    words = (*plan.words, "hydra.sweep.dir=sweep")
    prepare = fake_training if plan.faked else (lambda: None)
    alone = started(work / "alone", words, "log", prepare)
    _, status = os.waitpid(alone, 0)
    assert status == 0, (work / "alone/log").read_text()
    own = (work / "disturbed",)
    before = snapshot(work, own)
    sweep = Disturbed(plan, work / "disturbed", random.Random(seed), outcome)
    sweep.run()
    if left := processes_left():
        outcome.wrong.append(f"{left} processes left after {SECONDS_TO_END:g} s")
    outcome.wrong += changes(before, snapshot(work, own))
    beside = {path.name for path in own[0].iterdir()} - {"sweep", "log", "strange.log"}
    outcome.wrong += [f"{name} was made beside the sweep" for name in sorted(beside)]
    for log in own[0].glob("*log"):
        if "Traceback (most recent call last)" in (text := log.read_text(errors="replace")):
            outcome.wrong.append(
                f"a traceback in {log.name}: {text[text.index('Traceback') :][:600]}"
            )
    outcome.wrong += problems(work / "alone/sweep", work / "disturbed/sweep")
    outcome.seconds = time.monotonic() - began
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Disturb a sweep; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=300, help="units of the sweep")
    parser.add_argument("--workers", type=int, default=4, help="local workers")
    parser.add_argument("--disturbances", type=int, default=100, help="how many there are")
    parser.add_argument("--controllers", type=int, default=5, help="those of the controller")
    parser.add_argument("--pause", type=float, default=0.5, help="longest time between two, in s")
    parser.add_argument("--faked", action="store_true", help="leave the training out")
    parser.add_argument("--keep", default="record", help="sweep.keep")
    parser.add_argument("--seed", type=int, default=0, help="of the chance")
    given = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    import pytorch_lightning  # noqa: F401  What every fork would import again.

    import seedbed.commands.train
    import seedbed.sweep.sweeper  # noqa: F401

    adopt_orphans()
    seed = vars(given).pop("seed")
    work = Path(tempfile.mkdtemp(prefix="chaos-")).resolve()
    outcome = disturb(Plan(**vars(given)), seed, work)
    print(outcome.line())
    for line in outcome.wrong:
        print(f"  {line}")
    if outcome.wrong:
        print(f"see {work}")
        return 1
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
