"""When garbage is collected: each test is a process of its own, with a collector of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import SEEDBED, environment


def run(lines: str) -> None:
    program = f"import gc\nfrom seedbed.process import garbage_collection\n{lines}"
    subprocess.run([sys.executable, "-c", program], env=environment(), check=True)


def test_a_pause_ends_and_what_there_was_is_never_looked_at_again() -> None:
    run(
        "garbage_collection.pause()\n"
        "assert not gc.isenabled()\n"
        "before = [[] for _ in range(1000)]\n"
        "garbage_collection.resume()\n"
        "assert gc.isenabled()\n"
        "kept = gc.get_freeze_count()\n"
        "assert kept > 1000\n"
        "after = [[] for _ in range(1000)]\n"
        "garbage_collection.resume()\n"
        "assert gc.isenabled()\n"
        "assert gc.get_freeze_count() <= kept\n"
    )


def test_a_later_pause_keeps_what_is_imported_in_it_but_no_garbage() -> None:
    run(
        "import weakref\n"
        "class Table:\n"
        "    pass\n"
        "garbage_collection.resume()\n"
        "kept = gc.get_freeze_count()\n"
        "table = Table()\n"
        "table.own, gone = table, weakref.ref(table)\n"
        "del table\n"
        "garbage_collection.pause()\n"
        "assert gone() is None\n"
        "imported = [[] for _ in range(1000)]\n"
        "garbage_collection.resume()\n"
        "assert gc.isenabled()\n"
        "assert gc.get_freeze_count() > kept + 1000\n"
    )


def test_a_collector_that_was_off_stays_off() -> None:
    run(
        "gc.disable()\n"
        "garbage_collection.pause()\n"
        "garbage_collection.resume()\n"
        "assert not gc.isenabled()\n"
    )


@pytest.mark.parametrize("sweep", [(), ("-m", "sweep.fuse=never", "seed=0,1")])
def test_a_command_pauses_while_it_imports(tmp_path: Path, sweep: tuple[str, ...]) -> None:
    (tmp_path / "watching.py").write_text(
        "import gc\n"
        "from seedbed.models import Linear\n"
        "def net(**keys):\n"
        "    assert gc.isenabled()\n"
        "    assert gc.get_stats()[0]['collections'] < 300\n"
        "    assert gc.get_freeze_count() > 200_000\n"
        "    print('was built')\n"
        "    return Linear(**keys)\n"
    )
    model = ("model=linear", "model._target_=watching.net")
    words = ("train", *sweep, *model, "trainer=cpu", "trainer.max_epochs=1")
    done = subprocess.run(
        [*SEEDBED, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "was built" in done.stdout
