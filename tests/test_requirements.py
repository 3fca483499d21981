"""The lock files hold all that pyproject.toml asks for, each file with its hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASKED = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "requirements-test.lock": PROJECT["project"]["optional-dependencies"]["test"],
    "requirements-build.lock": PROJECT["build-system"]["requires"],
    "requirements-torch.lock": [
        line for line in PROJECT["project"]["dependencies"] if re.match(r"torch\W", line)
    ],
}


def lines(name: str) -> list[str]:
    """Return the lines of a lock file and of those that it includes."""
    own = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return own + [
        inner for line in own if line.startswith("-r ") for inner in lines(line.removeprefix("-r "))
    ]


def pins(name: str) -> list[Requirement]:
    """Return what a lock file pins."""
    return [Requirement(line.removesuffix(" \\")) for line in lines(name) if line[0].isalnum()]


@pytest.mark.parametrize("name", ASKED)
def test_all_that_is_asked_for_is_pinned_to_a_version_that_fits(name: str) -> None:
    pinned = {canonicalize_name(pin.name): pin for pin in pins(name)}
    for asked in map(Requirement, ASKED[name]):
        version = str(pinned[canonicalize_name(asked.name)].specifier).removeprefix("==")
        assert version in asked.specifier, asked


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    blocks = re.findall(r"^\w.*\n(?: .*\n)*", lock.read_text(encoding="utf-8"), re.MULTILINE)
    assert blocks
    assert all(re.search(r"^\S+==\S.*\\\n +--hash=sha256:[0-9a-f]{64}\b", text) for text in blocks)


def test_torch_and_tensorboard_are_recent_enough_to_open_folders_of_others() -> None:
    # Earlier ones run code from files of weights, or read local files that a folder names.
    floors = {"torch": "2.9.1", "tensorboard": "2.20.0"}
    for asked in map(Requirement, PROJECT["project"]["dependencies"]):
        assert asked.name not in floors or floors[asked.name] not in asked.specifier
