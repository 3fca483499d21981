"""Standard output and standard error, of processes that write to a file or a pipe."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import environment

ENDS = {
    "": environment(),
    "PYTHONUNBUFFERED": environment() | {"PYTHONUNBUFFERED": "1"},
}


def program(lines: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        "import os, signal, sys\n"
        "from seedbed.process.output import outlive_readers\n"
        f"outlive_readers()\n{lines}",
    ]


@pytest.mark.parametrize("setting", ENDS)
def test_lines_are_in_the_file_in_their_order_when_the_process_is_killed(
    tmp_path: Path, setting: str
) -> None:
    lines = (
        "print('model')\n"
        "print('epoch 1', file=sys.stderr)\n"
        "print('summary')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(program(lines), env=ENDS[setting], stdout=log, stderr=log)

    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "log").read_text() == "model\nepoch 1\nsummary\n"


def test_unbuffered_output_is_written_before_its_line_ends(tmp_path: Path) -> None:
    lines = "print('half', end='')\nos.kill(os.getpid(), signal.SIGKILL)\n"
    with (tmp_path / "log").open("wb") as log:
        subprocess.run(program(lines), env=ENDS["PYTHONUNBUFFERED"], stdout=log)

    assert (tmp_path / "log").read_text() == "half"


@pytest.mark.parametrize("setting", ENDS)
def test_a_process_goes_on_when_nobody_reads_its_output(tmp_path: Path, setting: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    lines = (
        "for _ in range(1000):\n"
        "    print('x' * 100)\n"
        "    print('x' * 100, file=sys.stderr)\n"
        f"open({str(tmp_path / 'end')!r}, 'w').close()\n"
    )
    done = subprocess.run(program(lines), env=ENDS[setting], stdout=writer, stderr=writer)
    os.close(writer)

    assert done.returncode == 0
    assert (tmp_path / "end").exists()
