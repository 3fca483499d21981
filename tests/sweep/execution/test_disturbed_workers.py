"""Units handed out to workers that die, sleep, wake up late and lose their files, by chance.

Time, chance and workers are simulated: no process, thread or second is spent. A long run with real
processes is that of scripts/chaos.py.
"""

import random
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.execution.failures.tries import Tries
from seedbed.sweep.execution.handing_out import HandingOut
from seedbed.sweep.execution.unit import Unit, UnitResult
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce
from seedbed.sweep.queue.queue import Claim, Queue
from seedbed.sweep.queue.workers import Heart, UnitProgress, new_note
from seedbed.sweep.results.folder import SweepFolder, rows_of_sweep
from seedbed.sweep.results.table import Results, Row

# Half of the units are pairs of jobs. Times are in s.
JOBS, WORKERS, LOST_AFTER, LONGEST = 120, 6, 120.0, 100_000.0
# What happens to a worker that has a unit, and how often of a hundred times.
EVENTS = {
    "ends it": 55,
    "works": 20,
    "dies": 6,
    "dies with its table written": 4,
    "sleeps": 5,
    "gives it back": 3,
    "loses its unit": 3,
    "loses its own file": 2,
    "takes the controller along": 2,
}


class Killed(BaseException):
    """The controller's process is killed: nothing of what it would do then is done."""


class Clock:
    """Time that passes while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        assert self.now < LONGEST, "the sweep does not come to its end"


class Simulated(Workforce):
    """Workers to which things happen by chance, whenever the controller looks."""

    label = "simulated workers"

    def __init__(self, folder: SweepFolder, chance: random.Random, clock: Clock) -> None:
        self.folder = folder
        self.chance = chance
        self.clock = clock
        self.hearts: dict[str, Heart] = {}
        self.claims: dict[str, Claim] = {}
        self.asleep: dict[str, float] = {}
        self.news: list[Lost] = []
        self.met: set[str] = set()

    def open(self, function: Any) -> None:
        self.token = function.token

    def ensure(self, waiting: int) -> None:
        for _ in range(min(waiting, WORKERS - len(self.hearts))):
            note = new_note(self.token, "of the test")
            note.host = "elsewhere"  # Whose processes nobody can ask for.
            self.hearts[note.name] = Heart(self.folder.saved, note)
            self.hearts[note.name].change(state="idle")

    def look(self) -> list[Lost]:
        for name in list(self.hearts):
            if self.asleep.get(name, 0.0) <= self.clock.now:
                self.asleep.pop(name, None)
                self.step(name, self.hearts[name])
        news, self.news = self.news, []
        return news

    def step(self, name: str, heart: Heart) -> None:
        claim = self.claims.get(name)
        if claim is None:
            claim = Queue(self.folder.saved).claim(name)
            if claim is None:
                heart.change(state="idle", progress=None)
                return
            self.claims[name] = claim
            heart.change(state="working", progress=UnitProgress(claim.entry.unit, 1))
            return
        [event] = self.chance.choices([*EVENTS], [*EVENTS.values()])
        self.met.add(event)
        if event == "works":
            heart.change(state="working")
        elif event == "sleeps":
            self.asleep[name] = self.clock.now + self.chance.uniform(0.0, 3 * LOST_AFTER)
        elif event == "ends it":
            self.write_table(claim)
            claim.finish(None)
            del self.claims[name]
            heart.change(state="idle", progress=None)
        else:
            self.go_wrong(event, name, heart, claim)

    def go_wrong(self, event: str, name: str, heart: Heart, claim: Claim) -> None:
        if event == "loses its unit":
            claim._path.unlink(missing_ok=True)
            return
        if event == "loses its own file":
            heart._path.unlink(missing_ok=True)
        elif event == "gives it back":
            claim.give_back()
            heart.change(state="ended", progress=None)
        elif event == "dies with its table written":
            self.write_table(claim)
        del self.hearts[name], self.claims[name]
        if event == "takes the controller along":
            raise Killed
        if self.chance.random() < 0.5:  # Of the others only their silence tells.
            self.news.append(Lost(name, "died (signal 9)"))

    def write_table(self, claim: Claim) -> None:
        if claim.is_held():
            numbers = claim.read().missing
            rows = [Row(n, {"seed": str(n)}, "completed", str(n), {"loss": n / 3}) for n in numbers]
            Results(claim.queue.table(claim.entry), ["seed"], rows)

    def stop(self) -> None:
        self.hearts, self.claims = {}, {}


class Taker:
    """Stands for the controller: keeps the rows that it is given."""

    def __init__(self, tries: Tries) -> None:
        self.tries = tries
        self.rows: list[Row] = []

    def allowed(self, units: Any) -> Any:
        return units

    def take(self, unit: Unit, result: UnitResult) -> list[Unit]:
        self.rows += result.rows
        return []

    def lost(self, unit: Unit, why: str, kind: str = "died") -> list[Unit]:
        self.tries.die([unit], why)
        return [unit]

    def stops_now(self) -> bool:
        return False


@pytest.mark.parametrize("seed", range(2))
def test_no_unit_is_lost_and_none_counts_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    (tmp_path / "sweep/.sweep").mkdir(parents=True)
    folder, clock, chance = SweepFolder(tmp_path / "sweep"), Clock(monkeypatch), random.Random(seed)
    worker: Any = SimpleNamespace(
        folder=folder,
        options=SweepOptions(lost_after=LOST_AFTER, retries=1000),
        runner=SimpleNamespace(command=["seedbed", "train"]),
        callbacks=None,
        goes_on=False,
        earlier=[],
    )
    shown: Any = SimpleNamespace(show=lambda units: None)
    known: list[Row] = []
    met: set[str] = set()
    while True:
        done = {row.number for row in known}
        left = [number for number in range(JOBS) if number not in done]
        pairs = [(n, n + 1) for n in left if n % 2 == 0 and n < JOBS // 2]
        units = [Unit(pair, True, pair) for pair in pairs]
        units += [Unit((n,), False, (n,)) for n in left if n >= JOBS // 2]
        simulated, tries = Simulated(folder, chance, clock), Tries(folder, 1000)
        out = HandingOut(worker, simulated, shown, tries, (taker := Taker(tries)))
        try:
            out.run(units, nullcontext)
        except Killed:
            known += taker.rows
            entered = {row.number for row in known}
            known += [row for row in rows_of_sweep(folder).values() if row.number not in entered]
            continue
        finally:
            met |= simulated.met
        known += taker.rows
        break
    out.close()
    assert sorted(row.number for row in known) == [*range(JOBS)]
    assert len(met) >= len(EVENTS) - 1
    assert [path.name for path in folder.saved.iterdir()] in ([], ["tries.json"])
