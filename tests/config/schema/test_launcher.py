"""What `hydra/launcher=ray` takes: Ray's own words, those of the package hydra-ray-launcher."""

import dataclasses
import re

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from seedbed.config.groups import config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema, schema_of
from seedbed.config.schema.launcher import LAUNCHERS, RayInit, RayRemote


def test_the_file_has_every_key_of_the_dataclasses_with_its_meaning() -> None:
    text = (config_folder() / "hydra/launcher/ray.yaml").read_text()
    lines = dict(re.findall(r"^ *(\w+): *(?:[^\s#].*?)? +# (.*)$", text, re.M))
    assert re.fullmatch(r"# [A-Z].*[.]", text.splitlines()[0])
    for node in (*LAUNCHERS.values(), RayInit, RayRemote):
        for field in dataclasses.fields(node):
            if field.name not in ("num_cpus", "num_gpus", "resources"):
                assert lines[field.name] == field.metadata["meaning"], field.name
            else:  # Both have it.
                assert f"# {field.metadata['meaning']}\n" in text


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_the_words_of_the_plugin_are_accepted(sign: str) -> None:
    register_resolvers()
    register_schema()
    GlobalHydra.instance().clear()
    words = ["hydra/launcher=ray", f"{sign}hydra.launcher.ray.init.num_cpus=2"]
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", words, return_hydra_config=True)
    assert schema_of(config.hydra.launcher) is LAUNCHERS["ray"]
    assert config.hydra.launcher.ray.init.num_cpus == 2
