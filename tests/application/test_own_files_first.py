"""Config files of the user's that bear the name of a shipped one."""

from pathlib import Path

from tests.config.test_shipped_configs import FOLDER

ADAM = "# My own.\n_target_: torch.optim.Adam\nlr: 0.5\n"
SHOWN = ("--cfg", "job", "--package", "optimizer")
FLAGS = ("--config-dir", "mine")


def written(folder: Path, name: str, text: str) -> None:
    """Write a config file of the user's."""
    file = folder / "mine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_an_option_takes_the_place_of_the_shipped_one_and_it_is_said(
    command, tmp_path: Path
) -> None:
    written(tmp_path, "optimizer/adam.yaml", ADAM)
    chosen = command("train", *FLAGS, "optimizer=adam", *SHOWN)
    assert "lr: 0.5" in chosen.out
    assert chosen.err == (
        "seedbed: mine/optimizer/adam.yaml takes the place of Seedbed's own optimizer/adam.yaml\n"
    )
    other = command("train", *FLAGS, "optimizer=adamw", *SHOWN)
    assert ("lr: 0.001" in other.out, other.err) == (True, "")
    listed = command("list", "optimizer", *FLAGS)
    assert "adam     My own. (in mine)" in listed.out


def test_a_whole_config_may_take_the_place_of_the_shipped_one(
    command, refused, tmp_path: Path
) -> None:
    whole = (FOLDER / "train.yaml").read_text().replace("seed: 0 ", "seed: 7 ")
    written(tmp_path, "train.yaml", whole)
    assert "\nseed: 7\n" in command("train", *FLAGS, "--cfg", "job").out
    written(tmp_path, "train.yaml", "seed: 7\n")
    said = refused("train", *FLAGS)
    assert "mine/train.yaml" in said
    assert "--config-name=my_train" in said
    (tmp_path / "mine" / "train.yaml").unlink()
    written(tmp_path, "my_train.yaml", "defaults: [train, _self_]\nseed: 9\n")
    named = command("train", *FLAGS, "--config-name=my_train", "--cfg", "job")
    assert ("\nseed: 9\n" in named.out, named.err) == (True, "")
