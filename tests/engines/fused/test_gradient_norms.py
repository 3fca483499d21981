"""Norms of the gradients of jobs side by side: those that each job has alone."""

from pathlib import Path

import numpy as np
import pytest
from tests.callbacks.figures.runs import add
from tests.composing import composed
from tests.engines.fused.comparison import (
    BLOBS,
    DOUBLE,
    EPOCHS,
    LINE,
    MLP,
    QUIET,
    RATES,
    SPLIT,
    compare,
    together,
)
from tests.experiments import trained

from seedbed.runs.outcome import RunOutcome
from seedbed.sweep.planning.compatibility import why_alone

ALONE = add("gradients", figure="false", numbers="false")
CLIPS = ("trainer.gradient_clip_val=0.1", "trainer.gradient_clip_val=null")
CASES = {
    "batches": (LINE, RATES),
    "clipped by norm": ((*LINE, "trainer.gradient_clip_val=0.2"), RATES),
    "some clipped by value": (
        (*LINE, "trainer.gradient_clip_algorithm=value"),
        tuple((*job, clip) for job, clip in zip(RATES, CLIPS, strict=False)),
    ),
    "frozen": ((*LINE, *MLP, "freeze.parameters=[hidden_*]"), RATES),
    "several sizes": (
        ("data=linear_noise", "data.rows=20"),
        (("data.batch_size=4",), ("data.batch_size=7",), ("data.batch_size=null",)),
    ),
    "several widths": (
        (*BLOBS, "model=mlp"),
        (("model.hidden=[3]",), ("model.hidden=[6]",)),
    ),
}


@pytest.mark.parametrize(("common", "jobs"), CASES.values(), ids=CASES.keys())
def test_jobs_have_the_norms_that_they_have_alone(
    tmp_path: Path, common: tuple[str, ...], jobs: tuple[tuple[str, ...], ...]
) -> None:
    outcomes = compare(tmp_path, (*common, DOUBLE, *ALONE), jobs)
    assert all(outcome.metrics["train/gradient_norm"] > 0 for outcome in outcomes)
    has_clipped = ["train/gradient_norm_clipped" in outcome.metrics for outcome in outcomes]
    assert has_clipped == ["clip_val=0" in f"{(*common, *job)}" for job in jobs]


def test_the_curves_have_the_norm_of_each_parameter_that_is_asked_for(tmp_path: Path) -> None:
    words = (*BLOBS, *MLP, *SPLIT[:1], DOUBLE, EPOCHS, *ALONE)
    words = (*words, "callbacks.gradients.parameters=[output_*]")
    alone = trained(tmp_path, *QUIET[1:], *words, *RATES[1]).module.curves()
    [_, outcome, _] = together(tmp_path, words, RATES)
    names = {name for name in alone.values if "gradient" in name}
    assert names == {
        *("train/gradient_norm", "gradient_norm/output_linear.weight"),
        "gradient_norm/output_linear.bias",
    }
    found = curves_of(outcome)
    assert {name for name in found if "gradient" in name} == names
    for name in names:
        np.testing.assert_allclose(found[name], alone.values[name], rtol=1e-9)


def curves_of(outcome: RunOutcome) -> dict[str, np.ndarray]:
    return dict(outcome.curves.values)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "callbacks.gradients.numbers=None"),
        ({"numbers": "false"}, "callbacks.gradients.figure=True"),
        ({"every_n_steps": 2, "figure": "false", "numbers": "false"}, "every_n_steps=2"),
    ],
)
def test_jobs_that_draw_log_numbers_or_steps_train_one_after_another(
    keys: dict[str, object], reason: str
) -> None:
    assert why_alone(composed(*QUIET, *LINE, *add("gradients", **keys))).endswith(reason)
