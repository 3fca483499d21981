"""Specs of runs that differ in seed and fold alone: as they would be read from their folders."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf
from tests.composing import composed

from seedbed.config.spec import RunSpec
from seedbed.experiment.predicting.similar_runs import similar_spec
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_spec

WORDS = ("data=blobs", "data.folds=3", "data.fold=0", "model=mlp", "seed=1")


def saved(folder: Path, *words: str) -> RunFolder:
    run = RunFolder(folder)
    run.config.parent.mkdir(parents=True)
    OmegaConf.save(composed(*WORDS, *words), run.config)
    return run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunSpec]:
    run = saved(tmp_path_factory.mktemp("first") / "run")
    return run, load_spec(run, [])


@pytest.mark.parametrize("words", [(), ("seed=7",), ("data.fold=2",), ("data.fold=1", "seed=3")])
def test_it_is_the_spec_that_is_read(
    first: tuple[RunFolder, RunSpec], tmp_path: Path, words: tuple[str, ...]
) -> None:
    run = saved(tmp_path / "run", *words)
    assert similar_spec(run, *first) == load_spec(run, [])


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("fold: 0", "fold: 3"),  # There are three.
        ("fold: 0", "fold: 0x1"),
        ("fold: 0", "fold: null"),
        ("seed: 1", "seed: 10000000000"),
        ("data_seed: 0", "data_seed: 1"),
        ("rows: 1000", "rows: 1001"),
        ("notes: null", "notes: ${seed}"),
        ("seedbed.models.MLP", "os.system"),
    ],
)
def test_whatever_else_differs_is_read_and_checked(
    first: tuple[RunFolder, RunSpec], tmp_path: Path, now: str, then: str
) -> None:
    run = saved(tmp_path / "run")
    text = run.config.read_text()
    assert now in text
    run.config.write_text(text.replace(now, then))
    assert similar_spec(run, *first) is None
