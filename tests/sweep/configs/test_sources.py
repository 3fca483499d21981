"""Saved configs that are damaged, and what is kept of the answers of resolvers."""

import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from seedbed.errors import ConfigError
from seedbed.sweep.configs.sources import SavedSource, read_index, save_configs, save_master


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"\xff", b"[]", b"null", b"{}", b"[" * 200_000]
)
def test_a_damaged_index_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "configs.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"configs\.json: .") as refusal:
        read_index(tmp_path)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        (b"\xff", "not text in UTF-8"),
        (b"a: [", "not a config: "),
        (b"[1]", "not a config: "),
        (b"seed: 1", "does not fit this version"),
        (b"hydra: {}\nseed: x", "does not fit this version: "),
    ],
)
def test_a_damaged_config_is_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    (tmp_path / "configs.json").write_text('{"configs": [], "resolved": []}')
    if content is not None:
        (tmp_path / "multirun.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"multirun\.yaml: {reason}"):
        SavedSource(tmp_path, tmp_path)


def test_only_answers_that_json_holds_are_saved(tmp_path: Path) -> None:
    master = OmegaConf.create({})
    OmegaConf.set_cache(master, {"a": {("x", 1): 2.5, (): Path("y")}, "b": {(None,): "z"}})
    save_master(tmp_path, tmp_path, master)
    index = json.loads((tmp_path / "configs.json").read_text())
    assert index == {"configs": [], "resolved": [["a", ["x", 1], 2.5]]}


def test_more_configs_are_saved_after_those_that_are_there(tmp_path: Path) -> None:
    save_master(tmp_path, tmp_path, OmegaConf.create({}))
    save_configs(tmp_path, [(("a=1",), OmegaConf.create({"a": 1}))])
    save_configs(tmp_path, [(("a=2",), OmegaConf.create({"a": 2}))])
    assert read_index(tmp_path)["configs"] == [["a=1"], ["a=2"]]
    assert [(tmp_path / f"config-{n}.yaml").read_text() for n in (0, 1)] == ["a: 1\n", "a: 2\n"]
