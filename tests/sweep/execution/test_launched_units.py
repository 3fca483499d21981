"""What units elsewhere leave behind is taken while the launcher is still busy."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from seedbed.sweep.execution import launched_units as module
from seedbed.sweep.execution.launched_units import LaunchedUnits
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.worker import Unit, UnitResult
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.table import Results, Row

UNITS = [Unit((0, 1), True, (0, 1)), Unit((2,), False, (2,))]


class Shown:
    """Stands for the display."""

    def __init__(self) -> None:
        self.units: list[list[Progress]] = []

    def show(self, units: list[Progress]) -> None:
        self.units.append(units)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepFolder:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 0.01)
    (tmp_path / ".sweep").mkdir()
    return SweepFolder(tmp_path)


def ended(folder: SweepFolder, *numbers: int) -> list[Row]:
    """Write the table of a unit that has ended; return its rows."""
    rows = [Row(n, {"seed": str(n)}, "completed", str(n), {"val/loss": n / 3}) for n in numbers]
    Results(folder.unit_results(numbers[0]), ["seed"], rows)
    return rows


def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("nothing came")


def test_results_and_progress_are_seen_meanwhile(folder: SweepFolder) -> None:
    shown: Any = Shown()
    taken: list[tuple[Unit, UnitResult]] = []
    with LaunchedUnits(UNITS, folder, shown, lambda *both: taken.append(both)) as launched:
        progress = Progress(1, 0.5, "epoch 1/2", 0.25)
        folder.unit_progress(2).write_text(json.dumps(asdict(progress)))
        until(lambda: [progress] in shown.units)
        assert taken == []
        rows = ended(folder, 0, 1)
        until(lambda: len(taken) == 1)
        assert taken == [(UNITS[0], UnitResult(rows))]
        until(lambda: launched.left == UNITS[1:])
    assert len(taken) == 1


def test_results_that_come_as_the_launcher_ends_are_taken(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 60.0)
    shown: Any = Shown()
    taken: list[Unit] = []
    launched = LaunchedUnits(UNITS, folder, shown, lambda unit, result: taken.append(unit))

    def interrupted() -> None:
        with launched:
            ended(folder, 2)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (taken, launched.left) == (UNITS[1:], UNITS[:1])
    assert time.monotonic() - began < 30


def test_units_that_end_at_the_same_time_are_all_taken(folder: SweepFolder) -> None:
    shown: Any = Shown()
    taken: list[Unit] = []
    launched = LaunchedUnits(UNITS, folder, shown, lambda unit, result: taken.append(unit))
    folder.unit_progress(2).write_text(json.dumps(asdict(Progress(1))))
    ended(folder, 0, 1)
    ended(folder, 2)
    launched.look()
    assert (taken, launched.left) == (UNITS, [])
    assert shown.units == [[]]


def test_results_are_taken_once_even_as_the_launcher_ends(folder: SweepFolder) -> None:
    shown: Any = Shown()
    taken: list[Unit] = []

    def take(unit: Unit, result: UnitResult) -> None:
        taken.append(unit)
        time.sleep(0.1)

    with LaunchedUnits(UNITS, folder, shown, take):
        ended(folder, 0, 1)
        until(lambda: bool(taken))
    assert taken == UNITS[:1]


def test_an_error_in_the_watching_thread_is_raised_at_the_end(folder: SweepFolder) -> None:
    errors = iter([OSError("no space"), OSError("no space either")])

    def take(unit: Unit, result: UnitResult) -> None:
        raise next(errors)

    shown: Any = Shown()

    def watched(interruption: type[BaseException] | None = None) -> None:
        launched = LaunchedUnits(UNITS, folder, shown, take)
        with launched:
            ended(folder, 0, 1)
            until(lambda: launched._error is not None)
            if interruption is not None:
                raise interruption

    with pytest.raises(OSError, match=r"no space$"):
        watched()
    with pytest.raises(KeyboardInterrupt):
        watched(KeyboardInterrupt)
