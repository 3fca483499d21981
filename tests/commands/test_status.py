"""`seedbed status`: what is printed, its document and its exit codes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.catalogue.supervision.test_standing import GONE, note, swept
from tests.documents.validating import document

from seedbed.catalogue.supervision.standing import standing_of
from seedbed.commands import status as verb

Command = Callable[..., Any]


def test_it_prints_what_it_knows_and_what_to_type_next(command: Command, tmp_path: Path) -> None:
    folder = swept(tmp_path, {0: "completed", 1: "completed"})
    note(folder, code=143, state="ended", ended="2026-01-01T00:00:00+00:00")
    told = command("status", "sweep")
    lines = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert (told.code, told.err) == (1, "")
    assert lines["sweep"] == "sweep: interrupted"
    assert lines["jobs"] == "2 of 8 done: 2 completed, 6 to run"
    assert lines["units"] == "4 waiting, 0 running, 1 done, 0 failed, 0 lost"
    assert lines["best"].startswith("val/loss 4.05 ± 0.0707, mean of 2 jobs: optimizer.lr=0.0")
    assert "exit code 143" in lines["controller"]
    assert "go on        seedbed train -m sweep.resume=sweep\n" in told.out


@pytest.mark.parametrize(
    ("ended", "fields", "code"),
    [
        (dict.fromkeys(range(8), "completed"), {}, 0),
        (dict.fromkeys(range(8), "stopped_early"), {}, 0),
        ({**dict.fromkeys(range(7), "completed"), 7: "diverged"}, {}, 1),
        ({0: "completed"}, {}, 0),
        ({0: "completed"}, GONE, 1),
        ({0: "failed"}, {}, 0),
    ],
)
def test_the_exit_code_says_whether_somebody_has_to_look(
    command: Command, tmp_path: Path, ended: dict[int, str], fields: Any, code: int
) -> None:
    folder = swept(tmp_path, ended)
    note(folder, **({"state": "ended", "code": 0} if len(ended) == 8 else fields))
    told = command("status", "sweep", "--json")
    content = document(told.out, "seedbed-status/1")
    assert (told.code, content["exit_code"]) == (code, code)


def test_several_sweeps_and_the_latest_and_what_is_none(
    command: Command, refused: Callable[..., str], tmp_path: Path
) -> None:
    swept(tmp_path / "outputs/sweeps/a", {0: "completed"})
    swept(tmp_path / "other", {})
    latest = command("status", "latest", "other/sweep")
    assert [line for line in latest.out.splitlines() if line.startswith("sweep ")] == [
        "sweep        outputs/sweeps/a/sweep: interrupted",
        "sweep        other/sweep: interrupted",
    ]
    assert "latest: outputs/sweeps/a/sweep" in latest.err
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text("{}")
    for words, message in (
        ([], "which sweep?"),
        (["nowhere"], "no such folder"),
        (["run"], "the folder of one run"),
        (["outputs"], "no sweep, it has no sweep.json"),
        (["latest", "watch=true", "--json"], "watch=true: --json prints one document"),
        (["latest", "wacth=true"], "Did you mean 'watch'?"),
    ):
        if "--json" in words:
            assert message in command("status", *words).err
        else:
            assert message in refused("status", *words)


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    note(swept(tmp_path, {0: "completed", 1: "completed"}), **GONE)
    code = (
        "import sys\n"
        "from seedbed.commands.cancel import cancel\n"
        "from seedbed.commands.status import status\n"
        "assert status(['sweep']) == 1\n"
        "assert cancel(['sweep']) == 0\n"
        "heavy = {'torch', 'pytorch_lightning', 'numpy', 'polars', 'hydra', 'rich', 'ray'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_watching_ends_when_nobody_works_on_it_any_more(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = swept(tmp_path, {0: "completed", 1: "completed"})
    note(folder)
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            note(folder, code=0, state="ended")

    monkeypatch.setattr(verb, "time", type("Clock", (), {"sleep": staticmethod(sleep)}))
    told = command("status", "sweep", "watch=true")
    assert told.out.count("sweep        sweep: running") == 2
    assert told.out.count("sweep        sweep: interrupted") == 1
    assert told.code == 1
    assert looks == [2.0, 2.0]


def test_on_a_terminal_the_lines_take_the_place_of_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = swept(tmp_path, {0: "completed", 1: "completed"})
    note(folder)
    monkeypatch.setenv("COLUMNS", "40")
    shown = verb._print([standing_of(folder)], 0, True)
    first = capsys.readouterr().out
    note(folder, code=0, state="ended")
    assert verb._print([standing_of(folder)], shown, True) == shown
    second = capsys.readouterr().out
    assert first.count("\n") == second.count("\n") == shown
    assert not first.startswith("\x1b")
    assert max(len(line.removesuffix("\x1b[K")) for line in first.splitlines()) == 40
    assert second.startswith(f"\x1b[{shown}A")
