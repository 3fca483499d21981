"""Points of curves and paths: all of a short training, fewer of a long one."""

import numpy as np

from seedbed.callbacks.figures.points import FIRST, MOST, Points


def test_all_points_of_a_short_training_are_kept() -> None:
    points = Points()
    for step in range(50):
        points.add(step, [step, -step])
    assert points.steps.tolist() == list(range(50))
    np.testing.assert_array_equal(points.values[:, 1], -np.arange(50.0))


def test_of_a_long_training_the_first_are_kept_and_then_fewer_and_fewer() -> None:
    points = Points()
    last = 10 * MOST
    for step in range(last + 1):
        points.add(step, [step])
    steps = points.steps
    assert len(steps) <= MOST
    assert steps[: FIRST + 1].tolist() == list(range(FIRST + 1))
    later = steps[FIRST + 1 :]
    # The step at which the last ones were left out stays.
    assert (later % points.every != 0).sum() <= 1
    assert max(np.diff(later)) == points.every == 16
    assert steps[-1] > last - points.every
    np.testing.assert_array_equal(points.values[:, 0], steps)


def test_every_so_many_steps_and_the_one_that_is_put() -> None:
    points = Points(every=4)
    for step in range(11):
        points.add(step, [step])
    points.put(10, [3.5])
    points.put(10, [2.5])
    assert points.steps.tolist() == [0, 4, 8, 10]
    assert points.values[-1].tolist() == [2.5]


def test_points_that_went_through_a_checkpoint_go_on() -> None:
    whole, first, then = Points(), Points(), Points()
    for step in range(3 * MOST):
        whole.add(step, [step])
        (first if step < 2 * MOST else then).add(step, [step])
        if step == 2 * MOST - 1:
            then.load_state_dict(first.state_dict())
    assert then.steps.tolist() == whole.steps.tolist()
