"""Lightning's objects as the spec of a run asks for them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.profilers import SimpleProfiler
from tests.composing import specified
from tests.experiments import built
from torch import nn

from seedbed.callbacks import Checkpoint, Freeze, LearningRate
from seedbed.config.schema.trainer import Trainer
from seedbed.data import DataModule
from seedbed.engines.lightning import build
from seedbed.errors import ConfigError
from seedbed.loggers import TensorBoard
from seedbed.models import Linear
from seedbed.runs.folder import RunFolder
from seedbed.training.schedulers import RunLength


class Batches(DataModule):
    """Data of so many batches; None: data without a length."""

    def __init__(self, batches: int | None) -> None:
        self.batches = batches

    def train_dataloader(self) -> Any:
        return iter([]) if self.batches is None else range(self.batches)


LENGTHS: dict[str, tuple[dict[str, Any], int | None, RunLength]] = {
    "each batch is a step": ({}, 10, RunLength(500, None, 10)),
    "epochs and steps": ({"max_epochs": None, "max_steps": 25}, 10, RunLength(None, 25, 10)),
    "batches are averaged": ({"accumulate_grad_batches": 4}, 10, RunLength(500, None, 3)),
    "a number of batches": ({"limit_train_batches": 7}, 10, RunLength(500, None, 7)),
    "more than there are": ({"limit_train_batches": 20}, 10, RunLength(500, None, 10)),
    "a share of the batches": ({"limit_train_batches": 0.25}, 10, RunLength(500, None, 2)),
    "all of them": ({"limit_train_batches": 1.0}, 10, RunLength(500, None, 10)),
    "one, and not all": ({"limit_train_batches": 1}, 10, RunLength(500, None, 1)),
    "overfitting": ({"overfit_batches": 2}, 10, RunLength(500, None, 2)),
    "a share, averaged": (
        {"limit_train_batches": 0.5, "accumulate_grad_batches": 2},
        10,
        RunLength(500, None, 3),
    ),
    "no batch at all": ({"limit_train_batches": 0}, 10, RunLength(500, None, None)),
    "no length": ({"max_epochs": 3, "limit_train_batches": 7}, None, RunLength(3, None, None)),
}


@pytest.mark.parametrize(("options", "batches", "length"), LENGTHS.values(), ids=LENGTHS.keys())
def test_the_length_of_a_run_counts_optimizer_steps(
    options: dict[str, Any], batches: int | None, length: RunLength
) -> None:
    assert build.run_length(Trainer(**options), Batches(batches)) == length


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"accumulate_grad_batches": 4},
        {"limit_train_batches": 0.25},
        {"limit_train_batches": 7, "accumulate_grad_batches": 3},
        {"overfit_batches": 2},
    ],
)
def test_so_many_steps_are_what_lightning_takes(options: dict[str, Any]) -> None:
    class Steps(pl.LightningModule):
        """Counts its optimizer steps."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(1, 1)

        def training_step(self, batch: torch.Tensor) -> torch.Tensor:
            return self.layer(batch).sum()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.0)

    module = Steps()
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, torch.utils.data.DataLoader(torch.ones(10, 1)))
    length = build.run_length(Trainer(max_epochs=3, **options), Batches(10))
    assert trainer.global_step == length.intervals("step")


def test_the_optimizer_is_made_of_its_option() -> None:
    parameters = [nn.Parameter(torch.zeros(2))]
    option = specified("optimizer=sgd", "optimizer.lr=0.25", "optimizer.momentum=0.5").optimizer
    made = build.make_optimizer(option, parameters)
    assert type(made) is torch.optim.SGD
    assert made.param_groups[0]["params"] == parameters
    assert (made.param_groups[0]["lr"], made.param_groups[0]["momentum"]) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            {"_target_": "torch.optim.SGD", "lr": -1.0},
            "optimizer: torch.optim.SGD cannot be made: ValueError: Invalid learning rate: -1.0",
        ),
        (
            {"_target_": "torch.optim.SGD", "rate": 1.0},
            "optimizer: torch.optim.SGD cannot be made: TypeError: "
            "SGD.__init__() got an unexpected keyword argument 'rate'",
        ),
        (
            {"_target_": "builtins.list"},
            "optimizer._target_: builtins.list is not a torch optimizer",
        ),
        (
            {"_target_": "no_such_module.Optimizer"},
            "optimizer._target_: no_such_module.Optimizer cannot be imported: "
            "ModuleNotFoundError: No module named 'no_such_module'",
        ),
    ],
)
def test_an_optimizer_that_cannot_be_made_is_refused_by_its_name_before_data_are_loaded(
    option: dict[str, Any], said: str
) -> None:
    spec = replace(specified(), optimizer=option)
    with pytest.raises(ConfigError) as refusal:
        build.build_module(spec, Linear([3], 2), task=None)  # type: ignore[arg-type]
    assert str(refusal.value) == said


def built_trainer(folder: Path, *overrides: str, callbacks: Any = ()) -> Any:
    spec = specified("trainer=cpu", *overrides)
    return build.build_trainer(spec, "cpu", RunFolder(folder), list(callbacks), [])


def test_the_trainer_takes_the_options_under_their_own_names(tmp_path: Path) -> None:
    trainer = built_trainer(
        tmp_path,
        *("trainer.max_epochs=7", "trainer.min_epochs=2", "trainer.gradient_clip_val=0.5"),
        *("trainer.accumulate_grad_batches=3", "trainer.limit_train_batches=0.5"),
        *("trainer.check_val_every_n_epoch=2", "trainer.precision=64-true", "data.val_size=3"),
        *("trainer.limit_val_batches=2", "trainer.log_every_n_epochs=5"),
    )
    assert (trainer.max_epochs, trainer.min_epochs, trainer.max_steps) == (7, 2, -1)
    assert (trainer.gradient_clip_val, trainer.accumulate_grad_batches) == (0.5, 3)
    assert (trainer.limit_train_batches, trainer.limit_val_batches) == (0.5, 2)
    assert (trainer.check_val_every_n_epoch, trainer.precision) == (2, "64-true")
    assert trainer.default_root_dir == str(tmp_path)


def test_a_run_limited_by_steps_alone_has_no_limit_of_epochs(tmp_path: Path) -> None:
    trainer = built_trainer(tmp_path, "trainer.max_epochs=null", "trainer.max_steps=5")
    assert (trainer.max_epochs, trainer.max_steps) == (-1, 5)


def test_without_validation_rows_nothing_is_validated(tmp_path: Path) -> None:
    assert built_trainer(tmp_path, "data.val_size=0").limit_val_batches == 0


def test_a_profile_is_written_into_the_run_folder(tmp_path: Path) -> None:
    profiler = built_trainer(tmp_path, "trainer.profiler=simple").profiler
    assert type(profiler) is SimpleProfiler
    assert (profiler.dirpath, profiler.filename) == (tmp_path, "profile")


def test_what_lightning_refuses_is_told_by_the_keys(tmp_path: Path) -> None:
    spec = specified("trainer=cpu")
    with pytest.raises(ConfigError, match=r"^trainer\.accelerator=tpu trainer\.strategy=auto: "):
        build.build_trainer(spec, "tpu", RunFolder(tmp_path), [], [])


def test_checkpoints_are_written_where_the_callback_is_there_alone(tmp_path: Path) -> None:
    assert built_trainer(tmp_path).checkpoint_callback is None
    callback = Checkpoint(tmp_path, "train/loss", "min")
    assert built_trainer(tmp_path, callbacks=[callback]).checkpoint_callback is callback


def test_callbacks_come_in_the_order_of_the_config_and_freezing_first(tmp_path: Path) -> None:
    spec = specified(
        *("callbacks=quiet", "+callback@callbacks.rates=learning_rate", "data.val_size=3"),
        *("freeze.parameters=[bias]", "freeze.until_epoch=4"),
    )
    freeze, *others = build.build_callbacks(spec, RunFolder(tmp_path), nn.Linear(3, 2))
    assert isinstance(freeze, Freeze)
    assert (freeze.names, freeze.until_epoch) == (["bias"], 4)
    assert isinstance(others[-1], LearningRate)
    (checkpoint,) = (one for one in others if isinstance(one, Checkpoint))
    assert checkpoint.folder == tmp_path / "checkpoints"
    assert (checkpoint.monitor, checkpoint.mode) == ("val/loss", "min")


def test_the_loggers_that_are_ours_write_into_the_run_folder(tmp_path: Path) -> None:
    (logger,) = build.build_loggers(specified("logger=tensorboard"), RunFolder(tmp_path))
    assert isinstance(logger, TensorBoard)
    assert logger.folder == tmp_path
    assert build.build_loggers(specified("logger=none"), RunFolder(tmp_path)) == []


def test_a_run_in_a_job_of_slurm_is_its_own_and_not_one_of_its_tasks(monkeypatch, tmp_path):
    variables = {"JOB_ID": "12", "JOB_NAME": "train", "NTASKS": "4", "PROCID": "0"}
    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    trainer = built(tmp_path).trainer
    assert type(trainer._accelerator_connector.cluster_environment) is LightningEnvironment
    assert trainer.world_size == 1
