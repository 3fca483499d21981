"""`seedbed worker DIR`: it works on what waits in a folder, as if that were a stranger's."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.queue.launch import Launch, launch_file, write_launch
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import QueuedUnit
from seedbed.sweep.results.table import read_results

SWEEP = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "data.val_size=5")
SWEEP = (*SWEEP, "trainer=cpu", "logger=none", "trainer.max_epochs=2", "hydra.sweep.dir=sweep")
OWN = """
from seedbed.models import Linear

class Net(Linear):
    pass
"""


@pytest.fixture
def handed_out(command: Any, tmp_path: Path) -> Callable[..., Queue]:
    """Return a function that runs a sweep of two jobs, and hands it out once more."""

    def hand_out(*words: str) -> Queue:
        done = command("train", "-m", *SWEEP, "seed=1,2", "sweep.keep=record", *words)
        assert done.code == 0, done.err
        queue = Queue(tmp_path / "sweep/.sweep")
        queue.begin()
        options = SweepOptions(keep="record")
        launch = Launch("token", asdict(options), ["seedbed", "train", "-m"], goes_on=True)
        write_launch(tmp_path / "sweep/.sweep", launch)
        queue.put(QueuedUnit([0, 1], True, [0, 1]))
        queue.close()
        return queue

    return hand_out


def test_a_worker_of_somebody_else_leaves_the_same_results(
    command: Any, handed_out: Any, tmp_path: Path, refused: Any
) -> None:
    queue = handed_out()
    done = command("worker", "sweep")
    assert (done.code, done.err) == (0, "")
    assert "worker       1 unit done\n" in done.out
    [entry] = queue.done()
    found, expected = read_results(queue.table(entry)), read_results(tmp_path / "sweep/results.csv")
    assert [row.metrics for row in found] == [row.metrics for row in expected]
    text = launch_file(tmp_path / "sweep/.sweep").read_text()
    launch_file(tmp_path / "sweep/.sweep").write_text(text.replace("0.1.0", "0.0.9"))
    assert "the sweep was started by 0.0.9; install the same version" in refused("worker", "sweep")
    launch_file(tmp_path / "sweep/.sweep").unlink()
    assert "no process runs this sweep, so there is no work" in refused("worker", "sweep")
    assert "worker=nowhere" not in refused("worker", "nowhere")
    assert "which sweep? Name its folder" in refused("worker")
    assert "worker: sweep b: one folder is taken" in refused("worker", "sweep", "b")


def test_a_worker_makes_no_class_of_a_module_that_is_not_trusted(
    command: Any, handed_out: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "worked.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    queue = handed_out("model=linear", "model._target_=worked.Net")
    done = command("worker", "sweep")
    assert (done.code, queue.done()) == (2, [])
    assert "worked.Net, which is not Seedbed's own" in done.err
    assert "trust=[worked]" in done.err
    assert command("worker", "sweep", "trust=[worked]").code == 0
    assert len(queue.done()) == 1
