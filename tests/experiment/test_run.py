"""A run from config to folder, against figures and loops that are not our own."""

import json
import os
import signal
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from tests.experiments import built, curve, finished, record, trained, weights
from torch import nn

from seedbed.data.random import permutations
from seedbed.engines.lightning.data_module import LightningData
from seedbed.errors import ConfigError, Interrupted
from seedbed.runs.folder import RunFolder

WEIGHT = "[[0.17,0.80,0.4181],[0.5594,-0.6474,1.2070]]"
FROM_ONE_AND_ZERO = (
    "+initial_weights.parameters.weight=[[1.0]]",
    "+initial_weights.parameters.bias=[0.0]",
)
TABLE = torch.tensor(
    [
        [73, 67, 43, 56, 70],
        [91, 88, 64, 81, 101],
        [87, 134, 58, 119, 133],
        [102, 43, 37, 22, 37],
        [69, 96, 70, 103, 119],
    ],
    dtype=torch.float32,
)


def raw_loop(optimizer_class, epochs, batch_size, seed, **options):
    """Train nn.Linear(3, 2) on the five rows in plain PyTorch, in the orders of the seed."""
    torch.manual_seed(seed)
    net = nn.Linear(3, 2)
    optimizer = optimizer_class(net.parameters(), **options)
    for epoch in range(epochs):
        for rows in permutations(seed, epoch, 5).split(batch_size):
            inputs, targets = TABLE[rows, :3], TABLE[rows, 3:]

            def closure(inputs=inputs, targets=targets):
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(net(inputs), targets)
                loss.backward()
                return loss

            optimizer.step(closure)
    return dict(net.named_parameters())


def test_gradient_descent_gives_the_published_losses_of_row_1(tmp_path: Path) -> None:
    trained(
        tmp_path,
        "data.rows=5",
        "data.batch_size=null",
        "optimizer.lr=1e-5",
        "trainer.max_epochs=300",
        f"+initial_weights.parameters.weight={WEIGHT}",
        "+initial_weights.parameters.bias=[-0.5063,-0.3956]",
    )
    loss = curve(tmp_path)
    expected = {
        1: 2104.163,
        2: 1691.615,
        50: 476.561,
        100: 260.479,
        150: 145.320,
        200: 83.684,
        250: 50.457,
        300: 32.331,
    }
    for epoch, value in expected.items():
        assert loss[epoch] == pytest.approx(value, rel=1e-4), epoch


@pytest.mark.parametrize(
    ("name", "optimizer_class", "options"),
    [
        ("sgd", torch.optim.SGD, {"lr": 1e-6, "momentum": 0.9, "weight_decay": 0.1}),
        ("sgd", torch.optim.SGD, {"lr": 1e-6, "momentum": 0.5, "nesterov": True}),
        ("adam", torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
        ("adamw", torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.3}),
        ("rmsprop", torch.optim.RMSprop, {"lr": 1e-3, "alpha": 0.9, "centered": True}),
        ("adagrad", torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.01}),
        ("lbfgs", torch.optim.LBFGS, {"lr": 0.1, "max_iter": 3}),
    ],
)
def test_training_is_what_torch_alone_would_do(
    tmp_path: Path, name: str, optimizer_class: type, options: dict
) -> None:
    overrides = [f"optimizer.{key}={value}" for key, value in options.items()]
    experiment = trained(
        tmp_path,
        "data.rows=5",
        "data.batch_size=2",
        "seed=3",
        "trainer.max_epochs=4",
        f"optimizer={name}",
        "logger=none",
        *overrides,
    )
    reference = raw_loop(optimizer_class, 4, 2, seed=3, **options)
    for parameter, value in weights(experiment).items():
        torch.testing.assert_close(value, reference[parameter].detach(), rtol=1e-6, atol=1e-7)


def test_the_same_seed_gives_bit_equal_weights_and_another_does_not(tmp_path: Path) -> None:
    overrides = ("model=mlp", "model.dropout=0.3", "optimizer=adam", "trainer.max_epochs=5")
    first, again, other = (
        weights(trained(tmp_path / str(number), *overrides, f"seed={seed}"))
        for number, seed in enumerate((4, 4, 5))
    )
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name])


def test_double_precision_trains_in_double_precision(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "trainer.precision=64-true", "trainer.max_epochs=2")
    assert {value.dtype for value in weights(experiment).values()} == {torch.float64}
    # The figures of the table are read in double precision, not widened from single.
    assert experiment.data.table("train").inputs.dtype == torch.float64


def test_the_record_tells_what_was_run_on_what_with_what_result(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "data.val_size=3", "data.test_size=0.2", "trainer.max_epochs=4")
    fields = record(tmp_path)
    assert fields["status"] == "completed"
    assert fields["error"] is None
    assert fields["seed"] == 0
    assert fields["command"].startswith("seedbed train ")
    assert fields["hyperparameters"]["trainer.max_epochs"] == 4
    assert fields["hyperparameters"]["data.val_size"] == 3
    assert fields["data"]["fingerprint"] == experiment.data.fingerprint
    assert fields["started"] < fields["finished"]
    assert fields["seconds"] > 0
    assert {"python", "torch", "seedbed", "hydra"} <= set(fields["versions"])
    splits = {name.partition("/")[0] for name in fields["metrics"]}
    assert splits == {"train", "val", "test"}
    best = fields["checkpoints"]["best"]
    assert best["metrics"]["val/loss"] == min(curve(tmp_path, "val/loss").values(), default=0) or (
        best["metrics"]["val/loss"] == pytest.approx(min(curve(tmp_path, "val/loss").values()))
    )


def test_the_record_exists_while_the_run_is_running(tmp_path: Path) -> None:
    seen = []

    class Look(pl.Callback):
        def on_train_start(self, trainer, pl_module) -> None:
            seen.append(json.loads((tmp_path / "run.json").read_text())["status"])

    experiment = built(tmp_path, "trainer.max_epochs=1")
    experiment.trainer.callbacks.append(Look())
    finished(experiment)
    assert seen == ["running"]


def test_a_diverging_run_stops_at_once_and_keeps_the_last_finite_epoch(tmp_path: Path) -> None:
    """Row 5: from (1, 0) with learning rate 1e-2 the loss is infinite at epoch 11."""
    experiment = built(
        tmp_path,
        "data=thermometer",
        "data.batch_size=null",
        "optimizer.lr=1e-2",
        *FROM_ONE_AND_ZERO,
    )
    finished(experiment)
    fields = record(tmp_path)
    assert fields["status"] == "diverged"
    assert "epoch 11" in fields["error"]
    assert "0.01" in fields["error"]
    assert "optimizer.lr" in fields["error"]
    last = torch.load(RunFolder(tmp_path).checkpoint("last"), weights_only=True)
    assert last["epoch"] == 10
    assert all(value.isfinite().all() for value in last["state_dict"].values())
    assert max(curve(tmp_path)) == 10


def test_no_step_is_taken_with_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    experiment = built(
        tmp_path,
        "data=thermometer",
        "data.batch_size=null",
        "optimizer.lr=1e-2",
        *FROM_ONE_AND_ZERO,
    )
    finished(experiment)
    # Ten updates were made; the eleventh loss was infinite and its gradient never applied.
    assert experiment.trainer.global_step == 10


class Signal(pl.Callback):
    """Sends a signal to this process at the start of an epoch (counted from 0)."""

    def __init__(self, number: int, epoch: int) -> None:
        self.number, self.epoch = number, epoch

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == self.epoch:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_signal_stops_between_steps_and_training_goes_on_exactly(
    tmp_path: Path, number: int, optimizer: str
) -> None:
    overrides = (
        "model=mlp",
        f"optimizer={optimizer}",
        "optimizer.lr=1e-4",
        "scheduler=cosine",
        "trainer.max_epochs=6",
        "data.val_size=3",
    )
    undisturbed = trained(tmp_path / "whole", *overrides)

    experiment = built(tmp_path / "cut", *overrides)
    experiment.trainer.callbacks.append(Signal(number, 3))
    with pytest.raises(Interrupted) as stopped:
        finished(experiment)
    assert stopped.value.signal_number == number
    fields = record(tmp_path / "cut")
    assert fields["status"] == "interrupted"
    assert str(int(number)) in fields["error"]
    # One step of the fourth epoch was taken: the stop is in the middle of an epoch of three.
    last = RunFolder(tmp_path / "cut").checkpoint("last")
    assert torch.load(last, weights_only=True)["global_step"] == 3 * 3 + 1

    again = built(tmp_path / "cut", *overrides)
    again.trainer.fit(
        again.module, datamodule=LightningData(again.data), ckpt_path=str(last), weights_only=True
    )
    for name, value in weights(undisturbed).items():
        assert torch.equal(weights(again)[name], value), name
    # What the interrupted epoch had counted before the stop is counted on.
    assert again.module.epoch_metrics == pytest.approx(
        {k: v for k, v in undisturbed.module.epoch_metrics.items() if "test" not in k}, rel=1e-12
    )
    whole = curve(tmp_path / "whole", "train/loss")
    assert curve(tmp_path / "cut", "train/loss") == pytest.approx(whole, rel=1e-6)


def test_a_failing_run_leaves_a_true_record(tmp_path: Path) -> None:
    class Fail(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module) -> None:
            raise ZeroDivisionError("of the test")

    experiment = built(tmp_path, "trainer.max_epochs=3")
    experiment.trainer.callbacks.append(Fail())
    with pytest.raises(ZeroDivisionError):
        finished(experiment)
    assert record(tmp_path)["status"] == "failed"
    assert record(tmp_path)["error"] == "ZeroDivisionError: of the test"


def test_a_mistake_that_shows_with_the_data_leaves_nothing(tmp_path: Path) -> None:
    experiment = built(tmp_path, "data.input_shape=[4]")
    with pytest.raises(ConfigError, match=r"data\.input_shape: \[4\], but these rows"):
        finished(experiment)
    assert [entry.name for entry in tmp_path.iterdir()] == [".hydra"]


def test_checkpoints_hold_tensors_and_plain_types_only(tmp_path: Path) -> None:
    for number, scheduler in enumerate(["one_cycle", "plateau", "warmup_cosine", "step"]):
        folder = tmp_path / str(number)
        trained(folder, "optimizer=adam", f"scheduler={scheduler}", "trainer.max_epochs=8")
        for name in ("best", "last"):
            content = torch.load(RunFolder(folder).checkpoint(name), weights_only=True)
            assert set(content["state_dict"]) == {"net.weight", "net.bias"}


def test_overfitting_sees_the_same_batches_every_epoch(tmp_path: Path) -> None:
    experiment = built(tmp_path, "debug=overfit", "trainer.overfit_batches=1", "optimizer.lr=0.0")
    finished(experiment)
    # With a learning rate of 0 the loss changes only if the rows do.
    assert len(set(curve(tmp_path).values())) == 1


def test_fast_debugging_takes_one_batch_of_each_split(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "debug=fast", "data.val_size=3", "data.test_size=3")
    assert experiment.trainer.global_step == 1
    assert set(curve(tmp_path, "val/loss")) == {1}


def test_early_stopping_stops_by_the_optimized_metric(tmp_path: Path) -> None:
    overrides = ("+callback@callbacks.early_stopping=early_stopping", "optimizer.lr=0.0")
    trained(tmp_path, *overrides, "callbacks.early_stopping.patience=4", "data.shuffle=false")
    # With a learning rate of 0 nothing improves after the first epoch.
    assert max(curve(tmp_path)) == 5


def test_a_curve_per_step_is_written_where_asked(tmp_path: Path) -> None:
    trained(tmp_path, "trainer.max_epochs=3", "trainer.log_every_n_steps=2", "scheduler=one_cycle")
    assert sorted(curve(tmp_path, "train/loss_step")) == [2, 4, 6, 8]
    rates = curve(tmp_path, "train/learning_rate_step")
    assert len(set(rates.values())) == 4


def test_a_step_that_averages_three_batches_is_one_point(tmp_path: Path) -> None:
    # Three batches of five rows make a step: its loss is their mean.
    words = ("data.shuffle=false", "trainer.accumulate_grad_batches=3", "trainer.max_epochs=2")
    trained(tmp_path, *words, "trainer.log_every_n_steps=1", "optimizer.lr=1e-6")

    losses = curve(tmp_path, "train/loss_step")
    assert sorted(losses) == [1, 2]
    assert losses == pytest.approx(curve(tmp_path, "train/loss"), rel=1e-6)


def test_a_step_of_lbfgs_is_one_point_however_often_it_evaluates(tmp_path: Path) -> None:
    words = ("data.rows=5", "data.batch_size=null", "optimizer=lbfgs", "optimizer.lr=0.1")
    trained(tmp_path, *words, "trainer.max_epochs=2", "trainer.log_every_n_steps=1")

    assert sorted(curve(tmp_path, "train/loss_step")) == [1, 2]
    assert curve(tmp_path, "train/loss_step") == curve(tmp_path, "train/loss")


def test_the_best_value_of_the_watched_metric_is_logged_at_its_epoch(tmp_path: Path) -> None:
    trained(tmp_path, "data.val_size=3", "trainer.max_epochs=6", "optimizer.lr=1e-3")

    best = record(tmp_path)["checkpoints"]["best"]
    assert curve(tmp_path, "best/val/loss") == {
        best["epoch"]: pytest.approx(best["metrics"]["val/loss"], rel=1e-6)
    }


def test_curves_can_be_thinned_and_end_with_the_last_epoch(tmp_path: Path) -> None:
    trained(tmp_path, "trainer.max_epochs=11", "trainer.log_every_n_epochs=4")
    assert sorted(curve(tmp_path)) == [1, 4, 8, 11]


def test_lbfgs_counts_a_batch_once_before_its_update(tmp_path: Path) -> None:
    overrides = ("data.rows=5", "data.batch_size=null", "optimizer=lbfgs", "optimizer.lr=0.1")
    experiment = built(tmp_path, *overrides, "trainer.max_epochs=1")
    net = experiment.module.net
    with torch.no_grad():
        before = nn.functional.mse_loss(net(TABLE[:, :3]), TABLE[:, 3:]).item()
    finished(experiment)
    assert curve(tmp_path) == {1: pytest.approx(before, rel=1e-5)}
