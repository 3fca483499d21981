"""Jobs of more and of fewer rows train side by side as they do alone."""

from pathlib import Path

import pytest
from tests.engines.fused.comparison import (
    DOUBLE,
    LINE,
    MLP,
    STOPS,
    compare,
)

# Of 20 rows, in batches of 4: 17 rows make 5 batches, the last of one row; 15 make 4; 12 make 3.
SIZES = (3, 5, 8)
ROWS = tuple((f"data.val_size={size}", f"seed={size}", "optimizer.lr=0.02") for size in SIZES)
PER_STEP = ("scheduler=one_cycle", "scheduler.interval=step")
CASES = {
    "momentum": ("optimizer.momentum=0.9", "trainer.gradient_clip_val=0.05", *PER_STEP),
    "adam": (
        "optimizer=adam",
        "optimizer.amsgrad=true",
        "data.drop_last=true",
        "data.batch_size=6",
    ),
    "rmsprop": (
        *("optimizer=rmsprop", "optimizer.centered=true", "data.batch_size=null"),
        *("scheduler=plateau", "scheduler.patience=0", "data.test_size=2"),
    ),
    "adagrad": ("optimizer=adagrad", "data.shuffle=false", "scheduler=warmup", "data.batch_size=9"),
    "early stopping": (STOPS, "callbacks.early_stopping.patience=1", "optimizer=adamw"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_job_has_its_own_rows_and_steps(tmp_path: Path, name: str) -> None:
    common = (*LINE, *MLP, "data.rows=20", *CASES[name], DOUBLE, "trainer.max_epochs=4")
    compare(tmp_path, common, ROWS)
