"""What a plan says of the workers, whoever starts them."""

import pytest
from omegaconf import OmegaConf

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.local.shares import Shares
from seedbed.sweep.execution.workforce.local.workers import LocalWorkers
from seedbed.sweep.execution.workforce.preparing import lines_of
from seedbed.sweep.results.plan_file import Round

# Three units: a refused job is none.
ROUND = Round((), [[0, 1]], {"sweep.fuse=never": [2, 3], "refused: wrong": [4]})


@pytest.mark.parametrize(
    ("workers", "told", "label"),
    [
        (2, "workers 2 local processes", "a pool of 2 processes"),
        (3, "workers 3 local processes", "a pool of 3 processes"),
        (1000, "workers 3 of at most 1,000 local processes", "a pool of 3 processes"),
    ],
)
def test_local_workers_are_as_many_as_units_at_most(workers: int, told: str, label: str) -> None:
    local = LocalWorkers(Shares(workers, 1, (), f"{workers:,} local processes"))
    assert lines_of(local, ROUND) == [told]
    assert local.label_for(3) == label


@pytest.mark.parametrize(
    ("workers", "told"),
    [(None, "workers 3, "), (2, "workers 2, "), (4, "workers 3 of at most 4, ")],
)
def test_a_launcher_starts_so_many(workers: int | None, told: str) -> None:
    target = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
    master = OmegaConf.create({"hydra": {"launcher": {"_target_": target}}})
    launcher = HydraLauncher(master, SweepOptions(workers=workers))
    assert lines_of(launcher, ROUND) == [f"{told}started by joblib"]
    assert lines_of(None, ROUND) == []
