"""What submitit is told of a sweep's jobs."""

from pathlib import Path

from hydra_plugins.hydra_submitit_launcher.config import SlurmQueueConf
from omegaconf import OmegaConf

from seedbed.sweep.execution.workforce.submitted.executor import Submitting


def submitting(folder: Path) -> Submitting:
    launcher = OmegaConf.structured(SlurmQueueConf(submitit_folder=f"{folder}/%j", name="x"))
    return Submitting(OmegaConf.create({"hydra": {"launcher": launcher}}))


def test_jobs_use_no_file_that_lay_in_their_folder_before(tmp_path: Path) -> None:
    folder = tmp_path / ".submitit"
    first = submitting(folder)
    first.begin()
    assert first.folder == folder / "%j"
    # A stranger has guessed the number of the job.
    (folder / "12").mkdir(parents=True)
    (folder / "12/12_submitted.pkl").touch()
    second, third = submitting(folder), submitting(folder)
    for each in (second, third):
        each.begin()
        assert each.scripts == folder
        assert each.folder.name == "%j"
        assert each.folder.parent.parent == folder
    assert second.folder != third.folder
