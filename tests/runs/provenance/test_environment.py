"""What a run was trained with: command, versions and device."""

import shlex

import pytest
import torch

import seedbed
from seedbed.runs.provenance.environment import command_line, device_name, versions


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["/usr/bin/seedbed", "train", "seed=1"], "seedbed train seed=1"),
        (["/a/seedbed/__main__.py", "train"], "seedbed train"),
        (["seedbed", "train", "model.hidden=[3, 4]"], "seedbed train 'model.hidden=[3, 4]'"),
        (["seedbed", "train", "-m", "seed=1,2"], "seedbed train -m seed=1,2"),
        (["seedbed", "train", "a=$HOME"], "seedbed train 'a=$HOME'"),
        (["seedbed", "train", "a='x'"], "seedbed train 'a='\"'\"'x'\"'\"''"),
        (["/with space/seedbed", "train", "a=*"], "seedbed train 'a=*'"),
        (["seedbed", "train", ""], "seedbed train ''"),
        (["seedbed", "train", "a=°\n"], "seedbed train 'a=°\n'"),
    ],
)
def test_the_command_can_be_pasted_into_a_shell(command, line):
    assert command_line(command) == line
    assert shlex.split(line) == ["seedbed", *command[1:]]


def test_versions_are_those_of_what_is_installed():
    found = versions()

    assert found["torch"] == torch.__version__
    assert found["seedbed"] == seedbed.__version__
    assert set(found) >= {"python", "pytorch_lightning", "hydra", "omegaconf", "numpy"}
    assert all(isinstance(version, str) for version in found.values())
    assert all(version[0].isdigit() for version in found.values())


def test_the_device_is_named(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")

    assert device_name(torch.device("cpu")) == "cpu, 3 threads"
    assert device_name(torch.device("cuda", 1)) == "GPU 1 (cuda)"
    assert device_name(torch.device("mps")) == "mps"
