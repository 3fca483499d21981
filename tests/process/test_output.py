"""Output of a process that is killed, loses its reader, or has no streams at all."""

import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest

from seedbed.process.output import PlainText, plain_message

SET_UP = "import os, sys; from seedbed.process.output import set_up_output; set_up_output()\n"
UNBUFFERED = pytest.mark.parametrize("unbuffered", ["", "1"])


def environment(unbuffered: str) -> dict[str, str]:
    """Return the environment with PYTHONUNBUFFERED set, where it is not empty."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, "OMP_NUM_THREADS": "1"} | ({"PYTHONUNBUFFERED": "1"} if unbuffered else {})


def script(folder: Path, code: str, unbuffered: str = "", redirections: str = "") -> int:
    """Run Python code in a shell with redirections; return the exit code of Python."""
    shell = f'exec "$0" -c "$1" {redirections}'
    words = ["bash", "-c", shell, sys.executable, SET_UP + code]
    return subprocess.run(words, cwd=folder, env=environment(unbuffered), timeout=60).returncode


@UNBUFFERED
def test_lines_of_both_streams_are_in_the_file_in_order_when_the_process_is_killed(
    tmp_path: Path, unbuffered: str
) -> None:
    code = (
        "print('one')\nprint('two', file=sys.stderr)\nprint('three')\n"
        "print('four', file=sys.stderr)\nos.kill(os.getpid(), 9)"
    )

    assert script(tmp_path, code, unbuffered, "> log 2>&1") == -signal.SIGKILL
    assert (tmp_path / "log").read_text().split() == ["one", "two", "three", "four"]


def test_an_unfinished_line_is_written_at_once_where_python_is_unbuffered(tmp_path: Path) -> None:
    code = "sys.stdout.write('half')\nos.kill(os.getpid(), 9)"

    script(tmp_path, code, "1", "> log")
    assert (tmp_path / "log").read_text() == "half"


@UNBUFFERED
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_fail_nothing_and_no_file_takes_their_place(
    tmp_path: Path, unbuffered: str, closed: str
) -> None:
    code = (
        "file = open('data', 'w')\nprint('out')\nsys.stdout.write('out')\nsys.stderr.write('err')\n"
        "os.system('echo from a child; echo from a child >&2')\nfile.write('whole')"
    )

    assert script(tmp_path, code, unbuffered, closed) == 0
    assert (tmp_path / "data").read_text() == "whole"


@UNBUFFERED
def test_a_reader_that_has_gone_is_no_error(tmp_path: Path, unbuffered: str) -> None:
    code = (
        "for n in range(20_000): print(n); print(n, file=sys.stderr)\nopen('end', 'w').write('end')"
    )

    assert script(tmp_path, code, unbuffered, "> >(head -1 > first) 2>&1") == 0
    assert (tmp_path / "end").read_text() == "end"


def test_a_full_disk_fails_nothing_and_is_said_at_the_end(tmp_path: Path) -> None:
    code = (
        "for n in range(9): print(n)\nfrom seedbed.process.output import tell_of_lost_output\n"
        "sys.exit(7 if tell_of_lost_output() else 0)"
    )

    assert script(tmp_path, code, "", "> /dev/full 2> said") == 7
    said = "seedbed: stdout: no space left on device; what was printed since is lost\n"
    assert (tmp_path / "said").read_text() == said
    assert script(tmp_path, code, "", "2> /dev/full > out") == 0


def test_a_long_text_comes_whole_through_a_pipe_that_does_not_block(tmp_path: Path) -> None:
    code = "os.set_blocking(1, False)\nprint('x' * 1_000_000)"

    assert script(tmp_path, code, "", "| (sleep 0.3; wc -c > size)") == 0
    assert int((tmp_path / "size").read_text()) == 1_000_001


@UNBUFFERED
def test_a_log_file_shows_how_far_a_run_is_that_is_killed_later(
    tmp_path: Path, unbuffered: str
) -> None:
    words = ("train", "trainer=cpu", "trainer.max_epochs=1000000", "callbacks.progress.lines=2000")
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "seedbed", *words],
            cwd=tmp_path,
            env=environment(unbuffered),
            stdout=file,
            stderr=file,
        )
    try:
        end = time.monotonic() + 60
        while log.read_text().count("epoch ") < 3 and time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            time.sleep(0.01)
        # They came one by one, not when a buffer was full.
        assert log.read_text().count("epoch ") < 50
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    lines = log.read_text().splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("epoch "))
    assert [line.split()[1] for line in lines[first : first + 3]] == [
        f"{epoch}/1000000" for epoch in (500, 1000, 1500)
    ]
    # What was printed before to stdout stands before.
    assert first > 0


HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp"
SHOWN = r"\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp"


class Terminal(BytesIO):
    """Stands for a terminal, and keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("kind", [BytesIO, Terminal])
def test_names_steer_neither_a_terminal_nor_what_shows_a_file(kind: type[BytesIO]) -> None:
    raw = kind()
    stream = PlainText(raw, encoding="utf-8", write_through=True)

    print("a", HOSTILE, "b\tc\r", file=stream)

    assert raw.getvalue().decode() == f"a {SHOWN} b\tc\r\n"


def test_tables_and_bars_are_drawn_on_a_terminal() -> None:
    drawn = "\x1b[1mbold\x1b[0m\r\x1b[2K\x1b[1A\x1b[?25l"
    raw = Terminal()

    stream = PlainText(raw, encoding="utf-8", write_through=True)
    stream.write(drawn)

    assert raw.getvalue().decode() == drawn


def test_the_streams_of_a_command_are_plain(tmp_path: Path) -> None:
    code = f"print({HOSTILE!r}); print({HOSTILE!r}, file=sys.stderr)"

    assert script(tmp_path, code, redirections="> log 2>&1") == 0
    assert (tmp_path / "log").read_text() == f"{SHOWN}\n" * 2


def test_a_message_has_lines_that_can_be_read() -> None:
    message = plain_message(f"first{'x' * 5_000}last\rhidden\nsecond")

    assert message.startswith("firstxxx")
    assert message.endswith(r"last\rhidden" + "\nsecond")
    assert max(map(len, message.splitlines())) < 1_100


def test_of_many_problems_the_first_are_shown() -> None:
    assert plain_message("one\ntwo\nthree") == "one\ntwo\nthree"
    assert plain_message("one\ntwo\nthree\nfour") == "one\ntwo\nand 2 more problems"
