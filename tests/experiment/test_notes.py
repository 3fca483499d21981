"""What people should know of a run is said before it trains."""

from pathlib import Path

import numpy as np
import pytest
from tests.composing import specified

from seedbed.experiment.build import build_data
from seedbed.experiment.notes import notes_on_training

SCALE = (
    "the target has mean 4,202 and deviation 802: data.target_scale=standard trains on scaled ones"
)
FULL = "L-BFGS is meant for full batches: data.batch_size=null"
RANKS = np.arange(20.0) - 9.5
TARGETS = 4202 + 802 * RANKS / RANKS.std()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.batch_size=null"], [SCALE]),
        (["optimizer=lbfgs", "data.target_scale=none", "data.batch_size=null"], []),
        (["optimizer=lbfgs", "data.target_scale=standard", "data.batch_size=8"], [FULL]),
        (["optimizer=lbfgs", "data.batch_size=8"], [SCALE, FULL]),
        (["optimizer=adam", "data.target_scale=standard", "data.batch_size=8"], []),
        (["optimizer=lbfgs", "data.target_scale=standard", "data.batch_size=20"], []),
    ],
)
def test_scale_of_the_targets_and_batches_of_lbfgs(
    tmp_path: Path, words: list[str], said: list[str]
) -> None:
    file = tmp_path / "rows.npz"
    np.savez(file, x=np.arange(60.0).reshape(20, 3), y=TARGETS)
    sizes = ["data.val_size=0", "data.test_size=0"]
    assert _notes("data=arrays", "model=linear", f"data.file={file}", *sizes, *words) == said


def test_of_shipped_data_no_scale_is_said() -> None:
    assert _notes("data=crop_yield", "data.target_scale=null") == []


def _notes(*words: str) -> list[str]:
    spec = specified(*words)
    data = build_data(spec)
    data.setup("fit")
    return list(notes_on_training(spec, data))
