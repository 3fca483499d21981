"""What a run prints while it trains."""

from pathlib import Path

import pytest
from tests.experiments import built, finished


def lines(folder: Path, capsys: pytest.CaptureFixture[str], *overrides: str) -> list[str]:
    """Train with plain lines and return them."""
    experiment = built(
        folder, "callbacks=default", "callbacks.progress.bar=false", "logger=none", *overrides
    )
    capsys.readouterr()
    finished(experiment)
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]


def test_ten_lines_over_the_run_and_the_last_epoch_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lines(tmp_path, capsys, "trainer.max_epochs=50")
    assert [line.split()[1] for line in found] == [f"{n}/50" for n in range(5, 51, 5)]


def test_a_line_tells_the_numbers_of_its_own_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.experiments import curve

    experiment = built(
        tmp_path,
        "callbacks=default",
        "callbacks.progress.bar=false",
        "data.val_size=3",
        "trainer.max_epochs=4",
    )
    finished(experiment)
    shown = {}
    for line in capsys.readouterr().err.splitlines():
        words = line.split()
        if line.startswith("epoch"):
            shown[int(words[1].partition("/")[0])] = float(words[words.index("val/loss") + 1])
    assert shown == pytest.approx(curve(tmp_path, "val/loss"), rel=1e-5)


def test_a_run_without_a_known_end_does_not_print_every_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lines(tmp_path, capsys, "trainer.max_epochs=null", "trainer.max_steps=60")
    assert len(found) == 1  # the last one


def test_the_bar_shows_epoch_and_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = built(
        tmp_path,
        "callbacks=default",
        "callbacks.progress.bar=true",
        "logger=none",
        "trainer.max_epochs=6",
    )
    finished(experiment)
    shown = capsys.readouterr().err
    assert "epoch 6/6" in shown
    assert "train/loss" in shown
