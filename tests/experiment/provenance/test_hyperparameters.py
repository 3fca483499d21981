"""What a record says of the config: the choices, and the keys that preset and command line set."""

from pathlib import Path

from omegaconf import OmegaConf
from tests.composing import composed

from seedbed.config.groups import config_folder
from seedbed.experiment.provenance import hyperparameters, preset_keys


def test_the_keys_that_a_preset_sets_are_hyperparameters() -> None:
    preset = preset_keys("thermometer", (str(config_folder()),))
    config = composed("experiment=thermometer", "seed=3")
    choices = {"data": "thermometer", "optimizer": "sgd", "experiment": "thermometer"}

    values = hyperparameters(config, choices, ["experiment=thermometer", "seed=3"], preset)

    assert values["data"] == "thermometer"
    assert values["experiment"] == "thermometer"
    assert values["optimizer.lr"] == 0.01
    assert values["data.input_scale"] == 0.1
    assert values["trainer.max_epochs"] == 5000
    assert values["seed"] == 3


def test_the_command_line_goes_before_the_preset() -> None:
    preset = preset_keys("thermometer", (str(config_folder()),))
    config = composed("experiment=thermometer", "optimizer.lr=0.5")

    assert hyperparameters(config, {}, ["optimizer.lr=0.5"], preset)["optimizer.lr"] == 0.5


def test_a_preset_of_the_users_own_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults: [{override /model: mlp}]\n"
        "model: {hidden: [4, 4]}\nseed: 1\n"
    )

    assert preset_keys("mine", (str(tmp_path), str(config_folder()))) == ("model.hidden", "seed")
    (tmp_path / "experiment" / "more.yaml").write_text(
        "defaults: [mine, {override /optimizer: adam}, _self_]\noptimizer: {lr: 0.1}\nseed: 3\n"
    )
    assert preset_keys("more", (str(tmp_path),)) == ("model.hidden", "seed", "optimizer.lr")
    assert preset_keys(None, (str(tmp_path),)) == ()
    assert preset_keys("nowhere", (str(tmp_path),)) == ()


def test_a_key_that_was_deleted_is_no_hyperparameter() -> None:
    config = composed("model=mlp")
    OmegaConf.set_struct(config, True)
    words = ["~model.nothing", "~optimizer", "seed=1"]

    assert hyperparameters(config, {}, words) == {"seed": 0}


def test_keys_of_the_sweep_and_of_hydra_are_no_hyperparameters() -> None:
    words = ["sweep.repeats=3", "hydra.job.chdir=true", "hydra=default", "seed=1"]

    assert hyperparameters(composed(), {}, words, ["hydra.run.dir"]) == {"seed": 0}
