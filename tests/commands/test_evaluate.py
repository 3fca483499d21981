"""A run measured again gives the numbers that it recorded."""

import errno
import json
import os
from pathlib import Path

import pytest
import torch
from tests.command_line import only_run, seedbed
from tests.composing import composed
from tests.experiments import record, trained

from seedbed.commands.evaluate import evaluate
from seedbed.errors import ConfigError, RunFolderError
from seedbed.process.identity import this_process
from seedbed.runs.folder import RunFolder


def measured(folder: Path, *overrides: str) -> dict[str, float]:
    """Evaluate in this process and return what was written."""
    config = composed(f"run={folder}", *overrides, verb="evaluate")
    assert evaluate(config, ["seedbed", "evaluate"]) == 0
    return json.loads((folder / f"evaluate-{config.split}.json").read_text())["metrics"]


HELD_OUT = ("data.val_size=4", "data.test_size=3")
RUNS = {
    "regression": (*HELD_OUT, "model=mlp", "optimizer=adam"),
    "binary": ("data=clusters", "data.val_size=0.2", "data.test_size=0.1", "optimizer=adam"),
    "stream": ("data=clusters", "data.sample=stream", "data.val_size=50", "data.test_size=70"),
    "dropout": (*HELD_OUT, "model=mlp", "model.dropout=0.5", "optimizer=adam"),
}


@pytest.mark.parametrize("overrides", RUNS.values(), ids=RUNS.keys())
def test_validation_and_test_equal_the_record_digit_for_digit(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    trained(tmp_path, "trainer.max_epochs=6", "optimizer.lr=1e-3", *overrides)
    checkpoints = record(tmp_path)["checkpoints"]
    for name, split in (("best", "val"), ("best", "test"), ("last", "val")):
        found = measured(tmp_path, f"checkpoint={name}", f"split={split}")
        kept = checkpoints[name]["metrics"]
        assert found == {tag: value for tag, value in kept.items() if tag.startswith(f"{split}/")}
        assert len(found) > 1


def test_the_training_split_is_measured_with_the_kept_weights(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "trainer.max_epochs=3")
    found = measured(tmp_path, "split=train", "checkpoint=last")
    table = experiment.data.table("train")
    with torch.no_grad():
        loss = torch.nn.functional.mse_loss(experiment.module.net(table.inputs), table.targets)
    assert found["train/loss"] == pytest.approx(loss.item(), rel=1e-6)


def test_weights_that_do_not_fit_the_config_are_refused(tmp_path: Path) -> None:
    trained(tmp_path, "model=mlp", "trainer.max_epochs=1")
    config = RunFolder(tmp_path).config
    config.write_text(config.read_text().replace("- 64", "- 32"))
    with pytest.raises(RunFolderError, match=r"best\.ckpt: does not fit the model"):
        measured(tmp_path, "split=train")


def test_the_command_line_evaluates_the_latest_run(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "train", "data.test_size=3", "trainer.max_epochs=2")
    assert done.returncode == 0, done.stderr
    done = seedbed(tmp_path, "evaluate", "run=latest")
    assert done.returncode == 0, done.stderr
    assert "recorded by the run" in done.stdout
    assert (only_run(tmp_path) / "evaluate-test.json").is_file()
    done = seedbed(tmp_path, "evaluate", "run=latest", "split=val")
    assert done.returncode == 2
    assert "holds no rows out" in done.stderr
    assert "choose split=train or split=test" in done.stderr


def test_what_cannot_be_written_is_printed_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(tmp_path, "trainer.max_epochs=2")

    def refuse(path: Path, content: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("seedbed.commands.evaluate.write_json", refuse)
    config = composed(f"run={tmp_path}", "split=train", verb="evaluate")
    assert evaluate(config, ["seedbed", "evaluate"]) == 0
    out = capsys.readouterr().out
    assert "train/loss" in out
    assert f"not written  {tmp_path / 'evaluate-train.json'}: permission denied" in out
    assert not (tmp_path / "evaluate-train.json").exists()


@pytest.mark.parametrize("kind", ["text", "other json", "link"])
def test_a_file_of_somebody_elses_is_not_replaced_by_the_result(tmp_path: Path, kind: str) -> None:
    trained(tmp_path, "trainer.max_epochs=1", "logger=none")
    measured(tmp_path, "split=train")
    file = tmp_path / "evaluate-train.json"
    measured(tmp_path, "split=train")  # Its own it replaces.
    if kind == "link":
        file.rename(tmp_path / "target.json")
        file.symlink_to("target.json")
    else:
        file.write_text("notes" if kind == "text" else '{"metrics": {}}')
    before = file.read_text()
    with pytest.raises(ConfigError, match=r"evaluate-train.json: not written by evaluate"):
        measured(tmp_path, "split=train")
    assert file.read_text() == before


def test_what_a_killed_run_had_not_finished_to_write_is_cleared(tmp_path: Path) -> None:
    trained(tmp_path, "trainer.max_epochs=1")
    checkpoints = RunFolder(tmp_path).checkpoint("last").parent
    leftover, other = checkpoints / ".last.ckpt.0123456789abcdef.tmp", checkpoints / "mine.tmp"
    leftover.touch()
    other.touch()
    measured(tmp_path, "split=train")
    assert leftover.exists()  # Another process could write it.

    file = RunFolder(tmp_path).record
    gone = {"status": "running", "process": {**this_process(), "pid": 4_000_000}}
    file.write_text(json.dumps({**json.loads(file.read_text()), **gone}))
    measured(tmp_path, "split=train")
    assert (leftover.exists(), other.exists()) == (False, True)
