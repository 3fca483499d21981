"""The file by which others see that a sweep's controller is there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seedbed.errors import ConfigError, Interrupted
from seedbed.sweep.presence import controller
from seedbed.sweep.presence.controller import ControllerPresence, RunningUnit, see_controller


def presence(saved: Path, unit: RunningUnit | None = None) -> ControllerPresence:
    return ControllerPresence(saved, before=3, detached=True, running=lambda: unit)


def test_it_says_who_works_how_far_it_is_and_with_which_code_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller, "SECONDS_BETWEEN_BEATS", 0.01)
    unit = RunningUnit(4, 10, "2026-01-01T00:00:00+00:00", share=0.5, epoch="epoch 5/10")
    with presence(tmp_path, unit) as here:
        until = time.monotonic() + 30
        while (note := see_controller(tmp_path, True).note) is None or note.unit is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert (note.pid, note.before, note.detached) == (os.getpid(), 3, True)
        assert note.unit == unit
        assert see_controller(tmp_path, False).state == "alive"
        assert here.ended(1) == 1
    seen = see_controller(tmp_path, False)
    assert seen.state == "ended"
    assert seen.note is not None
    assert (seen.note.code, seen.note.unit) == (1, None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SystemExit(143), 143),
        (Interrupted(signal.SIGINT), 130),
        (KeyboardInterrupt(), 130),
        (ConfigError("x"), 2),
        (ValueError("x"), 1),
    ],
)
def test_what_ends_it_is_its_exit_code_and_what_ran_stays(
    tmp_path: Path, error: BaseException, code: int
) -> None:
    unit = RunningUnit(4, 10, "2026-01-01T00:00:00+00:00", share=0.5)
    with pytest.raises(type(error)), presence(tmp_path, unit):
        raise error
    seen = see_controller(tmp_path, False)
    assert seen.note is not None
    assert (seen.state, seen.note.code, seen.note.unit) == ("ended", code, unit)


def test_one_that_is_killed_is_gone_and_one_elsewhere_is_told_by_its_signs(tmp_path: Path) -> None:
    words = "import sys; from pathlib import Path; from tests.sweep.presence.test_controller import"
    words += " presence; presence(Path(sys.argv[1])).__enter__(); import os; os._exit(9)"
    subprocess.run([sys.executable, "-c", words, tmp_path], cwd=Path.cwd(), check=False)
    path = tmp_path / "controller.json"
    assert see_controller(tmp_path, False).state == "gone"
    # Somebody else has taken the lock since.
    assert see_controller(tmp_path, True).state == "alive"
    assert see_controller(tmp_path, True).note is None
    note = json.loads(path.read_text())
    path.write_text(json.dumps({**note, "host": "elsewhere"}))
    assert see_controller(tmp_path, False).state == "alive"
    long_ago = time.time() - 500
    os.utime(path, (long_ago, long_ago))
    seen = see_controller(tmp_path, False)
    assert seen.state == "gone"
    assert seen.age == pytest.approx(500, abs=30)
    assert see_controller(tmp_path, True).state == "alive"


@pytest.mark.parametrize("content", ["", "[", "[]", '{"host": 1}', '{"pid": "x"}'])
def test_a_damaged_file_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "controller.json").write_text(content)
    assert see_controller(tmp_path, False).state == "unknown"
    assert see_controller(tmp_path, True).state == "alive"
