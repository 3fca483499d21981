"""What TensorBoard itself reads from a run folder."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tests.experiments import built, curve, events, finished, trained

from seedbed.loggers.tensorboard import TensorBoard


def hparams(accumulator: EventAccumulator) -> dict[str, plugin_data_pb2.HParamsPluginData]:
    """Return what the HParams page reads, by tag."""
    found = accumulator.summary_metadata
    return {
        tag: plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content)
        for tag, metadata in found.items()
        if metadata.plugin_data.plugin_name == "hparams"
    }


def test_scalars_are_read_back_at_their_epochs(tmp_path: Path) -> None:
    logger = TensorBoard(tmp_path)
    for epoch in range(1, 101):
        logger.log_metrics({"train/loss": 1.0 / epoch, "val/loss": 2.0 / epoch}, step=epoch)
    logger.close()
    for tag, factor in (("train/loss", 1.0), ("val/loss", 2.0)):
        found = curve(tmp_path, tag)
        assert list(found) == list(range(1, 101))
        assert found == pytest.approx({epoch: factor / epoch for epoch in found}, rel=1e-6)


def test_a_running_curve_is_on_disk_after_flush_secs(tmp_path: Path) -> None:
    logger = TensorBoard(tmp_path, flush_secs=0)
    logger.log_metrics({"train/loss": 1.0}, step=1)
    assert curve(tmp_path) == {1: 1.0}


def test_a_run_shows_config_command_graph_and_learning_rate(tmp_path: Path) -> None:
    experiment = built(
        tmp_path, "callbacks=default", "callbacks.progress.bar=false", "trainer.max_epochs=2"
    )
    finished(experiment)
    accumulator = events(tmp_path)
    assert accumulator.Graph().node
    config = accumulator.Tensors("config/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "max_epochs: 2" in config
    command = accumulator.Tensors("command/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "seedbed train" in command
    assert "trainer.max_epochs=2" in command
    assert curve(tmp_path, "train/learning_rate") == pytest.approx({1: 1e-5, 2: 1e-5})


def test_the_hparams_row_has_choices_and_changed_keys(tmp_path: Path) -> None:
    trained(tmp_path, "optimizer.lr=2e-5", "data.val_size=3", "trainer.max_epochs=3")
    accumulator = events(tmp_path)
    found = hparams(accumulator)
    start = found["_hparams_/session_start_info"].session_start_info.hparams
    assert start["optimizer.lr"].number_value == 2e-5
    assert start["data.val_size"].number_value == 3
    # TensorBoard takes the columns from the first such list that it finds, for all runs; without
    # one it takes every key and every scalar of every run.
    assert set(found) == {"_hparams_/session_start_info", "_hparams_/session_end_info"}
    assert {"train/loss", "val/loss", "val/rmse"} <= set(accumulator.Tags()["scalars"])


@pytest.mark.parametrize("size", [(1, 1), (300, 70)])
def test_pictures_are_read_back_as_they_were(tmp_path: Path, size: tuple[int, int]) -> None:
    file = BytesIO()
    Image.new("RGB", size, "navy").save(file, "PNG")
    logger = TensorBoard(tmp_path)
    logger.log_image("fit", file.getvalue(), step=7)
    logger.log_image("fit", file.getvalue(), step=9)
    logger.close()
    found = events(tmp_path).Images("fit")
    assert [picture.step for picture in found] == [7, 9]
    assert found[0].encoded_image_string == file.getvalue()
    assert (found[0].width, found[0].height) == size


def test_a_model_that_cannot_be_traced_trains_without_a_graph(tmp_path: Path) -> None:
    experiment = built(tmp_path, "trainer.max_epochs=1")
    net = experiment.module.net
    forward = type(net).forward

    def untraceable(input):
        if len(input) == 1 and not experiment.trainer.training:
            raise RuntimeError("of the test")
        return forward(net, input)

    net.forward = untraceable  # type: ignore[method-assign]
    finished(experiment)
    assert curve(tmp_path)
    assert not events(tmp_path).Tags()["graph"]
