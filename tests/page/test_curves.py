"""Curves in a document: every number where it belongs, thinned where they are many."""

import base64

import numpy as np
import pytest

from seedbed.page import curves
from seedbed.page.curves import Placed, encoded, is_constant
from seedbed.page.part import CurveBlock


def decoded(found, name):
    """Return the curves of a metric by job, as a dictionary of epochs."""
    numbers = np.frombuffer(base64.b64decode(found.values[name]), "<f4")
    by_job, start = {}, 0
    for job, grid in enumerate(found.grid_of_job):
        epochs = found.grids[grid] if grid >= 0 else []
        values = numbers[start : start + len(epochs)].tolist()
        by_job[job] = dict(zip(epochs, values, strict=True))
        start += len(epochs)
    assert start == len(numbers)
    return by_job


def block(jobs, epochs, **values):
    return CurveBlock(jobs, np.array(epochs), {k: np.array(v, float) for k, v in values.items()})


def test_curves_of_several_blocks_are_in_the_order_of_the_jobs():
    nan = float("nan")
    placed = [
        # The second one ended after two epochs, the third never began.
        Placed(block([1, 0, 2], [1, 2, 4], a=[[1, 2, 3], [4, 5, nan], [nan] * 3]), 0, "a", "min"),
        Placed(block([0], [3], b=[[9]]), 3, "b", "min"),
    ]
    found = encoded(placed, 5, [0, 0, 0, 1, 2], ["a", "b"])
    assert found.grids == [[1, 2, 4], [1, 2], [3]]
    assert found.grid_of_job == [1, 0, -1, 2, -1]
    assert decoded(found, "a")[0] == {1: 4, 2: 5}
    assert decoded(found, "a")[1] == {1: 1, 2: 2, 4: 3}
    assert decoded(found, "b")[3] == {3: 9}
    assert np.isnan(decoded(found, "b")[1][1])
    assert found.thinned == "3 of 4 epochs were logged (sweep.points, log_every_n_epochs)"


def test_many_curves_keep_their_ends_their_best_epoch_and_their_extremes(monkeypatch):
    monkeypatch.setattr(curves, "MOST_NUMBERS", 400)
    random = np.random.default_rng(0)
    loss, other = random.random((2, 20, 100))
    epochs = range(1, 101)
    every = range(20)
    placed = [Placed(block(list(every), epochs, loss=loss, other=other), 0, "loss", "min")]
    found = encoded(placed, 20, list(every), ["loss", "other"])
    for job in every:
        kept = decoded(found, "loss")[job]
        assert {1, 100, int(loss[job].argmin()) + 1} <= {*kept}
        assert kept == {e: np.float32(loss[job][e - 1]) for e in kept}
        assert len(kept) <= curves.FEWEST_EPOCHS + 3
    assert "at most 12 of up to 100 logged epochs" in found.thinned


def test_thinned_curves_of_a_configuration_share_their_epochs(monkeypatch):
    monkeypatch.setattr(curves, "MOST_NUMBERS", 400)
    loss = np.random.default_rng(0).random((20, 100))
    placed = [Placed(block(list(range(20)), range(100), loss=loss), 0, "loss", "max")]
    found = encoded(placed, 20, [job % 2 for job in range(20)], ["loss"])
    assert len(found.grids) == 2
    assert found.grid_of_job == [0, 1] * 10
    # Half of a quarter of the epochs goes to where the most of them are the best.
    assert len(found.grids[0]) <= 20


@pytest.mark.parametrize(("epochs", "kept"), [(2_000, 2_000), (5_000, 2_000)])
def test_a_single_run_keeps_so_many_epochs(epochs, kept):
    values = np.sin(np.arange(epochs))
    placed = [Placed(block([0], range(epochs), loss=[values]), 0, "loss", None)]
    found = encoded(placed, 1, [0], ["loss"])
    assert abs(len(found.grids[0]) - kept) <= 500 * (epochs > kept)
    assert (found.thinned is None) == (epochs == kept)


def test_of_no_curves_nothing_is_said():
    found = encoded([], 2, [0, 1], [])
    assert found.grid_of_job == [-1, -1]
    assert found.values == {}
    rates = block([0, 1], [1, 2], rate=[[0.1, 0.1], [0.2, float("nan")]])
    assert is_constant([Placed(rates, 0, "", None)], "rate")
    changing = block([0], [1, 2], rate=[[0.1, 0.2]])
    assert not is_constant([Placed(rates, 0, "", None), Placed(changing, 0, "", None)], "rate")
