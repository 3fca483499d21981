"""What submitit is told: the parameters of hydra/launcher=submitit_slurm and submitit_local."""

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from seedbed.errors import ConfigError
from seedbed.sweep.execution.workforce.submitted.slurm import SlurmError, ask, most_tasks, sentence

if TYPE_CHECKING:
    from submitit import AutoExecutor

_PLUGIN = "hydra_plugins.hydra_submitit_launcher.submitit_launcher"
# By the target of the launcher, how submitit names where it starts jobs.
CLUSTERS = {f"{_PLUGIN}.SlurmLauncher": "slurm", f"{_PLUGIN}.LocalLauncher": "local"}
# Keys that the executor is made with; the others are parameters of its jobs.
_OF_EXECUTOR = ("_target_", "submitit_folder", "max_num_timeout")


class Submitting:
    """How jobs are submitted, by the config of a command that names one of submitit's launchers."""

    def __init__(self, master: DictConfig) -> None:
        self.cluster = CLUSTERS[str(master.hydra.launcher._target_)]
        self.name = f"submitit_{self.cluster}"
        # What lies in the sweep's own folder moves with it.
        container = OmegaConf.to_container(master.hydra.launcher, resolve=True)
        assert isinstance(container, dict)
        self.params: dict[str, Any] = {str(key): value for key, value in container.items()}
        self.folder = Path(self.params["submitit_folder"]).absolute()

        parts = self.folder.parts
        fixed = next((n for n, part in enumerate(parts) if "%" in part), len(parts))
        # Folder of the scripts and logs of all jobs.
        self.scripts = Path(*parts[:fixed])

    def begin(self) -> None:
        """Let jobs have a folder that nobody can have filled before.

        submitit runs a pickle in it whose name follows from the number of the job, which others can
        guess. What an earlier start of the sweep has left there may be a stranger's.
        """
        if self.scripts.exists():
            rest = self.folder.relative_to(self.scripts)
            self.folder = self.scripts / secrets.token_hex(4) / rest

    @property
    def minutes(self) -> float:
        """Minutes that each job may take."""
        return float(self.params.get("timeout_min") or 0)

    @property
    def at_once(self) -> int | None:
        """How many jobs of an array run at the same time; None: no limit is set."""
        value = self.params.get("array_parallelism")
        return int(value) if value else None

    def executor(self) -> "AutoExecutor":
        """Return submitit's executor; raises ConfigError where it refuses a parameter."""
        from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
        from submitit import AutoExecutor
        from submitit.core.utils import FailedSubmissionError

        shared = set(BaseQueueConf.__dataclass_fields__)
        params = {
            key if key in shared else f"{self.cluster}_{key}": value
            for key, value in self.params.items()
            if key not in _OF_EXECUTOR
        }
        try:
            executor = AutoExecutor(folder=self.folder, cluster=self.cluster)
            executor.update_parameters(**params)
        except (RuntimeError, ValueError, TypeError, NameError, FailedSubmissionError) as error:
            raise ConfigError(f"hydra/launcher={self.name}: {line_of(error)}") from error
        return executor

    def most_tasks(self) -> int | None:
        """Return how many jobs can be submitted at once; None: as many as one likes.

        Raises ConfigError where Slurm does not answer.
        """
        if self.cluster != "slurm":
            return None
        try:
            return most_tasks()
        except SlurmError as error:
            raise self.refused(error) from None

    def require(self, count: int) -> None:
        """Raise ConfigError where Slurm would refuse as many jobs; nothing is submitted."""
        if self.cluster != "slurm":
            return
        executor: Any = self.executor()._executor
        text = executor._make_submission_file_text("true", "test")
        words = ["sbatch", "--test-only", *([f"--array=0-{count - 1}"] if count > 1 else [])]
        try:
            ask(words, text)
        except SlurmError as error:
            raise self.refused(error) from None

    def refused(self, error: Exception) -> ConfigError:
        """Return what to raise where Slurm does not take jobs."""
        asked = ", ".join(f"{key}={self.params[key]}" for key in _asked_of(self.params))
        with_words = f" ({asked})" if asked else ""
        return ConfigError(f"hydra/launcher={self.name}{with_words}: {line_of(error)}")


def _asked_of(params: dict[str, Any]) -> list[str]:
    """Return the keys of what is asked of a cluster, which may be why it refuses."""
    keys = ("partition", "account", "qos", "constraint", "gres", "timeout_min", "mem_gb")
    return [key for key in (*keys, "cpus_per_task", "gpus_per_node") if params.get(key)]


def line_of(error: Exception) -> str:
    """Return in a line what is wrong, of what submitit or Slurm says in several."""
    text = re.sub(r"^sbatch: ", "", sentence(str(error)))
    return text.replace("Batch job submission failed: ", "sbatch: ")
