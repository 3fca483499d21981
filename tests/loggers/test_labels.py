"""Name, tags and notes of a run in its record and in every logger, alone and side by side."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.experiments import events, record, trained
from tests.loggers.test_csv_files import rows

from seedbed.loggers import MLflow, WandB, folder_logger
from seedbed.loggers.labels import Labels
from seedbed.runs.record import read_record
from seedbed.sweep.results.plan_file import read_plan

LABELS = ("name='lr_${optimizer.lr}'", "tags=[a,'b c',a]", "notes='first\nsecond'")
SHORT = ("data.val_size=3", "trainer.max_epochs=1")


def text(folder: Path, tag: str) -> str:
    """Return a text as TensorBoard shows it, without its indentation."""
    tensor = events(folder).Tensors(f"{tag}/text_summary")[0].tensor_proto
    return tensor.string_val[0].decode().replace("    ", "")


def test_a_run_bears_its_labels_everywhere_and_not_among_hyperparameters(tmp_path: Path) -> None:
    csv = "+logger.csv={_target_: seedbed.loggers.CSV}"
    trained(tmp_path, *LABELS, *SHORT, csv)
    kept = record(tmp_path)
    assert (kept["name"], kept["tags"]) == ("lr_1e-05", ["a", "b c"])
    assert kept["notes"] == "first\nsecond"
    assert not {"name", "tags", "notes"} & {*kept["hyperparameters"]}
    expected = {"name": "lr_1e-05", "tags": "a, b c", "notes": "first\nsecond"}
    assert {row["name"]: row["value"] for row in rows(tmp_path / "labels.csv")} == expected
    assert {tag: text(tmp_path, tag) for tag in expected} == expected


def test_a_run_without_labels_has_none(tmp_path: Path) -> None:
    trained(tmp_path, *SHORT, "logger=csv")
    kept = record(tmp_path)
    assert (kept["name"], kept["tags"], kept["notes"]) == (None, [], None)
    assert not (tmp_path / "labels.csv").exists()


def test_jobs_side_by_side_bear_their_own_names(command: Any, tmp_path: Path) -> None:
    done = command(
        *("train", "-m", *LABELS, *SHORT, "optimizer.lr=1e-5,1e-6", "sweep.fuse=always"),
        *("logger=csv", "hydra.sweep.dir=sweep"),
    )
    assert done.code == 0, done.err
    # Names are no reason to train apart.
    assert "2 jobs side by side" in done.out
    names = [read_record(tmp_path / f"sweep/{job}/run.json")["name"] for job in (0, 1)]
    assert names == ["lr_1e-05", "lr_1e-06"]
    assert rows(tmp_path / "sweep/1/labels.csv")[0] == {"name": "name", "value": "lr_1e-06"}
    plan = read_plan(tmp_path / "sweep/sweep.json")
    assert plan.labels == Labels("lr_${optimizer.lr}", ("a", "b c", "a"), "first\nsecond")
    assert plan.choices["data"] == "crop_yield"


@pytest.mark.parametrize("kind", [MLflow, WandB])
def test_other_packages_are_told_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    told: dict[str, Any] = {}
    settings = SimpleNamespace(Settings=lambda **keys: None)
    for name in ("mlflow", "wandb"):
        monkeypatch.setitem(sys.modules, name, settings)
    monkeypatch.setattr(folder_logger, "find_spec", lambda name: True)
    double = lambda *words, **keys: told.update(keys)  # noqa: E731
    monkeypatch.setattr("pytorch_lightning.loggers.MLFlowLogger", double)
    monkeypatch.setattr("pytorch_lightning.loggers.WandbLogger", double)
    logger = kind(tmp_path / "day/run")
    logger.log_labels(Labels("mine", ("a", "b+c"), "why"))
    logger.make()
    if kind is MLflow:
        assert told["run_name"] == "mine"
        assert told["tags"] == {"a": "true", "b_c": "true", "mlflow.note.content": "why"}
    else:
        assert (told["name"], told["tags"], told["notes"]) == ("mine", ["a", "b+c"], "why")
    logger.log_labels(Labels())
    logger.make()
    assert told["run_name" if kind is MLflow else "name"] == "day/run"
