"""Figures of a search in its folder, and in TensorBoard."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from seedbed.sweep.results.searched.drawn import Drawing, draw
from seedbed.sweep.results.searched.told import keys_of, shares_of
from seedbed.sweep.results.searched.trials import Trial

STATUSES = ["completed", "stopped_early", "failed", "diverged"]
HOSTILE = "x$[bold]\x1b[31m"


def drawing() -> Drawing:
    random = np.random.default_rng(0)
    trials = []
    for number in range(40):
        status = STATUSES[number % 8 // 2] if number % 2 else "completed"
        value = float(random.uniform()) if status in STATUSES[:2] else None
        axes = {"lr": repr(10 ** random.uniform(-4, 0)), HOSTILE: ("a", "b$")[number % 2]}
        metrics = {"model/parameters": float(number)}
        metrics |= {} if value is None else {"best/val/loss": value}
        trials.append(Trial(number, status, value, axes, metrics))
    keys = keys_of(trials)
    curves = {trial.number: {1: 1.0, 2: trial.value} for trial in trials if trial.value is not None}
    return Drawing(
        trials,
        keys,
        shares_of(trials, keys, "min"),
        "val/loss",
        "min",
        curves,
        range(0, 40, 10),
        objectives=[("val/loss", "min"), ("model/parameters", "min")],
        front=frozenset({0, 2}),
    )


def test_figures_are_in_the_folder_and_in_tensorboard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events.out.tfevents.1.of_before").write_bytes(b"")
    lines = draw(tmp_path, drawing(), event_file=True)

    names = ["curves", "front", "history", "importances", "slices"]
    assert lines == [f"figures      {tmp_path / 'figures'}: {', '.join(names)}"]
    [events] = tmp_path.glob("events.out.tfevents.*")
    read = EventAccumulator(str(events))
    read.Reload()
    for name in names:
        [image] = read.Images(f"search/{name}")
        assert image.encoded_image_string == (tmp_path / "figures" / f"{name}.png").read_bytes()
        assert image.step == 40
    assert capsys.readouterr() == ("", "")


def test_a_figure_that_cannot_be_drawn_is_told_and_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr("seedbed.figures.search.slices", broken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(tmp_path, drawing(), event_file=False)

    assert capsys.readouterr().err == (
        "seedbed: figures/slices.png: not drawn: ValueError: no ink\n"
    )
    assert len(list((tmp_path / "figures").iterdir())) == 4
    assert not list(tmp_path.glob("events*"))


@pytest.mark.parametrize("rank", ["best", "last"])
def test_figures_say_and_show_the_epoch_whose_metrics_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str
) -> None:
    metrics = {"best/val/loss": 1.0, "val/loss": 2.0, "model/parameters": 3.0}
    trials = [Trial(0, "completed", 1.0, {}, metrics)]
    objectives = [("val/loss", "min"), ("model/parameters", "min")]
    shown: dict[str, tuple] = {}
    for name in ("history", "front"):
        instead = lambda *given, name=name: shown.setdefault(name, given)  # noqa: E731
        monkeypatch.setattr(f"seedbed.figures.search.{name}", instead)
    one = Drawing(trials, [], None, "val/loss", "min", objectives=objectives, rank=rank)
    draw(tmp_path, one, event_file=False)

    assert shown["history"][3] == f"{rank} val/loss"
    assert shown["front"][0].tolist() == [[1.0 if rank == "best" else 2.0, 3.0]]
    assert shown["front"][3] == (f"{rank} val/loss", "model/parameters")
