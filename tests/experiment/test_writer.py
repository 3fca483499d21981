"""The writer of a run's folder: record and loggers hear of the run from its start to its end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.loggers.logger import Logger
from tests.experiments import events
from torch import nn

from seedbed.data import DataModule
from seedbed.experiment.writer import RunWriter
from seedbed.loggers.tensorboard import TensorBoard
from seedbed.runs.outcome import EpochState, RunOutcome
from seedbed.runs.provenance.environment import device_name
from seedbed.runs.record import Record, read_record

OUTCOME = RunOutcome(
    status="completed",
    metrics={"val/loss": 0.75, "test/loss": 0.5},
    best=EpochState(3, 30, {"val/loss": 0.25}),
    last=EpochState(7, 70, {"val/loss": 0.75}),
)


class Rows(DataModule):
    fingerprint = "0123"

    def has_split(self, split: str) -> bool:
        return split == "train"

    def rows(self, split: str) -> int:
        return 3


class Other(Logger):
    """A logger of another kind than ours; keeps the numbers that it is given."""

    name = version = ""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int | None, dict[str, float]]] = []
        self.hyperparameters: dict[str, Any] = {}
        self.saved = 0

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.points.append((step, dict(metrics)))

    def log_hyperparams(self, params: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self.hyperparameters.update(params)

    def save(self) -> None:
        self.saved = len(self.points)


def writer(folder: Path, *loggers: Logger, **provenance: Any) -> RunWriter:
    record = Record(folder / "run.json", {"hyperparameters": {"optimizer.lr": 0.5}, **provenance})
    return RunWriter(record, list(loggers), "val/loss", config="seed: 3")


def test_a_run_is_described_before_it_trains(tmp_path: Path) -> None:
    tensorboard = TensorBoard(tmp_path)
    own = writer(tmp_path, tensorboard, data={"choice": "mine"}, command="seedbed train")
    assert own.describe(Rows(), 7) == "mine"
    tensorboard.save()
    fields = read_record(tmp_path / "run.json")
    assert fields["status"] == "running"
    assert fields["data"]["choice"] == "mine"
    assert fields["data"]["fingerprint"] == "0123"
    assert fields["trained_parameters"] == 7
    assert fields["data"]["rows"] == {"train": 3}
    assert fields["device"] == device_name(torch.device("cpu"))
    texts = {
        tag: event.tensor_proto.string_val[0].decode()
        for tag in ("config/text_summary", "command/text_summary")
        for event in events(tmp_path).Tensors(tag)
    }
    assert "seed: 3" in texts["config/text_summary"]
    assert "seedbed train" in texts["command/text_summary"]


def test_every_logger_hears_the_hyperparameters(tmp_path: Path) -> None:
    other = Other()
    writer(tmp_path, TensorBoard(tmp_path), other).describe(Rows(), 7)
    assert other.hyperparameters == {"optimizer.lr": 0.5}


def test_data_that_no_option_chose_are_called_by_their_class(tmp_path: Path) -> None:
    assert writer(tmp_path).describe(Rows(), 7) == "Rows"
    assert read_record(tmp_path / "run.json")["data"]["choice"] == "Rows"


def test_what_is_known_meanwhile_is_in_the_record(tmp_path: Path) -> None:
    writer(tmp_path).write(RunOutcome(metrics={"train/loss": 0.5}))
    fields = read_record(tmp_path / "run.json")
    assert (fields["status"], fields["metrics"]) == ("running", {"train/loss": 0.5})


def test_every_logger_hears_the_closing_numbers_at_the_best_epoch(tmp_path: Path) -> None:
    other = Other()
    writer(tmp_path, other, TensorBoard(tmp_path)).finish(OUTCOME, epoch=7)
    closing = {"test/loss": 0.5, "best/val/loss": 0.25}
    assert other.points == [(3, closing)]
    # Lightning has told it before that the run is over.
    assert other.saved == 1
    written = events(tmp_path)
    for tag, value in closing.items():
        (event,) = written.Scalars(tag)
        assert (event.step, event.value) == (3, value)
    assert read_record(tmp_path / "run.json")["status"] == "completed"


def test_a_run_that_keeps_no_epoch_closes_at_its_last_one(tmp_path: Path) -> None:
    other = Other()
    writer(tmp_path, other).finish(RunOutcome("completed", metrics=OUTCOME.metrics), epoch=7)
    assert other.points == [(7, {"test/loss": 0.5})]


def test_nothing_is_logged_where_there_is_nothing_to_say(tmp_path: Path) -> None:
    other = Other()
    writer(tmp_path, other).finish(RunOutcome("failed"), epoch=0)
    assert other.points == []


def test_the_hparams_page_has_the_hyperparameters(tmp_path: Path) -> None:
    writer(tmp_path, TensorBoard(tmp_path)).finish(OUTCOME, epoch=7)
    plugin = events(tmp_path).summary_metadata["_hparams_/session_start_info"]
    assert b"optimizer.lr" in plugin.plugin_data.content


@pytest.mark.parametrize(("example", "graphs"), [(torch.zeros(1, 3), True), (None, False)])
def test_the_graph_of_a_network_is_written_where_it_takes_rows(
    tmp_path: Path, example: torch.Tensor | None, graphs: bool
) -> None:
    tensorboard = TensorBoard(tmp_path)
    writer(tmp_path, tensorboard, Other()).log_graph(nn.Linear(3, 2), example)
    tensorboard.log_text("anything", "")
    tensorboard.close()
    assert events(tmp_path).Tags()["graph"] is graphs


def test_a_run_that_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    own = writer(tmp_path, TensorBoard(tmp_path))
    own.describe(Rows(), 7)
    assert len(list(tmp_path.iterdir())) == 2
    own.discard()
    assert list(tmp_path.iterdir()) == []
