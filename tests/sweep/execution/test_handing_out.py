"""Units handed out to workers: all results are taken once, whatever happens to the workers."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.errors import ConfigError, DiskFull, Interrupted, ProcessLost
from seedbed.sweep.execution import handing_out as module
from seedbed.sweep.execution.failures.tries import Tries
from seedbed.sweep.execution.handing_out import HandingOut
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.unit import Unit, UnitResult, alone
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.worker_function import Ended, WorkerFunction
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce
from seedbed.sweep.presence.cancellation import cancel
from seedbed.sweep.queue.queue import Claim, Queue
from seedbed.sweep.queue.units import Outcome
from seedbed.sweep.queue.workers import Heart, UnitProgress, new_note
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.table import Results, Row

GROUP, SINGLE = Unit((0, 1), True, (0, 1)), Unit((2,), False, (2,))


class Shown:
    """Stands for the display."""

    def __init__(self) -> None:
        self.units: list[list[Progress]] = []

    def show(self, units: list[Progress]) -> None:
        self.units.append(units)


class Taker:
    """Stands for the controller: keeps what it is told."""

    def __init__(self, tries: Tries) -> None:
        self.tries = tries
        self.taken: list[tuple[Unit, UnitResult]] = []
        self.failed: list[Unit] = []
        self.stops = False

    def allowed(self, units: Sequence[Unit]) -> list[Unit]:
        self.failed += [unit for unit in units if not self.tries.may_run(unit)]
        return [unit for unit in units if self.tries.may_run(unit)]

    def lost(self, unit: Unit, why: str, kind: str = "died") -> list[Unit]:
        self.tries.die([unit], why)
        return self.allowed([unit])

    def take(self, unit: Unit, result: UnitResult) -> list[Unit]:
        self.taken.append((unit, result))
        return alone(unit) if result.refusal is not None else []

    def stops_now(self) -> bool:
        return self.stops and bool(self.taken)

    @property
    def numbers(self) -> list[int]:
        return sorted(row.number for _, result in self.taken for row in result.rows)


class Workers(Workforce):
    """Workforce whose workers are threads that do what `work` says with each unit."""

    label = "2 threads"

    def __init__(self, folder: SweepFolder, work: Callable[[Claim, Heart], object]) -> None:
        self.folder = folder
        self.work = work
        self.threads: list[threading.Thread] = []
        self.news: list[Lost] = []
        self.asked: list[int] = []

    def check(self) -> None:
        pass

    def open(self, function: WorkerFunction) -> None:
        self.token = function.token

    def tells_of(self, started: str) -> bool:
        return False

    def ensure(self, waiting: int) -> None:
        self.asked.append(waiting)
        alive = [thread for thread in self.threads if thread.is_alive()]
        for number in range(min(waiting, 2 - len(alive))):
            name = f"thread {len(self.threads) + number}"
            self.threads.append(threading.Thread(target=self.loop, args=(name,), daemon=True))
            self.threads[-1].start()

    def loop(self, started: str) -> None:
        queue = Queue(self.folder.saved)
        with Heart(self.folder.saved, new_note(self.token, started)) as heart:
            while not (queue.is_closed() or queue.is_stopped()):
                if claim := queue.claim(heart.note.name):
                    unit = claim.read()
                    progress = UnitProgress(unit.name, len(unit.jobs))
                    heart.change(state="working", progress=progress)
                    if self.work(claim, heart) == "leaves":
                        return
                    heart.change(state="idle", progress=None)
                else:
                    time.sleep(0.01)

    def look(self) -> list[Lost]:
        news, self.news = self.news, []
        return news

    def stop(self) -> None:
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def ends(claim: Claim, heart: Heart | None = None) -> None:
    """End a unit: all of its jobs complete."""
    numbers = claim.read().missing
    rows = [Row(n, {"seed": str(n)}, "completed", str(n), {"val/loss": n / 3}) for n in numbers]
    Results(claim.queue.table(claim.entry), ["seed"], rows)
    claim.finish(None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepFolder:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_CHECKS", 0.1)
    path = tmp_path / "sweep"
    (path / ".sweep").mkdir(parents=True)
    return SweepFolder(path)


@pytest.fixture
def handing(folder: SweepFolder) -> Callable[..., HandingOut]:
    """Return a function that makes one of a workforce."""

    def make(workforce: Any, **options: Any) -> HandingOut:
        runner = SimpleNamespace(command=["seedbed", "train"])
        worker: Any = SimpleNamespace(
            folder=folder,
            options=SweepOptions(**options),
            runner=runner,
            callbacks=None,
            goes_on=False,
            earlier=[],
        )
        tries = Tries(folder, worker.options.retries)
        shown: Any = Shown()
        return HandingOut(worker, workforce, shown, tries, Taker(tries))

    return make


def test_results_are_taken_and_progress_is_shown(folder: SweepFolder, handing: Any) -> None:
    shown = threading.Event()

    def works(claim: Claim, heart: Heart) -> None:
        if claim.entry.unit == "2-1":
            assert shown.wait(60)
        ends(claim)

    out = handing(Workers(folder, works))
    show, progress = out.display.show, Progress(1)

    def seen(units: list[Progress]) -> None:
        show(units)
        if units == [progress] and len(out.taking.taken) == 1:
            shown.set()

    out.display.show = seen
    out.run([GROUP, SINGLE], nullcontext)
    assert [unit for unit, _ in out.taking.taken] == [GROUP, SINGLE]
    assert out.taking.numbers == [0, 1, 2]
    out.run([Unit((3,), False, (3,))], nullcontext)  # The workers are those of before.
    out.close()
    assert out.taking.numbers == [0, 1, 2, 3]
    assert list(folder.saved.iterdir()) == []


def test_jobs_that_cannot_train_together_are_handed_out_one_by_one(
    folder: SweepFolder, handing: Any
) -> None:
    def works(claim: Claim, heart: Heart) -> None:
        if claim.read().fused:
            claim.finish(None, Outcome(refusal="of the test"))
        else:
            ends(claim)

    out = handing(Workers(folder, works))
    out.run([GROUP], nullcontext)
    assert out.taking.taken[0][0].jobs == (0, 1)
    assert out.taking.numbers == [0, 1]


GONE = ("it has left", "it is said", "it gives no sign", "its file is lost", "its unit is lost")


@pytest.mark.parametrize("how", GONE)
def test_a_unit_whose_worker_is_gone_is_handed_out_again(
    folder: SweepFolder, handing: Any, how: str
) -> None:
    claims: list[Claim] = []

    def works(claim: Claim, heart: Heart) -> str | None:
        if claims:
            ends(claim)
            return None
        claims.append(claim)
        if how == "it is said":
            workers.news.append(Lost(heart.note.started, "died (signal 9)"))
        elif how == "it gives no sign":
            heart.note.host = "elsewhere"
            heart.change(state="working")
            heart._heartbeat.stop()
        elif how == "its file is lost":
            heart._heartbeat.stop()
            heart._path.unlink()
        elif how == "its unit is lost":
            claim._path.unlink()
        else:
            return "leaves"
        until(lambda: not claim.is_held())
        ends_late(claim)
        return None

    workers = Workers(folder, works)
    out = handing(workers, lost_after=0.3 if how in GONE[2:4] else 10.0)
    (folder.path / ".2.0123456789abcdef.tmp").mkdir()  # What it had begun to write.
    out.run([SINGLE], nullcontext)
    out.close()
    died = how != "its unit is lost"
    assert [(len(claims), out.taking.numbers, out.tries.deaths(SINGLE))] == [(1, [2], int(died))]
    assert bool(list(folder.path.glob(".*.tmp"))) != died


def ends_late(claim: Claim) -> None:
    """End a unit that is another's by now, which changes nothing."""
    Results(claim.queue.table(claim.entry), ["seed"], [Row(2, {}, "failed", "2", error="late")])
    assert not claim.finish(None)


def until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("nothing came")


def test_a_unit_is_lost_so_many_times_at_most(
    folder: SweepFolder, handing: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = handing(Workers(folder, lambda claim, heart: "leaves"), retries=2)
    out.run([SINGLE], nullcontext)
    assert out.taking.failed == [SINGLE]
    assert out.tries.deaths(SINGLE) == 3
    assert "the worker of job 2 left" in capsys.readouterr().err


def test_after_a_failure_that_stops_the_sweep_nothing_that_waits_is_run(
    folder: SweepFolder, handing: Any
) -> None:
    out = handing(Workers(folder, ends))
    out.taking.stops = True
    out.run([Unit((n,), False, (n,)) for n in range(300)], nullcontext)
    out.close()
    assert 1 <= len(out.taking.numbers) < 300


def test_what_has_ended_is_taken_though_the_sweep_is_stopped(
    folder: SweepFolder, handing: Any
) -> None:
    done = threading.Event()

    def works(claim: Claim, heart: Heart) -> None:
        ends(claim)
        done.set()

    @contextmanager
    def interrupted() -> Any:
        assert done.wait(60)
        raise KeyboardInterrupt
        yield

    out = handing(Workers(folder, works))
    error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        out.run([SINGLE], interrupted)
    assert out.taking.numbers == []
    out.close(error)
    assert out.taking.numbers == [2]


def test_a_full_disk_where_a_unit_runs_ends_the_sweep(folder: SweepFolder, handing: Any) -> None:
    def full(claim: Claim, heart: Heart) -> None:
        claim.finish(None, Outcome(full="no space left"))

    out = handing(Workers(folder, full))
    with pytest.raises(DiskFull, match="no space left"):
        out.run([SINGLE], nullcontext)
    out.close(DiskFull(""))


def test_a_disk_too_full_to_say_so_ends_the_sweep(folder: SweepFolder, handing: Any) -> None:
    out = handing(Workers(folder, lambda claim, heart: claim.finish(None)))
    with pytest.raises(DiskFull, match=r"no space left where .* works"):
        out.run([SINGLE], nullcontext)
    out.close(DiskFull(""))


# Workers of which the first units fail


def fails(claim: Claim, error: str = "CUDA error") -> None:
    """End a unit: all of its jobs fail."""
    rows = [Row(n, {}, "failed", str(n), error=error) for n in claim.read().missing]
    Results(claim.queue.table(claim.entry), [], rows)
    claim.finish(None)


def test_units_of_a_worker_whose_first_ones_fail_are_run_by_others(
    folder: SweepFolder, handing: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    counts: dict[str, int] = {}
    has_failed = threading.Event()

    def works(claim: Claim, heart: Heart) -> str | None:
        counts[heart.note.started] = count = counts.get(heart.note.started, 0) + 1
        if heart.note.started == "thread 0":
            fails(claim)
            if count == 3:
                has_failed.set()
                return "leaves"
            return None
        if count > 2:
            assert has_failed.wait(60)
        ends(claim)
        return None

    out = handing(Workers(folder, works))
    out.run([Unit((n,), False, (n,)) for n in range(9)], nullcontext)
    out.close()
    assert counts["thread 0"] == 3
    assert out.taking.numbers == list(range(9))
    assert {row.status for _, result in out.taking.taken for row in result.rows} == {"completed"}
    said = capsys.readouterr().err
    assert "takes no more: its first 3 units failed: CUDA error" in said


def test_jobs_that_fail_everywhere_have_failed(folder: SweepFolder, handing: Any) -> None:
    stopped = []

    def works(claim: Claim, heart: Heart) -> str | None:
        fails(claim)
        heart.note.done += 1
        if heart.note.done >= 3 and not claim.queue.blames_jobs():
            stopped.append(heart.note.name)
            return "leaves"
        return None

    out = handing(Workers(folder, works))
    out.run([Unit((n,), False, (n,)) for n in range(20)], nullcontext)
    out.close()
    assert 2 <= len(stopped) < 7
    assert out.taking.numbers == list(range(20))


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_failures_are_entered_at_the_end(
    folder: SweepFolder, handing: Any, count: int
) -> None:
    out = handing(Workers(folder, lambda claim, heart: fails(claim)))
    out.run([Unit((n,), False, (n,)) for n in range(count)], nullcontext)
    assert out.taking.numbers == list(range(count))


# Launchers that come back when all has ended


class Launcher(HydraLauncher):
    """Launcher whose launches do what they are given, one after another."""

    label, name = "Launcher", "of the test"

    def __init__(self, *launches: Callable[[Queue], Any]) -> None:
        self.launches = list(launches)

    def launch(self, function: WorkerFunction, waiting: int) -> list[Ended]:
        ended = self.launches.pop(0)(Queue(SweepFolder(function.folder).saved))
        return ended or [Ended("a", waiting)] * waiting


def ends_all(queue: Queue) -> None:
    while claim := queue.claim("a"):
        ends(claim)


def dies(queue: Queue, units: int = 9, error: str = "killed") -> None:
    for _ in range(units):
        if queue.claim("dead") is None:
            break
    raise OSError(error)


def test_results_are_taken_while_a_launcher_is_busy(folder: SweepFolder, handing: Any) -> None:
    def works(queue: Queue) -> None:
        for count in (1, 2):
            claim = queue.claim("a")
            assert claim is not None
            ends(claim)
            until(lambda count=count: len(out.taking.taken) == count)  # type: ignore[misc]

    out = handing(Launcher(works))
    out.run([GROUP, SINGLE], nullcontext)
    assert out.taking.numbers == [0, 1, 2]


def test_a_launcher_that_comes_back_waits_for_workers_of_others(
    folder: SweepFolder, handing: Any
) -> None:
    threads = Workers(folder, lambda claim, heart: (until(came_back.is_set), ends(claim)))
    came_back = threading.Event()

    def works(queue: Queue) -> None:
        threads.token = out.token
        threads.ensure(1)
        until(lambda: len(queue.running()) == 1)
        ends_all(queue)
        threading.Timer(0.1, came_back.set).start()

    out = handing(Launcher(works))
    out.run([GROUP, SINGLE], nullcontext)
    out.close()
    assert out.taking.numbers == [0, 1, 2]
    assert out.tries.deaths(GROUP) == 0


def test_units_that_die_at_once_run_by_themselves_and_the_one_that_dies_again_is_blamed(
    folder: SweepFolder, handing: Any
) -> None:
    seen: list[list[str]] = []

    def looks(then: Callable[[Queue], None]) -> Callable[[Queue], None]:
        def look(queue: Queue) -> None:
            seen.append(sorted(entry.unit for entry in queue.waiting()))
            then(queue)

        return look

    launches = [looks(then) for then in (dies, dies, ends_all, ends_all)]
    out = handing(Launcher(*launches))
    out.run([GROUP, SINGLE], nullcontext)
    assert seen[0] == ["0-2", "2-1"]
    assert sorted(seen[1:3]) == [["0-2"], ["2-1"]]
    assert seen[3] == seen[1]
    assert out.taking.numbers == [0, 1, 2]
    assert sorted(out.tries.deaths(unit) for unit in (GROUP, SINGLE)) == [0, 1]


def test_a_launcher_that_starts_nothing_is_the_sweeps_error(
    folder: SweepFolder, handing: Any
) -> None:
    with pytest.raises(OSError, match="no such cluster"):
        handing(Launcher(lambda queue: dies(queue, 0, "no such cluster"))).run(
            [SINGLE], nullcontext
        )
    with pytest.raises(ConfigError, match="cannot see"):
        handing(Launcher(lambda queue: [Ended(why="a worker cannot see it", refused=True)])).run(
            [SINGLE], nullcontext
        )
    with pytest.raises(ProcessLost, match="Launcher came back and had run nothing"):
        handing(Launcher(lambda queue: None)).run([SINGLE], nullcontext)


def test_workers_of_a_launcher_save_and_leave_before_a_signal_stops_it(
    folder: SweepFolder, handing: Any
) -> None:
    left: list[bool] = []

    def works(queue: Queue) -> list[Ended]:
        claim = queue.claim("a")
        assert claim is not None
        until(queue.stops_at_once)
        left.append(claim.give_back())
        return [Ended("a", signal=signal.SIGTERM)]

    with pytest.raises(Interrupted):
        handing(Launcher(works)).run([SINGLE], nullcontext, lambda: True)
    assert left == [True]


@pytest.mark.parametrize("kind", ["threads", "launcher"])
def test_no_worker_is_started_once_the_sweep_is_cancelled(
    folder: SweepFolder, handing: Any, kind: str
) -> None:
    started: list[str] = []

    def works(queue: Queue) -> list[Ended]:  # Its worker leaves; the signal comes later.
        started.append("launch")
        cancel(folder.saved)
        return [Ended("a", why="the sweep was cancelled")]

    def leaves(claim: Claim, heart: Heart) -> str:
        started.append("claim")
        cancel(folder.saved)
        claim.give_back()
        return "leaves"

    looks = iter(range(100))

    @contextmanager
    def held() -> Any:
        yield
        if started and next(looks) == 9:
            raise Interrupted(signal.SIGTERM)

    workforce: Any = Launcher(works) if kind == "launcher" else Workers(folder, leaves)
    hands = handing(workforce)
    with pytest.raises(Interrupted):
        hands.run([SINGLE], held)
    hands.close(Interrupted(signal.SIGTERM))
    assert len(started) == 1
    assert kind == "launcher" or len(workforce.threads) == 1


def test_an_error_in_the_thread_that_looks_is_raised_at_the_end(
    folder: SweepFolder, handing: Any
) -> None:
    def works(queue: Queue) -> None:
        ends_all(queue)
        until(lambda: not any(t.name == "handing-out" for t in threading.enumerate()))

    out = handing(Launcher(works))

    def take(unit: Unit, result: UnitResult) -> None:
        raise OSError("no space")

    out.taking.take = take
    with pytest.raises(OSError, match=r"no space$"):
        out.run([GROUP], nullcontext)


def test_a_sweep_whose_folder_goes_ends_in_a_line_and_does_not_come_again(
    folder: SweepFolder, handing: Any
) -> None:
    def works(claim: Claim, heart: Heart) -> str:
        folder.path.rename(folder.path.with_name("elsewhere"))
        heart._heartbeat.stop()
        return "leaves"

    out = handing(Workers(folder, works))
    gone = rf"{folder.path}: the folder of the sweep has gone"
    with pytest.raises(ProcessLost, match=gone) as error:
        out.run([SINGLE], nullcontext)
    out.workforce.threads = []
    out.close(error.value)
    assert not (folder.saved / "units").exists()
