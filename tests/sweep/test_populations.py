"""Sweeps whose trials are a population: what their folders say, and one trial's schedule alone."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from tests.composing import composed
from tests.conftest import Outcome

from seedbed.errors import ConfigError
from seedbed.sweep.execution.chunk_state import ChunkState
from seedbed.sweep.planning.populations import check_population
from seedbed.sweep.results.lineage import line_of, read_lineage
from seedbed.sweep.search.space.dimensions import Dimension, Space
from seedbed.sweep.search.space.reading import values_of
from seedbed.sweep.search.space.stored import stored_space

TRAIN = (
    "data=linear_noise", "data.rows=24", "data.features=2", "data.batch_size=6", "data.val_size=6",
    "data.test_size=4", "model=mlp", "model.hidden=[3]", "optimizer=adam", "trainer.max_epochs=7",
    "logger=none", "callbacks=quiet",
)  # fmt: skip
RATE = "optimizer.lr=tag(log,interval(1e-4,1))"
DECAY = "optimizer.weight_decay=interval(0.001,0.2)"
PBT = ("search=pbt", "search.trials=4", "search.interval=2")


def record(folder: Path) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return fields


def table(folder: Path) -> list[dict[str, str]]:
    rows = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    return [{name: cell for name, cell in row.items() if name != "seconds"} for row in rows]


def test_a_trial_ends_as_its_schedule_does_alone(
    command: Callable[..., Outcome], tmp_path: Path
) -> None:
    words = (*TRAIN, *PBT, RATE, DECAY, "seed=3", "sweep.repeats=2", "scheduler=cosine")
    outcome = command("train", "-m", *words, "hydra.sweep.dir=S")
    assert outcome.code == 0, outcome.err
    assert "best alone   seedbed train schedule_of=S/" in outcome.out
    assert "a population of 4: every 2 epochs the worst 1 take over the best 1" in outcome.out
    rows = read_lineage(tmp_path / "S" / "population.csv")
    assert (tmp_path / "S" / "figures" / "population.png").is_file()
    # A quarter of four trials at each of three exchanges.
    assert [row.epoch for row in rows] == [0, 0, 0, 0, 2, 4, 6]
    for number in range(8):
        line = [
            {"epoch": row.epoch, "from": row.source, "values": dict(row.values)}
            for row in line_of(rows, number // 2)
        ]
        assert record(tmp_path / "S" / str(number))["schedule"] == line
    taken = 2 * rows[-1].trial + 1
    outcome = command("train", f"schedule_of=S/{taken}", "hydra.run.dir=R")
    assert outcome.code == 0, outcome.err
    trial, alone = record(tmp_path / "S" / str(taken)), record(tmp_path / "R")
    assert (alone["schedule"], alone["seed"]) == (trial["schedule"], 4)
    assert Path(alone["schedule_of"]) == tmp_path / "S" / str(taken)
    assert alone["metrics"] == pytest.approx(trial["metrics"], rel=1e-4)
    for name in ("best", "last"):
        kept, known = alone["checkpoints"][name], trial["checkpoints"][name]
        assert (kept["epoch"], kept["step"]) == (known["epoch"], known["step"])
    assert command("repeat", "run=S/0", "folder=again").code == 0
    assert "trial of a population" in command("train", f"resume=S/{taken}").err


def test_it_goes_on_after_a_stop_with_the_same_lineage(
    command: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", "-m", *TRAIN, *PBT, RATE, "sweep.every_seconds=0")
    assert command(*words, "hydra.sweep.dir=S").code == 0
    saved = ChunkState.after_epoch

    def stopping(self: ChunkState, engine: Any) -> None:
        if engine.epoch == 3:
            self.requested = lambda: 2
        saved(self, engine)

    monkeypatch.setattr(ChunkState, "after_epoch", stopping)
    assert command(*words, "hydra.sweep.dir=T").code == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert command("train", "-m", "sweep.resume=T").code == 0
    for name in ("population.csv", "figures/population.png"):
        assert (tmp_path / "S" / name).read_bytes() == (tmp_path / "T" / name).read_bytes()
    assert table(tmp_path / "S") == table(tmp_path / "T")
    more = command("train", "-m", "sweep.resume=T", "trainer.max_epochs=9")
    assert "a population goes on as it was begun" in more.err
    assert "stays as large" in command("train", "-m", "sweep.resume=T", "search.trials=9").err


REFUSED = {
    ("model.hidden=[3],[4]",): "model.hidden cannot change while a trial trains",
    ("data.batch_size=4,6",): "data.batch_size cannot change while a trial trains",
    ("optimizer=adam,sgd",): "optimizer cannot change while a trial trains",
    ("trainer.gradient_clip_val=1,null",): "trainer.gradient_clip_val: None is no number",
    ("optimizer.momentum=choice(0,0.9)",): "0 among its values",
    (RATE, "stop=median"): "stop: search=pbt replaces bad trials itself",
    (RATE, "sweep.fuse=never"): "sweep.fuse=never: the trials of search=pbt take over",
    (RATE, "search.interval=9", "trainer.max_epochs=9"): "search.interval: 9, and trainer",
    (RATE, "search.generation=2"): "search.generation: 2, and all 20 trials",
    (RATE, "sweep.folds=2", "sweep.refit=true"): "sweep.refit=true",
    (
        RATE,
        "+callback@callbacks.early_stopping=early_stopping",
    ): "callbacks.early_stopping: search=pbt",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_no_population_can_is_refused_by_name(words: tuple[str, ...]) -> None:
    overrides = OverridesParser.create().parse_overrides(list(words))
    swept = [word for word in overrides if word.is_sweep_override()]
    fixed = [str(word.input_line) for word in overrides if not word.is_sweep_override()]
    config = composed("optimizer=sgd", "search=pbt", *fixed)
    dimensions = [Dimension(word.get_key_element(), values_of(word)) for word in swept]
    space = stored_space(Space((), tuple(dimensions)))
    with pytest.raises(ConfigError) as refusal:
        check_population(config, space)
    assert REFUSED[words] in str(refusal.value)


def test_what_does_not_fuse_is_no_population(refused: Callable[..., str]) -> None:
    words = [word for word in TRAIN if not word.startswith("optimizer=")]
    message = refused("train", "-m", *words, *PBT, RATE, "optimizer=lbfgs")
    assert "search=pbt: its trials take over each other's weights as one program" in message
    assert "optimizer torch.optim.LBFGS has no update rule" in message


def test_what_is_no_trial_has_no_schedule(refused: Callable[..., str]) -> None:
    assert "schedule_of=nowhere: no such folder" in refused("train", "schedule_of=nowhere")
    assert "without -m" in refused("train", "-m", "schedule_of=nowhere", "seed=1,2")
    assert "schedule: the first entry must be that of epoch 0" in refused(
        "train", "schedule=[{epoch:3,values:{optimizer.lr:0.1}}]"
    )
