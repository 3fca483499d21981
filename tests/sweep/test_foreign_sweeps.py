"""A sweep that somebody else may have made goes on without making what it names, or leaving it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

RESUME = ("train", "-m", "sweep.resume=sweep")
JOBS = ("train", "-m", "data=crop_yield", "trainer=cpu", "trainer.max_epochs=2", "logger=none")
JOBS = (*JOBS, "callbacks=quiet", "seed=1,2", "hydra.sweep.dir=sweep", "sweep.fuse=never")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "sweep"


@pytest.fixture
def begun(command: Any, kept: Path, tmp_path: Path) -> Path:
    """Return the folder of a sweep of two jobs, of which the second has not run."""
    if not kept.exists():
        assert command(*JOBS).code == 0
        shutil.rmtree(tmp_path / "sweep" / "1")
        lines = (tmp_path / "sweep" / "results.csv").read_text().splitlines(keepends=True)
        (tmp_path / "sweep" / "results.csv").write_text("".join(lines[:2]))
        shutil.copytree(tmp_path / "sweep", kept)
        shutil.rmtree(tmp_path / "sweep")
    shutil.copytree(kept, tmp_path / "sweep")
    return tmp_path / "sweep"


def with_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what all jobs of a sweep are derived from."""
    for path in (folder / "multirun.yaml", *(folder / ".sweep").glob("config-*.yaml")):
        config = yaml.safe_load(path.read_text())
        change(config)
        path.write_text(yaml.safe_dump(config))


def with_overrides(folder: Path, *words: str) -> None:
    """Add overrides to the job that has not run."""
    plan = json.loads((folder / "sweep.json").read_text())
    plan["rounds"][0]["jobs"][1]["overrides"] += words
    (folder / "sweep.json").write_text(json.dumps(plan))


def test_what_is_not_trusted_is_named_at_once_and_nothing_runs(begun: Path, refused: Any) -> None:
    def change(config: dict[str, Any]) -> None:
        config["model"] = {"_target_": "theirs.Net", "first": [{"_target_": "torch.load"}]}
        config["callbacks"]["x"] = {"_target_": "theirs.callbacks.X", "_partial_": True}

    with_config(begun, change)
    message = refused(*RESUME, function=None)
    for name in ("model._target_ names theirs.Net", "model.first.0._target_ names torch.load"):
        assert name in message
    assert message.rstrip().endswith("if you trust them: trust=[theirs,theirs.callbacks]")


@pytest.mark.parametrize(
    "word",
    [
        "model._target_=torch.hub.load",
        "+callbacks.x={_target_:builtins.open,file:executed,mode:w}",
        "+model.x={a:[{_target_:os.mkdir,path:executed}]}",
        "+model._args_=[{_target_:os.mkdir,path:executed}]",
        "+model.x=${oc.create:{_target_:os.mkdir}}",
        "hydra.sweep.subdir=../out",
        "hydra.job.env_set={A:b}",
        "data=fashion_mnist",
    ],
)
def test_an_override_of_one_job_is_checked_too(begun: Path, refused: Any, word: str) -> None:
    with_overrides(begun, word)
    assert "sweep: " in refused(*RESUME, function=None)


@pytest.mark.parametrize("subdir", ["../out/${hydra.job.num}", "/tmp/out-of-it/${hydra.job.num}"])
def test_no_job_leaves_the_folder(begun: Path, command: Any, subdir: str) -> None:
    with_config(begun, lambda config: config["hydra"]["sweep"].update(subdir=subdir))
    outcome = command(*RESUME)
    assert outcome.code == 2, outcome
    assert "leads out of" in outcome.err
    assert "Traceback" not in outcome.err
    assert not (begun.parent / "out").exists()
    assert not Path("/tmp/out-of-it").exists()


LINKS = ("1", "results.csv", ".sweep/chunk-0.ckpt", "sweep.json", ".sweep/units", ".sweep/workers")
LINKS = (*LINKS, ".sweep/units/waiting", ".sweep/units/results/0-1.0.a.csv")


@pytest.mark.parametrize("name", LINKS)
def test_no_link_is_followed_out_of_the_folder(begun: Path, refused: Any, name: str) -> None:
    outside = begun.parent / "outside"
    outside.mkdir()
    (begun / name).unlink(missing_ok=True)
    (begun / name).parent.mkdir(parents=True, exist_ok=True)
    if name == "sweep.json":
        (outside / "file").write_text(json.dumps({}))
        (begun / name).symlink_to(outside / "file")
    else:
        (begun / name).symlink_to(outside)
    assert "leads out of the folder" in refused(*RESUME, function=None)


def test_logging_and_environment_are_those_of_the_command(
    begun: Path, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OF_THE_SWEEP", raising=False)

    def change(config: dict[str, Any]) -> None:
        handler = {"class": "logging.FileHandler", "filename": str(tmp_path / "executed")}
        config["hydra"]["job_logging"] = {
            "version": 1,
            "root": {"handlers": ["file"]},
            "handlers": {"file": handler},
        }
        config["hydra"]["job"]["env_set"] = {"OF_THE_SWEEP": "1"}
        config["hydra"]["output_subdir"] = "../../out"
        config["hydra"]["callbacks"]["x"] = {"_target_": "os.mkdir", "path": "executed"}

    with_config(begun, change)
    outcome = command(*RESUME)
    assert outcome.code == 0, outcome.err
    assert (begun / "1" / "run.json").is_file()
    assert not (tmp_path / "executed").exists()
    assert not (tmp_path / "out").exists()


def test_configs_from_elsewhere_need_trust(
    command: Any, refused: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "experiment").mkdir()
    file = folder / "experiment" / "theirs.yaml"
    words = ("train", "--config-dir", str(folder), "+experiment=theirs")
    words = (*words[:3], "experiment=theirs")
    head = "# @package _global_\n"
    for text, said in {
        "hydra: {callbacks: {x: {_target_: theirs.Callback}}}": "trust=[theirs]",
        "model: {_target_: theirs.Net}\ntrust: [theirs]": "trust=[theirs]",
        "hydra: {job: {env_set: {A: b}}}": "hydra.job.env_set",
        "hydra: {hydra_logging: {handlers: {x: {class: theirs.Handler}}}}": "trust=[theirs]",
    }.items():
        file.write_text(head + text)
        assert said in refused(*words)
        assert said in refused(*words, "-m", "sweep.plan=true", "seed=1,2")
        assert command(*words, "--cfg", "job").code == 0  # To look is safe.
    aliases = (f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    file.write_text(f"{head}a0: &a0 [x, x]\n{''.join(aliases)}")
    for flags in ((), ("--cfg", "job"), ("-m", "seed=1,2")):
        assert f"{file}: more than 50,000 values" in refused(*words, *flags)
    file.write_text(head + "optimizer: {lr: 1e-6}")
    assert command(*words, function=lambda config, words: 0).code == 0
