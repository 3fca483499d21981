"""CSV files of a run, alone and side by side, and loggers of other packages that are not there."""

import csv
from pathlib import Path

import polars
import pytest
from tests.composing import composed
from tests.experiments import record, trained

from seedbed.config.trust.restriction import restricted_to
from seedbed.errors import ConfigError, RunFolderError
from seedbed.loggers import CSV, MLflow, TensorBoard, WandB, folder_logger
from seedbed.loggers.metrics_file import metrics_text
from seedbed.sweep.planning.compatibility import why_alone

RUN = ("trainer.max_epochs=3", "data.val_size=3", "logger=csv")


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_a_run_leaves_its_curves_and_hyperparameters(tmp_path: Path) -> None:
    trained(tmp_path, *RUN)
    metrics, kept = rows(tmp_path / "metrics.csv"), record(tmp_path)
    assert [row["epoch"] for row in metrics] == ["1", "2", "3"]
    for name, value in kept["metrics"].items():
        assert float(metrics[-1][name]) == value
    best = kept["checkpoints"]["best"]
    assert float(metrics[best["epoch"] - 1]["best/val/loss"]) == best["metrics"]["val/loss"]
    hyperparameters = {row["name"]: row["value"] for row in rows(tmp_path / "hyperparameters.csv")}
    assert hyperparameters == {name: str(v) for name, v in kept["hyperparameters"].items()}
    assert polars.read_csv(tmp_path / "metrics.csv")["val/loss"].dtype == polars.Float64


def test_jobs_side_by_side_leave_the_same_files(command, tmp_path: Path) -> None:
    words = (
        "-m",
        "seed=0,1",
        "logger=[csv,tensorboard]",
        "trainer.max_epochs=3",
        "data.val_size=3",
    )
    tables = []
    for fuse, group in (("always", "2 jobs side by side"), ("never", "one after another")):
        where = f"hydra.sweep.dir={fuse}"
        outcome = command("train", *words, f"sweep.fuse={fuse}", where)
        assert outcome.code == 0, outcome.err
        assert group in outcome.out + outcome.err
        tables.append(rows(tmp_path / fuse / "1" / "metrics.csv"))
        assert (tmp_path / fuse / "1" / "hyperparameters.csv").is_file()
        assert [*(tmp_path / fuse / "1").glob("events.out.tfevents.*")]
    together, alone = tables
    assert [list(row) for row in together] == [list(row) for row in alone]
    for one, other in zip(together, alone, strict=True):
        for name, value in one.items():
            assert value == other[name] or float(value) == pytest.approx(
                float(other[name]), rel=1e-4
            )


def test_what_is_logged_at_steps_has_a_column_of_its_own() -> None:
    points = [(1, {"train/loss_step": 0.5}), (1, {"train/loss": 0.25, "val/loss": float("nan")})]
    assert metrics_text(points).splitlines() == [
        "epoch,step,train/loss_step,train/loss,val/loss",
        ",1,0.5,,",
        "1,,,0.25,",
    ]
    assert metrics_text([]) == "epoch\n"


def test_what_was_logged_can_be_taken_back(tmp_path: Path) -> None:
    logger = CSV(tmp_path, flush_secs=0)
    logger.log_metrics({"train/loss": 1.0}, step=1)
    logger.log_hyperparams({"seed": 1})
    assert len([*tmp_path.iterdir()]) == 2
    logger.discard()
    assert [*tmp_path.iterdir()] == []


def test_a_writer_of_torchs_is_there_for_the_users_own_code(tmp_path: Path) -> None:
    logger = TensorBoard(tmp_path)
    writer = logger.experiment
    assert [*tmp_path.iterdir()] == []
    writer.add_scalar("own", 1.0, 1)
    assert [path.suffix for path in tmp_path.iterdir()] == [".own"]
    logger.discard()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("kind", "option"), [(MLflow, "mlflow"), (WandB, "wandb")])
def test_a_package_that_is_not_there_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, option: str
) -> None:
    monkeypatch.setattr(folder_logger, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"pip install 'seedbed\[{option}\]'"):
        kind(tmp_path)
    assert f"logger.{option}" in why_alone(composed(f"logger={option}"))


@pytest.mark.parametrize(
    ("kind", "keys"), [(MLflow, {"tracking_uri": "http://x"}), (WandB, {"offline": False})]
)
def test_a_strangers_config_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, keys: dict[str, object]
) -> None:
    monkeypatch.setattr(folder_logger, "find_spec", lambda name: name)
    kind(tmp_path, **keys)
    with restricted_to([]):
        kind(tmp_path)
        with pytest.raises(RunFolderError, match="outside of the folder"):
            kind(tmp_path, **keys)
    typed = ("logger.mlflow.tracking_uri=http://x", "++logger.wandb.offline=false")
    with restricted_to([], typed), restricted_to([]):
        kind(tmp_path, **keys)
