"""Sweeps handed to Hydra's launchers: chunks as units, and the same results."""

import csv
from pathlib import Path

import pytest
from tests.commands import seedbed
from tests.training import record

SWEEP = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "data.val_size=5")
SWEEP = (*SWEEP, "trainer=cpu", "trainer.max_epochs=3", "logger=none")
JOBS = ("model=linear,mlp", "optimizer.lr=0.01,1e30", "seed=1,2")
LAUNCHERS = {
    "joblib": ("hydra_plugins.hydra_joblib_launcher", "hydra.launcher.n_jobs=2"),
    "submitit_local": ("hydra_plugins.hydra_submitit_launcher", "hydra.launcher.timeout_min=5"),
    "ray": ("hydra_plugins.hydra_ray_launcher", "++hydra.launcher.ray.init.num_cpus=2"),
}


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same sweep, run in one process."""
    folder = tmp_path_factory.mktemp("here")
    seedbed(folder, "train", "-m", *SWEEP, *JOBS, "hydra.sweep.dir=sweep")
    return folder / "sweep"


@pytest.mark.slow
@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_is_handed_chunks(here: Path, tmp_path: Path, name: str) -> None:
    module, word = LAUNCHERS[name]
    pytest.importorskip(module, reason="seedbed[launchers] is not installed")
    words = (f"hydra/launcher={name}", word, "hydra.sweep.dir=sweep")
    done = seedbed(tmp_path, "train", "-m", *SWEEP, *JOBS, *words, timeout=250)
    assert done.returncode == 1, done.stderr  # Half of the jobs diverge.
    assert "Launcher runs 2 units: 2 of jobs side by side" in done.stderr
    assert "seedbed: job 2 diverged: the loss became" in done.stderr
    assert table(tmp_path / "sweep") == table(here)
    for number in range(8):
        found, expected = record(tmp_path / f"sweep/{number}"), record(here / str(number))
        assert found["group"]["jobs"] == expected["group"]["jobs"] == 4
        assert found["checkpoints"] == expected["checkpoints"]


@pytest.mark.slow
def test_a_launcher_runs_single_jobs_and_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    jobs = ("optimizer=lbfgs,adam", "optimizer.lr=0.1", "seed=1,2", "hydra.sweep.dir=sweep")
    assert seedbed(tmp_path, "train", "-m", *SWEEP, *jobs).returncode == 0
    expected = table(tmp_path / "sweep")
    for number in (0, 3):
        (tmp_path / f"sweep/{number}/run.json").unlink()
    resume = ("sweep.resume=sweep", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done = seedbed(tmp_path, "train", "-m", *resume)
    assert done.returncode == 0, done.stderr
    assert "2 of 4 jobs done, 2 to run" in done.stdout
    assert "JoblibLauncher runs 2 units: 1 of jobs side by side, 1 single" in done.stderr
    assert table(tmp_path / "sweep") == expected


FAILS = """
import torch
from seedbed.models import Linear

class Net(Linear):
    def forward(self, inputs):
        if torch.initial_seed() == 1:
            raise ValueError("not with this seed")
        return super().forward(inputs)
"""


@pytest.mark.slow
def test_after_a_failure_a_launcher_runs_no_more_if_asked_to(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    (tmp_path / "mine.py").write_text(FAILS)
    words = ("model._target_=mine.Net", "seed=0,1,2,3", "sweep.fuse=never", "sweep.keep=record")
    launcher = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=1", "hydra.sweep.dir=sweep")
    done = seedbed(tmp_path, "train", "-m", *SWEEP, *words, *launcher, "sweep.on_failure=stop")
    assert done.returncode == 1, done.stderr
    assert "2 not run; go on with: seedbed train -m sweep.resume=sweep" in done.stdout
    found = [(row["seed"], row["status"]) for row in table(tmp_path / "sweep")]
    assert found == [("0", "completed"), ("1", "failed")]
    # Only what has failed is left, and no unit's notes.
    done = seedbed(tmp_path, "train", "-m", "sweep.resume=sweep")
    assert "1 of 4 jobs done, 3 to run" in done.stdout
    statuses = [row["status"] for row in table(tmp_path / "sweep")]
    assert statuses == ["completed", "failed", "completed", "completed"]
    assert list((tmp_path / "sweep/.sweep").glob("unit-*")) == []
