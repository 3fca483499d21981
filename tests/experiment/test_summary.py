"""What a run prints: its data in one line, its metrics in a table, and where it lies."""

from pathlib import Path
from typing import Any

import pytest

from seedbed.config.schema import data as schema
from seedbed.experiment.summary import closing_lines, data_line, epoch_columns
from seedbed.runs.outcome import EpochState, RunOutcome
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import relative


def crop_yield(**options: Any) -> Any:
    return schema.CropYield(task="regression", input_shape=[3], output_size=2, **options)


def test_the_data_line_tells_the_sizes() -> None:
    sizes = {"train": 50_000, "val": 10_000, "test": 1_234}

    assert data_line("crop_yield", sizes, crop_yield(val_size=10_000.0)) == (
        "data  crop_yield: 50,000 rows to train on, 10,000 to validate, 1,234 to test"
    )


def test_the_data_line_says_that_nothing_is_held_out() -> None:
    assert data_line("crop_yield", {"train": 15}, crop_yield()) == (
        "data  crop_yield: 15 rows to train on, no validation (data.val_size=0)"
    )
    assert data_line("crop_yield", {"train": 12, "test": 3}, crop_yield(test_size=3.0)) == (
        "data  crop_yield: 12 rows to train on, 3 to test, no validation (data.val_size=0)"
    )


def test_the_data_line_of_a_stream() -> None:
    stream = schema.Clusters(
        task="binary", input_shape=[2], output_size=1, sample="stream", batches_per_epoch=5
    )

    assert data_line("clusters", {"train": 2_000, "val": 100}, (stream)) == (
        "data  clusters: a stream of 5 x 2,000 rows an epoch, 100 to validate"
    )


def test_the_data_line_of_a_fixed_sample() -> None:
    fixed = schema.Clusters(task="binary", input_shape=[2], output_size=1, sample="fixed")

    assert data_line("clusters", {"train": 900, "val": 100}, (fixed)) == (
        "data  clusters: 900 rows to train on, 100 to validate"
    )


def test_the_data_line_of_a_dataset_of_the_users() -> None:
    own = schema.TorchDataset(
        task="binary", input_shape=[2], output_size=1, train={"_target_": "mine.Rows"}
    )

    # Its length is not known, and it has no val_size that could be set.
    assert data_line("torch_dataset", {}, (own)) == ("data  torch_dataset: rows of your own")


def state(epoch: int, loss: float) -> EpochState:
    return EpochState(epoch, 5 * epoch, {"train/loss": loss})


def test_best_and_last_epoch_have_a_column_each() -> None:
    columns = epoch_columns(RunOutcome(best=state(3, 0.5), last=state(10, 0.75)))

    assert columns == {
        "epoch 3 (best)": {"train/loss": 0.5},
        "epoch 10 (last)": {"train/loss": 0.75},
    }
    assert list(columns) == ["epoch 3 (best)", "epoch 10 (last)"]


def test_one_epoch_that_is_both_has_one_column() -> None:
    columns = epoch_columns(RunOutcome(best=state(7, 0.5), last=state(7, 0.5)))

    assert columns == {"epoch 7 (best, last)": {"train/loss": 0.5}}


def test_a_run_without_checkpoints_shows_its_last_metrics() -> None:
    assert epoch_columns(RunOutcome()) == {}
    assert epoch_columns(RunOutcome(metrics={"train/loss": 2.0})) == {"last": {"train/loss": 2.0}}
    assert epoch_columns(RunOutcome(last=state(1, 2.0))) == {"epoch 1 (last)": {"train/loss": 2.0}}


def printed(columns: dict[str, dict[str, float]], capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The cells of each line that is not blank or a rule, without the space between them."""
    print_table(metrics_table(columns))
    lines = capsys.readouterr().out.splitlines()
    return [line.split() for line in lines if line.strip(" ─━-")]


def test_the_table_has_a_row_for_every_metric(capsys: pytest.CaptureFixture[str]) -> None:
    columns = {
        "best": {"train/loss": 0.123456789, "val/loss": 1e-9, "val/accuracy": 1.0},
        "last": {"train/loss": 123456789.0, "test/loss": float("nan"), "val/loss": 2},
    }

    lines = printed(columns, capsys)

    # Six digits, in the order in which the metrics come first; a value that is missing is blank.
    assert lines == [
        ["metric", "best", "last"],
        ["train/loss", "0.123457", "1.23457e+08"],
        ["val/loss", "1e-09", "2"],
        ["val/accuracy", "1"],
        ["test/loss", "nan"],
    ]


def test_values_stand_under_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(metrics_table({"best": {"a": 1.0}, "last": {"b": 2.0}}))

    title, _, first, second = (
        line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()
    )
    # Flush right: `1` ends where `best` ends, `2` where `last` does.
    assert len(first) == title.index("best") + len("best")
    assert len(second) == len(title)


def test_a_wide_table_is_not_cut_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = {f"epoch number {n}": {"train/loss": 1.00001 + n} for n in range(30)}

    print_table(metrics_table(columns))

    out = capsys.readouterr().out
    for n in range(30):
        assert f"epoch number {n}" in out
        assert f"{1.00001 + n:.6g}" in out


def test_paths_below_the_working_folder_are_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below, beside = tmp_path / "work" / "outputs" / "run", tmp_path / "workshop"
    below.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")

    assert relative(below) == "outputs/run"
    assert relative(Path("outputs") / ".." / "outputs" / "run") == "outputs/run"
    # A name that begins alike is not below.
    assert relative(beside) == str(beside)
    assert relative(tmp_path) == str(tmp_path)


def test_a_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "outputs").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "work")

    assert relative(Path("outputs")) == str(tmp_path / "elsewhere")


def test_the_closing_lines_say_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    lines = closing_lines(tmp_path / "outputs" / "runs" / "today", "outputs").splitlines()

    assert lines == [
        "run folder   outputs/runs/today",
        "TensorBoard  seedbed dashboard outputs",
    ]


def test_the_dashboard_of_a_run_outside_of_the_outputs_is_that_of_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    lines = closing_lines(tmp_path / "IMG", "outputs").splitlines()

    assert lines == ["run folder   IMG", "TensorBoard  seedbed dashboard IMG"]
