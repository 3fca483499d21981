"""Jobs of more and of fewer rows train side by side as they do alone."""

from io import BytesIO
from pathlib import Path

import pytest
import torch
from tests.composing import composed
from tests.engines.fused.comparison import (
    BLOBS,
    DOUBLE,
    LINE,
    MLP,
    QUIET,
    STOPS,
    compare,
)

from seedbed.config.spec import run_spec
from seedbed.engines.fused.engine import Engine
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of

# Of 20 rows, in batches of 4: 17 rows make 5 batches, the last of one row; 15 make 4; 12 make 3.
SIZES = (3, 5, 8)
ROWS = tuple((f"data.val_size={size}", f"seed={size}", "optimizer.lr=0.02") for size in SIZES)
PER_STEP = ("scheduler=one_cycle", "scheduler.interval=step")
CASES = {
    "momentum": ("optimizer.momentum=0.9", "trainer.gradient_clip_val=0.05", *PER_STEP),
    "adam": (
        *("optimizer=adam", "optimizer.amsgrad=true"),
        *("data.drop_last=true", "data.batch_size=6"),
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


FOLDS = tuple(("data.folds=3", f"data.fold={fold}") for fold in range(3))
FITTED = {
    "scaled targets": (*LINE, "data.targets=2", "data.target_scale=standard", "data.rows=22"),
    "weights": (
        *(*LINE, "data.weight=x1", "data.features=1", "data.feature_names=[x1]"),
        "data.rows=22",
    ),
    "balanced and weighted": (
        *(*BLOBS, "data._target_=tests.sweep.own_data.WeightedBlobs", "data.weight=w"),
        *("task.class_weights=balanced", "task.label_smoothing=0.1", "data.rows=23"),
    ),
}


@pytest.mark.parametrize("name", FITTED)
def test_what_is_fitted_is_fitted_to_the_training_rows_of_each_fold(
    tmp_path: Path, name: str
) -> None:
    outcomes = compare(tmp_path, (*FITTED[name], "optimizer=adam", DOUBLE), FOLDS)
    assert len({outcome.metrics["val/loss"] for outcome in outcomes}) == len(FOLDS)


def test_jobs_of_different_numbers_of_rows_go_on_exactly(tmp_path: Path) -> None:
    lengths = ((*job, f"trainer.max_epochs={n}") for job, n in zip(ROWS, (5, 2, 4), strict=True))
    jobs = [composed(*QUIET, *LINE, *MLP, "optimizer=adam", *PER_STEP, *job) for job in lengths]

    def engine() -> Engine:
        return Engine(make_group(run_spec(jobs[0]), [numbers_of(job) for job in jobs]))

    saved = BytesIO()

    def stop(engine: Engine) -> None:
        if engine.epoch == 3:
            torch.save(engine.state(), saved)
            raise InterruptedError

    undisturbed = engine().train()
    with pytest.raises(InterruptedError):
        engine().train(stop)
    saved.seek(0)
    later = engine()
    later.restore(torch.load(saved, weights_only=True))
    for outcome, expected in zip(later.train(), undisturbed, strict=True):
        assert (outcome.metrics, outcome.last.step) == (expected.metrics, expected.last.step)
        torch.testing.assert_close(outcome.last.weights, expected.last.weights, rtol=0, atol=0)


@pytest.mark.parametrize("encode", ["one_hot", "embedding"])
def test_a_table_is_prepared_for_each_fold_by_itself(tmp_path: Path, encode: str) -> None:
    rows = [(n * 7 % 11, "abc"[n % 3] if n else "only here", n * n % 13 + n % 3) for n in range(28)]
    file = tmp_path / "rows.csv"
    lines = ["size,kind,price", *(",".join(map(str, row)) for row in rows), ",a,4"]
    file.write_text("\n".join(lines))
    table = ("data=table", f"data.file={file}", "data.target=price", f"data.encode={encode}")
    scaled = ("data.target_scale=standard", "data.val_size=0", "data.test_size=0", *MLP, DOUBLE)
    compare(tmp_path, (*table, *scaled, "optimizer=adam", "data.batch_size=8"), FOLDS)
