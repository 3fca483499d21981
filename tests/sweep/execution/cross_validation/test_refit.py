"""The words of the run on all rows, made of those of a job of a fold."""

import pytest
from tests.composing import composed

from seedbed.sweep.execution.cross_validation.refit import refit_words

FOLD = ("data.folds=5", "data.fold=2")
LAST = "callbacks.checkpoint.keep_best=false"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["optimizer.lr=0.1"], ["optimizer.lr=0.1", "trainer.max_epochs=7", LAST]),
        (["trainer.max_epochs=90", "seed=3"], ["trainer.max_epochs=7", "seed=3", LAST]),
        (["sweep.folds=5", "sweep.keep=best"], ["trainer.max_epochs=7", LAST]),
        (
            ["callbacks=early_stopping", "callbacks.early_stopping.patience=3"],
            [
                *("callbacks=early_stopping", "trainer.max_epochs=7", LAST),
                "callbacks.early_stopping=null",
            ],
        ),
        (
            ["optimized_metric=val/r2", "optimized_mode=max", "trainer.min_epochs=9"],
            [
                *("optimized_metric=null", "optimized_mode=null", "trainer.min_epochs=null"),
                *("trainer.max_epochs=7", LAST),
            ],
        ),
        (
            ["optimized_metric=train/r2"],
            ["optimized_metric=train/r2", "trainer.max_epochs=7", LAST],
        ),
        (
            ["+callback@callbacks.stop=loss_converged", "trainer.max_steps=99"],
            [
                *("+callback@callbacks.stop=loss_converged", "trainer.max_steps=null"),
                *("trainer.max_epochs=7", LAST, "callbacks.stop=null"),
            ],
        ),
    ],
)
def test_the_run_on_all_rows_has_neither_folds_nor_rules_that_stop_it(
    words: list[str], expected: list[str]
) -> None:
    own = [word for word in words if not word.startswith("sweep.")]
    config = composed("data=crop_yield", *own, *FOLD)
    found = refit_words(config, (*words, *FOLD), 7)
    assert sorted(found) == sorted(expected)
    # They are the words of a command.
    again = composed("data=crop_yield", *found)
    assert (again.trainer.max_epochs, again.data.folds, again.data.fold) == (7, None, None)
