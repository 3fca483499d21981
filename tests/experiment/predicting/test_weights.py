"""When the best epoch is far from the last, and which weights a checkpoint holds, in words."""

from typing import Any

import pytest

from seedbed.experiment.predicting.weights import (
    Picked,
    chosen_weights,
    far_apart,
    is_within_epoch,
)


def record(best: tuple[int, float | None], last: tuple[int, float | None]) -> dict[str, Any]:
    kept = {
        name: {"epoch": epoch, "metrics": {} if value is None else {"val/x": value}}
        for name, (epoch, value) in (("best", best), ("last", last))
    }
    return {"status": "completed", "checkpoints": kept}


@pytest.mark.parametrize(
    ("best", "last", "far"),
    [
        ((10, 0.5), (100, 0.5), True),  # The first tenth.
        ((11, 0.5), (100, 0.5), False),
        ((1, 0.5), (9, 0.5), False),  # A tenth of so few says nothing.
        ((50, 0.4), (100, 0.61), True),  # A loss that grew by more than a half.
        ((50, 0.4), (100, 0.59), False),
        ((50, 0.95), (100, 0.89), True),  # An accuracy that lost more than 5 points.
        ((50, 0.95), (100, 0.91), False),
        ((50, 0.0), (100, 0.1), True),
        ((50, -2.0), (100, -0.9), True),
        ((100, 0.4), (100, 0.4), False),
        ((50, 0.4), (100, None), False),
        ((50, 0.4), (100, float("nan")), False),
    ],
)
def test_far_apart(best: Any, last: Any, far: bool) -> None:
    lines = far_apart(record(best, last), "best", Picked("val/x"))
    assert bool(lines) == far
    if lines:
        assert f"{best[0]} (val/x {best[1]:.6g})" in lines[0]
        assert lines[-1] == "checkpoint=last takes the other"


def test_few_validation_rows_are_said() -> None:
    far = record((1, 1.6), (3000, 5.7))
    said = far_apart(far, "last", Picked("val/x", 2))[1]
    assert said.startswith("2 validation rows picked it, so few that it may be by chance")
    assert said.endswith("checkpoint=best takes the other")
    assert "validation row" not in far_apart(far, "best", Picked("val/x", 20))[1]


def test_weights_between_two_steps_are_said_to_be() -> None:
    inside = {"loops": {"fit_loop": {"epoch_progress": {"current": {"processed": 2}}}}}
    checkpoint = {"epoch": 3, "global_step": 27000, **inside}
    chosen = chosen_weights(record((2, 1.0), (3, None)), checkpoint, "last", "last", Picked("x"))
    assert chosen.called == "within epoch 3, after step 27,000 (last)"
    assert not is_within_epoch({**checkpoint, "epoch": 2})
    assert not is_within_epoch({"epoch": 3})
    assert not is_within_epoch({"epoch": 3, "loops": [1], "global_step": 1})


def test_the_epoch_is_that_of_the_file_where_the_record_is_older() -> None:
    chosen = chosen_weights(
        record((2, 1.0), (3, 1.0)), {"epoch": 5}, "last", "last", Picked("val/x")
    )
    assert (chosen.epoch, chosen.called) == (5, "epoch 5 (last)")
