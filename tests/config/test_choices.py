"""Keys of a command that are told without composing are those of the composed config."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from seedbed.config.choices import keys_of_command


def names(node: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the full names of a composed config's keys, down to the first that are no mapping."""
    found: set[str] = set()
    for name, value in node.items():
        if isinstance(value, dict) and value:
            found |= names(value, f"{prefix}{name}.")
        elif not name.startswith("_"):
            found.add(f"{prefix}{name}")
    return found


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("data=clusters", "optimizer=lbfgs"),
        ("experiment=xor_mlp",),
        ("experiment=fashion_mnist_cnn", "scheduler=cosine"),
        ("experiment=minimize_bowl",),
        ("callbacks=early_stopping", "trainer=ddp"),
        ("callbacks=quiet", "logger=none", "data=thermometer"),
        ("experiment=mlp_shapes", "optimizer=sgd"),
        ("debug=overfit",),
    ],
)
def test_they_are_the_composed_ones(compose, words: tuple[str, ...]) -> None:
    composed = names(OmegaConf.to_container(compose(*words))) - {"logger"}  # Of none, it is empty.

    found = {name for name in keys_of_command(words) if not name.startswith("callbacks.")}
    assert found == {name for name in composed if not name.startswith("callbacks.")}
    callbacks = {name for name in composed if name.startswith("callbacks.") and name.count(".") > 1}
    assert callbacks == {name for name in keys_of_command(words) if name.startswith("callbacks.")}


def test_the_keys_of_the_users_option_are_those_of_its_file_and_of_its_base(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    content = "defaults: [/schema/model/mlp@_here_]\n_target_: a.B\nwidth: {first: 1}\n"
    (tmp_path / "model" / "own.yaml").write_text(content)

    keys = keys_of_command(["model=own"], tmp_path)

    assert keys["model.width.first"] is None
    assert keys["model.hidden"] is not None
    assert "model.channels" not in keys


def test_of_files_that_cannot_be_read_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "own.yaml").write_bytes(b"a: [\xe9")

    assert "model.hidden" not in keys_of_command(["model=own"], tmp_path)
    assert "optimizer.lr" in keys_of_command(["model=own", "data=nowhere"], tmp_path)


def test_an_option_that_is_no_config_has_no_keys(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{level}: &a{level} {{l: *a{level - 1}, r: *a{level - 1}}}\n" for level in range(1, 60)
    )
    for name, content in (("deep", "[" * 100_000), ("large", "#" * 1_000_001), ("bomb", bomb)):
        (tmp_path / "model" / f"{name}.yaml").write_text(content)
        keys = keys_of_command([f"model={name}"], tmp_path)
        assert "optimizer.lr" in keys
        assert len(keys) < 2_000
