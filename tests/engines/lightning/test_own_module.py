"""A LightningModule of the user's, against plain PyTorch and Lightning."""

import json
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf, open_dict
from tests.composing import composed, specified, unchecked
from tests.engines.lightning import own_modules
from tests.experiments import built, finished, record
from torch.nn import functional

from seedbed.commands.evaluate import evaluate
from seedbed.commands.predict import predict
from seedbed.config.validation import check
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.errors import ConfigError, RunFolderError
from seedbed.experiment.training.loading import load
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_spec
from seedbed.sweep.planning.compatibility import why_alone

MODULES = own_modules.__name__
# 200 rows in batches of 50, 40 held out and 20 to test; two epochs.
DATA = (
    *("data=linear_noise", "data.rows=200", "data.batch_size=50", "data.val_size=40"),
    *("data.test_size=20", "trainer.max_epochs=2", "trainer.accelerator=cpu", "logger=none"),
)


def named(name: str) -> str:
    """Return the word that chooses a class of own_modules.py."""
    return f"module._target_={MODULES}.{name}"


def evaluated(folder: Path, split: str) -> dict[str, float]:
    """Return what evaluate measures of a run."""
    words = (f"run={folder}", f"split={split}", f"trust=[{MODULES}]")
    assert evaluate(composed(*words, verb="evaluate"), ["seedbed", "evaluate"]) == 0
    return json.loads((folder / f"evaluate-{split}.json").read_text())["metrics"]


def test_it_trains_validates_and_tests_as_it_says_itself(tmp_path: Path) -> None:
    experiment = built(tmp_path, *DATA, named("Line"), "+module.lr=0.2")
    load(experiment)
    net = torch.nn.Linear(1, 1)
    net.load_state_dict(
        {
            name.removeprefix("net."): w.clone()
            for name, w in experiment.module.net.state_dict().items()
        }
    )
    finished(experiment)

    optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
    loader, expected = experiment.data.train_dataloader(), {}
    for epoch in range(2):
        experiment.data.current_epoch = loader.epoch = lambda epoch=epoch: epoch
        losses = []
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = 0.5 * functional.mse_loss(net(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item() * len(inputs))
        optimizer.param_groups[0]["lr"] *= 0.5
        expected["train/loss"] = sum(losses) / experiment.data.rows("train")
    with torch.no_grad():
        for split in ("val", "test"):
            table = experiment.data.table(split)
            expected[f"{split}/loss"] = 0.5 * float(
                functional.mse_loss(net(table.inputs), table.targets)
            )

    kept = record(tmp_path)
    assert kept["status"] == "completed"
    assert kept["metrics"] == pytest.approx(expected, rel=1e-5)
    assert kept["checkpoints"]["best"]["epoch"] == 2
    assert {*evaluated(tmp_path, "val")} == {"val/loss"}
    assert evaluated(tmp_path, "val")["val/loss"] == pytest.approx(expected["val/loss"], rel=1e-5)
    # By its validation_step: the numbers are of the rows that they were measured on.
    assert evaluated(tmp_path, "test") == pytest.approx(
        {"test/loss": expected["test/loss"]}, rel=1e-5
    )
    assert {*evaluated(tmp_path, "train")} == {"train/loss"}


def test_its_checkpoints_are_lightnings_own(tmp_path: Path) -> None:
    words = ("data.features=2", named("Line"), "+module.lr=0.2", "+module.width=2")
    experiment = finished(built(tmp_path, *DATA, *words))
    trained = experiment.module.net
    folder = RunFolder(tmp_path)
    for name in ("best", "last"):
        module = own_modules.Line.load_from_checkpoint(folder.checkpoint(name))
        assert module.lr == 0.2
        assert torch.equal(module.net.weight, trained.net.weight)
    # What Lightning needs to go on is in the last one, as plain values.
    content = read_checkpoint(folder.checkpoint("last"))
    assert content["hyper_parameters"] == {"lr": 0.2, "width": 2}
    module = own_modules.Line(lr=0.2, width=2)
    trainer = pl.Trainer(
        max_epochs=3, logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(module, experiment.data.train_dataloader(), ckpt_path=folder.checkpoint("last"))
    assert module.optimizers().param_groups[0]["lr"] == pytest.approx(0.2 * 0.5**3)


def test_numbers_logged_at_steps_and_names_of_lightnings_examples_are_metrics(
    tmp_path: Path,
) -> None:
    words = ("optimized_metric=val_loss", "callbacks=early_stopping")
    few = "callbacks.early_stopping.patience=1"
    experiment = finished(built(tmp_path, *DATA, named("Underscored"), *words, few))
    kept = record(tmp_path)
    assert {*kept["metrics"]} == {"train_loss", "val_loss", "test_error"}
    assert experiment.checkpoint.mode == "min"
    assert evaluated(tmp_path, "test") == pytest.approx(
        {"test_error": kept["metrics"]["test_error"]}
    )
    assert {*evaluated(tmp_path, "val")} == {"val_loss"}
    assert list(experiment.module.curves().epochs) == [1, 2]


def test_it_may_step_by_hand(tmp_path: Path) -> None:
    finished(built(tmp_path, *DATA, named("TwoOptimizers")))
    metrics = record(tmp_path)["metrics"]
    assert metrics["train/loss"] > metrics["val/loss"] * 0.5


def test_a_loss_that_is_no_number_ends_it_as_diverged(tmp_path: Path) -> None:
    finished(built(tmp_path, *DATA, named("Diverging"), "trainer.max_epochs=5"))
    kept = record(tmp_path)
    assert kept["status"] == "diverged"
    assert "step 3" in kept["error"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((named("WithoutOptimizer"),), "has no configure_optimizers"),
        ((named("Batch"),), "cannot be made|not a LightningModule"),
        ((named("Lion"),), "is not a LightningModule; a network is model._target_="),
        ((named("Line"), "+module.slope=3"), "unexpected keyword argument 'slope'"),
        ((f"model._target_={MODULES}.Line",), f"module._target_={MODULES}.Line trains it as it is"),
        ((named("Line"), "+callback@callbacks.fit=fit"), "callbacks.fit: needs a network"),
    ],
)
def test_what_cannot_train_is_refused_by_name(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        built(tmp_path, *DATA, *words)


def test_a_metric_that_it_does_not_log_is_told_after_the_first_epoch(tmp_path: Path) -> None:
    said = r"'val/loss' is not logged by Underscored\. Did you mean 'val_loss'"
    with pytest.raises(ConfigError, match=said):
        finished(built(tmp_path, *DATA, named("Underscored")))


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        (
            ["optimizer=adam", "optimizer.lr=0.1", "+module.lr=0.1"],
            ["optimizer=adam", "optimizer.lr=0.1"],
        ),
        (
            ["task.metrics=[]", "freeze.parameters=[x]"],
            ["task.metrics=[]", "freeze.parameters=[x]"],
        ),
        (["+initial_weights.parameters.x=1", "gradient=analytic"], ["initial_weights", "gradient"]),
        (["initial_weights.run=a.pt", "initial_weights.only=[x]"], []),
        (["model=mlp"], ["model=mlp: does nothing"]),
        (["model=mlp", "+module.net=${model}"], []),
        (["seed=3", "trainer.max_epochs=1", "data=clusters", "callbacks=quiet"], []),
    ],
)
def test_keys_that_do_nothing_with_it_are_refused(typed: list[str], refused: list[str]) -> None:
    config = unchecked(named("Line"), *(word for word in typed if "module" in word))
    with open_dict(config):
        config.hydra = {"overrides": {"task": typed}}
    if not refused:
        check(config)
        return
    with pytest.raises(ConfigError) as error:
        check(config)
    for words in refused:
        assert words in str(error.value)


def test_a_network_can_be_an_argument(tmp_path: Path) -> None:
    words = ("model=mlp", "model.hidden=[3]", "+module.net=${model}")
    experiment = built(tmp_path, *DATA, named("Line"), *words)
    assert next(experiment.module.net.net.parameters()).shape == (3, 1)


def test_without_a_class_nothing_of_it_is_there() -> None:
    assert specified("data=clusters").module is None
    with pytest.raises(ConfigError, match=r"module\.width need"):
        composed("+module.width=3")


def test_it_trains_alone_in_a_sweep() -> None:
    assert why_alone(composed(named("Line"))).startswith(f"module {MODULES}.Line")


@pytest.mark.parametrize("name", ["Line", "Predicting"])
def test_predict_asks_its_predict_step_or_else_its_forward(tmp_path: Path, name: str) -> None:
    trained = finished(built(tmp_path, *DATA, named(name))).module.net
    output = tmp_path / "out.npy"
    words = (f"run={tmp_path}", "input=[[0.5],[1.0]]", f"output={output}", "checkpoint=last")
    predict(composed(*words, f"trust=[{MODULES}]", verb="predict"), ["seedbed", "predict"])
    with torch.no_grad():
        expected = trained.net(torch.tensor([[0.5], [1.0]])).numpy()
    np.testing.assert_allclose(np.load(output), expected + 100 * (name == "Predicting"), rtol=1e-6)


def test_the_seed_draws_its_weights(tmp_path: Path) -> None:
    weights = [
        built(tmp_path / str(number), *DATA, named("Line"), f"seed={seed}").module.net.net.weight
        for number, seed in enumerate((1, 1, 2))
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_what_it_saves_beside_plain_values_is_left_out(tmp_path: Path) -> None:
    words = ("model=mlp", "model.hidden=[3]", "+module.net=${model}")
    finished(built(tmp_path, *DATA, named("KeepingItsNet"), *words))
    for name in ("best", "last"):
        content = read_checkpoint(RunFolder(tmp_path).checkpoint(name))
        assert content["hyper_parameters"] == {"width": 1, "lr": 0.1}
    assert "val/loss" in evaluated(tmp_path, "val")


@pytest.mark.parametrize("key", ["_target_", "net._target_"])
def test_a_strangers_run_makes_no_module_that_is_not_trusted(tmp_path: Path, key: str) -> None:
    folder = RunFolder(tmp_path)
    folder.config.parent.mkdir()
    config = composed(named("Line"), f"+module.{key}=os.system" if "." in key else named("Line"))
    OmegaConf.save(config, folder.config)
    trust = [MODULES] if "." in key else []
    with pytest.raises(RunFolderError, match=f"module.{key} names"):
        load_spec(folder, trust)


def test_its_arguments_are_hyperparameters_of_the_run(tmp_path: Path) -> None:
    words = (*DATA[:-1], "logger=csv", named("Line"), "+module.lr=0.2", "optimizer.lr=0.3")
    finished(built(tmp_path, *words))
    hyperparameters = record(tmp_path)["hyperparameters"]
    assert hyperparameters["module._target_"] == f"{MODULES}.Line"
    assert hyperparameters["module.lr"] == 0.2
    assert "optimizer.lr" not in hyperparameters  # As of a preset: it does nothing.
    # With those that the module saves itself.
    lines = (tmp_path / "hyperparameters.csv").read_text().splitlines()
    assert {"module.lr,0.2", "lr,0.2", "width,1"} <= {*lines}


def test_a_companion_needs_no_trainer_to_log() -> None:
    module = own_modules.Line()
    OwnModule(module)
    with pytest.warns(UserWarning, match="trainer"):
        module.log("train/loss", 1.0)


def test_defaults_of_the_project_file_need_not_do_anything_with_it(command, tmp_path: Path) -> None:
    (tmp_path / "seedbed.yaml").write_text("defaults: [optimizer=adam, model=mlp]\n")
    words = ("train", "data=clusters", named("Line"), "+module.width=2")
    outcome = command(*words, function=lambda config, command: 0)
    assert (outcome.code, outcome.err) == (0, "")
    refused = command(*words, "optimizer=sgd", function=lambda config, command: 0)
    assert (refused.code, "optimizer=sgd: does nothing" in refused.err) == (2, True)
