"""No data: one empty batch an epoch, and nothing to validate, to test or to predict from."""

from types import SimpleNamespace

import pytest
import torch
from tests.composing import composed

from seedbed.config.schema import data as schema
from seedbed.config.spec import run_spec
from seedbed.data import NoData
from seedbed.data.data_module import Placement
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data


@pytest.fixture
def data() -> NoData:
    made = NoData(schema.NoData(task="minimize", input_shape=[], output_size=1))
    made.prepare_data()
    made.setup("fit")
    return made


def test_data_none_instantiates_it() -> None:
    config = composed("data=none", "model=parabola")
    assert type(build_data(run_spec(config))) is NoData
    assert config.task._target_ == "seedbed.training.tasks.Minimize"


def test_an_epoch_is_one_batch_of_one_empty_row(data: NoData) -> None:
    for loader in (data.train_dataloader(), data.evaluation_loader("train")):
        assert len(loader) == 1
        for _ in range(2):
            ((inputs, targets),) = loader
            assert inputs.shape == targets.shape == (1, 0)


def test_train_is_the_only_split(data: NoData) -> None:
    assert [split for split in ("train", "val", "test") if data.has_split(split)] == ["train"]
    assert [data.rows(split) for split in ("train", "val", "test")] == [None, None, None]
    assert data.fingerprint is None
    assert data.true_line() is None


def test_predicting_from_rows_is_refused(data: NoData) -> None:
    with pytest.raises(ConfigError, match="data=none"):
        data.model_inputs(torch.zeros(1, 1))


def test_an_interrupted_epoch_is_resumed(data: NoData) -> None:
    loader, again = data.train_dataloader(), data.train_dataloader()
    batches = iter(loader)
    next(batches)
    again.load_state_dict(loader.state_dict())
    assert list(again) == []  # The one batch of this epoch was handed out.
    assert len(list(again)) == 1


def test_a_finished_epoch_does_not_shorten_the_next(data: NoData) -> None:
    trainer = SimpleNamespace(current_epoch=4)
    data.place(Placement(), lambda: trainer.current_epoch)
    loader, again = data.train_dataloader(), data.train_dataloader()
    assert len(list(loader)) == 1
    again.load_state_dict(loader.state_dict())
    trainer.current_epoch = 5
    assert len(list(again)) == 1
