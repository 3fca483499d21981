"""A schedule is as long as the run; plateau counts what its metric is measured by."""

from pathlib import Path
from typing import Any

import pytest
from tests.experiments import built, finished

from seedbed.training.schedulers import RunLength, length_problem

CYCLE = {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "interval": "step"}
COSINE = {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "interval": "epoch"}
RISE = {"_target_": "seedbed.training.schedulers.warmup_cosine", "interval": "epoch"}
STEPS = {"_target_": "torch.optim.lr_scheduler.StepLR", "interval": "epoch", "step_size": 30}
RUN = RunLength(10, steps_per_epoch=3)
UNKNOWN = RunLength(None)


@pytest.mark.parametrize(
    ("options", "length", "said"),
    [
        ({**CYCLE, "total_steps": 30}, RUN, ""),
        ({**CYCLE, "total_steps": None}, RUN, ""),
        ({**CYCLE, "total_steps": 29}, RUN, "29, and the run has 30 steps: there is no learning"),
        ({**CYCLE, "total_steps": 31}, RUN, "31, and the run has 30 steps: it would not come to"),
        ({**CYCLE, "total_steps": 30}, UNKNOWN, "30, and the run's length is not known"),
        ({**CYCLE, "total_steps": 7}, RunLength(10, 7, 3), ""),
        ({**CYCLE, "total_steps": 30}, RunLength(10, 7, 3), "30, and the run has 7 steps"),
        ({**COSINE, "T_max": 9}, RUN, "9, and the run has 10 epochs: the learning rate would rise"),
        ({**COSINE, "T_max": 10}, RUN, ""),
        ({**COSINE, "T_max": 9}, UNKNOWN, ""),
        ({**RISE, "total_iters": 6, "warmup_iters": 5}, RUN, "6, and the run has 10 epochs"),
        (STEPS, RUN, ""),
        ({"_target_": None}, RUN, ""),
    ],
)
def test_another_length_than_the_runs_is_said(
    options: dict[str, Any], length: RunLength, said: str
) -> None:
    problem = length_problem(options, length)
    assert said in problem
    assert bool(said) == bool(problem)


def test_a_run_that_is_cut_short_may_be_shorter() -> None:
    assert length_problem({**COSINE, "T_max": 99}, RUN, cut_short=True) == ""
    assert "rise again" in length_problem({**COSINE, "T_max": 9}, RUN, cut_short=True)


@pytest.mark.parametrize(("monitor", "times"), [("val/loss", 3), ("train/loss", 10)])
def test_plateau_counts_the_measurements_of_its_metric(
    tmp_path: Path, monitor: str, times: int
) -> None:
    words = ("data.val_size=3", "trainer.check_val_every_n_epoch=3", "trainer.max_epochs=10")
    plateau = ("scheduler=plateau", f"scheduler.monitor={monitor}", "logger=none")
    experiment = finished(built(tmp_path, *words, *plateau))
    [config] = experiment.trainer.lr_scheduler_configs
    assert config.scheduler.last_epoch == times
