"""True kills (SIGKILL) in the middle of a file: a few of those of scripts/kills.py."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import environment

# After some twenty changes there is a checkpoint; after some fifty all is written.
CHANGES = (30, 45)
PROGRAM = """
import sys
from pathlib import Path
from scripts.kill_cases.files import trials, warm_up
warm_up()
changes = iter([int(word) for word in sys.argv[2:]])
for number, met, wrong in trials(Path(sys.argv[1]), changes, "csv"):
    print(number, met, *wrong, sep=": ")
"""


@pytest.mark.slow
def test_a_run_that_is_killed_in_the_middle_of_a_file_ends_as_if_left_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), *map(str, CHANGES)],
        cwd=Path(__file__).parents[3],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{number}: after a checkpoint" for number in CHANGES]
