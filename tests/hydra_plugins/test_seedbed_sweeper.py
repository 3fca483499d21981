"""The sweeper as Hydra sees it: whose jobs it sweeps."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_plugins.seedbed_sweeper import SeedbedSweeper
from seedbed.application.jobs import Jobs
from seedbed.errors import ConfigError
from seedbed.sweep.job_runner import JobResult


def set_up(task_function: Any) -> SeedbedSweeper:
    sweeper = SeedbedSweeper()
    sweeper.setup(hydra_context=None, task_function=task_function, config=None)  # type: ignore[arg-type]
    return sweeper


def test_the_task_function_of_another_application_is_refused_by_name() -> None:
    def other_application(config: Any) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match=r"^hydra/sweeper=seedbed: .*other_application$"):
        set_up(other_application)


def test_the_exit_code_of_a_sweep_is_told_to_what_runs_its_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from seedbed.sweep import sweeper

    monkeypatch.setattr(sweeper, "run_sweep", lambda arguments, **keywords: 7)
    jobs = Jobs("train", ["seedbed", "train"], lambda config, command: 0, None)
    found = set_up(jobs)
    found.hydra_context = type("Context", (), {"config_loader": None, "callbacks": None})
    found.sweep(["seed=1,2"])
    assert jobs.code == 7


@pytest.mark.parametrize("error", [None, "of the test"])
def test_what_a_job_did_is_returned(
    error: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from seedbed.application import jobs as application

    def function(config: Any, command: list[str]) -> int:
        if error is not None:
            raise ConfigError(error)
        return 1

    mode = type("Mode", (), {"mode": None, "runtime": type("Runtime", (), {"output_dir": "none"})})
    monkeypatch.setattr(application.HydraConfig, "get", lambda: mode)
    jobs = Jobs("train", ["seedbed", "train"], function, None)
    config = OmegaConf.create()
    assert jobs(config) == (JobResult(1) if error is None else JobResult(2, error))
    assert jobs.code == (1 if error is None else 2)
