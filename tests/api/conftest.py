"""A run and a sweep on a small table, made once: they are read, never changed."""

from pathlib import Path

import pytest
from tests.api.folders import TABLE, command_in


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `table.csv`, a `sweep` of 3 learning rates and 2 seeds, and a `run`."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "table.csv").write_text(TABLE)
    words = ["data=table", "data.file=table.csv", "data.target=kind", "model=mlp"]
    words += ["model.hidden=[4]", "optimizer=adam", "trainer.max_epochs=4"]
    command_in(
        folder,
        *("train", "-m", *words, "optimizer.lr=0.001,0.01,0.1", "seed=0,1"),
        "hydra.sweep.dir=sweep",
    )
    command_in(
        folder, "train", *words, "hydra.run.dir=run", "+callback@callbacks.matrix=confusion_matrix"
    )
    return folder
