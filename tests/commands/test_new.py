"""The project that `seedbed new` writes."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed.commands.new import PLACEHOLDER, TEMPLATE, problem_of_name, template_files
from seedbed.config.groups import config_folder

NAME = "new_project_of_the_test"


@pytest.fixture
def project(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the folder of a new project, which is the working folder."""
    outcome = command("new", NAME)
    assert outcome.code == 0, outcome.err
    schemas = len([*(config_folder() / "schemas").iterdir()])
    assert f"{NAME}/ ({len([*template_files()]) + schemas} files)" in outcome.out
    monkeypatch.chdir(tmp_path / NAME)
    yield tmp_path / NAME
    for module in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[module]


def test_every_preset_trains(command, project: Path) -> None:
    logged = []
    for preset in ("spirals", "own_parts"):
        where = f"hydra.run.dir={preset}"
        words = (f"experiment={preset}", "trainer.max_epochs=2", "logger=none", where)
        outcome = command("train", *words)
        assert outcome.code == 0, outcome.err
        metrics = json.loads((project / preset / "run.json").read_text())["metrics"]
        assert {"train/loss", "val/loss", "test/accuracy"} <= {*metrics}
        logged.append({*metrics})
    assert {"test/brier", "weight_norm"} <= logged[1]
    assert "right" in command("predict", "run=own_parts", "input=[[1.0,0.5]]").out
    assert "residual  Network of hidden layers" in command("list", "model").out


def test_its_collate_function_makes_batches(command, project: Path) -> None:
    words = (
        *("experiment=spirals", "trainer.max_epochs=1", "data.in_memory=false", "data.task=binary"),
        *("data.output_size=1", "data.val_size=0", "data.test_size=0", "logger=none"),
        f"data.collate_fn._target_={NAME}.data.jittered",
    )
    outcome = command("train", *words)
    assert outcome.code == 0, outcome.err


def test_its_own_tests_pass_and_ruff_has_nothing_to_say(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(project)
    spec = importlib.util.spec_from_file_location("tests_of_it", project / "tests/test_project.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = [name for name in vars(module) if name.startswith("test_")]
    for name in names:
        if "experiment" not in name:
            getattr(module, name)()
    assert len(names) == 5
    for words in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_nothing_is_written_over(command, refused, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    assert "is there already" in refused("new", "mine")
    (tmp_path / "mine" / "notes.txt").unlink()
    assert command("new", "mine").code == 0
    assert PLACEHOLDER not in "".join(
        f"{path}{path.read_text()}" for path in (tmp_path / "mine").rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my-model", "small letters, digits and _: my_model"),
        ("3d", ": p3d"),
        ("Größe", ": gr_e"),
        ("../up", ": up"),
        ("", ": my_project"),
        ("class", "my_class"),
        ("match", "my_match"),
        ("random", "my_random"),
        ("torch", "a package of this name is installed"),
        ("seedbed", "a package of this name is installed"),
        ("tests", "my_tests"),
    ],
)
def test_a_name_that_is_none_of_a_new_package_is_refused(refused, name: str, said: str) -> None:
    assert said in refused("new", name)


def test_a_name_that_is_one_is_taken() -> None:
    assert problem_of_name("spiral_lab2") == ""
    assert not [file for file in template_files() if file.name.startswith(".")]
    assert TEMPLATE.is_dir()


def test_one_name_is_needed(refused) -> None:
    assert "one name is needed, and none given" in refused("new")
    assert "one name is needed, and 2 given" in refused("new", "a", "b")
