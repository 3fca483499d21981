"""Judge of trials: what counts of them, which stop together, and what is known of earlier ones."""

import numpy as np
import pytest

from seedbed.config.metrics import Objective, parsed_constraint
from seedbed.training.trial_stopping.halving import Halving
from seedbed.training.trial_stopping.judge import EarlierTrial, Judge
from seedbed.training.trial_stopping.median import Median
from seedbed.training.trial_stopping.patient import Patient
from seedbed.training.trial_stopping.top_k_after import TopKAfter

LOSS = Objective("val/loss", "min")
ALL, NOBODY = np.ones(4, dtype=bool), np.zeros(4, dtype=bool)


def after(judge: Judge, epoch: int, *values: float, running: np.ndarray = ALL) -> list[int]:
    metrics = {judge.objectives[0].metric: np.array(values)}
    return sorted(judge.after_epoch(epoch, metrics, running, NOBODY))


def test_the_best_value_so_far_counts_where_jobs_are_ranked_by_their_best() -> None:
    for by_best, stopped in ((True, [1, 2, 3]), (False, [0, 1, 2])):
        judge = Judge(TopKAfter(2, 4), [LOSS], range(4), by_best=by_best)
        assert after(judge, 1, 0.1, 5.0, 5.0, 5.0) == []
        assert after(judge, 2, 9.0, 4.0, 3.0, 1.0) == stopped
        assert judge.reports(0) == {2: [0.1 if by_best else 9.0]}
        assert judge.stopped.tolist() == [2 * (job in stopped) for job in range(4)]


def test_of_a_metric_of_which_more_is_better_the_highest_stay() -> None:
    judge = Judge(TopKAfter(1, 2), [Objective("val/accuracy", "max")], range(4))
    assert after(judge, 1, 0.9, 0.5, 0.7, float("nan")) == [1, 3]
    assert judge.reports(3) == {1: [None]}


def test_the_jobs_of_a_trial_are_judged_by_their_mean_and_stop_together() -> None:
    judge = Judge(TopKAfter(1, 2), [LOSS], [0, 0, 1, 1])
    assert after(judge, 1, 0.0, 9.0, 4.0, 4.0) == [0, 1]
    # One that does not train any more is not stopped; the other one is.
    judge = Judge(TopKAfter(1, 2), [LOSS], [0, 0, 1, 1])
    assert after(judge, 1, 0.0, 9.0, 4.0, 4.0, running=np.array([0, 1, 1, 1], dtype=bool)) == [1]
    # A trial of which one job diverged has no value.
    judge = Judge(TopKAfter(1, 2), [LOSS], [0, 0, 1, 1])
    metrics, diverged = {"val/loss": np.array([0.0, 0.0, 4.0, 4.0])}, np.arange(4) == 0
    assert sorted(judge.after_epoch(1, metrics, ~diverged, diverged)) == [1]


def test_jobs_of_a_trial_that_trains_in_parts_are_not_judged() -> None:
    judge = Judge(TopKAfter(1, 2), [LOSS], [None, 1, 2, None])
    assert after(judge, 1, 9.0, 1.0, 2.0, 9.0) == [2]


def test_trials_of_earlier_generations_compete_at_the_epochs_that_they_have_seen() -> None:
    earlier = [
        EarlierTrial(10, "completed", {1: [0.5], 4: [0.1]}),
        EarlierTrial(11, "stopped_early", {1: [0.6]}),
        EarlierTrial(12, "diverged", {}),
    ]
    judge = Judge(Halving((1, 4), 2), [LOSS], range(4), earlier)
    # Of seven trials three go on: 0.1, 0.2 and the earlier 0.5.
    assert after(judge, 1, 0.1, 0.2, 0.55, 0.7) == [2, 3]
    # Of two here, one that completed and one that diverged, two: 0.05 and 0.1.
    running = np.array([True, True, False, False])
    assert after(judge, 4, 0.05, 0.15, np.nan, np.nan, running=running) == [1]


def test_the_median_is_that_of_completed_trials_alone() -> None:
    earlier = [EarlierTrial(n, "completed", {1: [value]}) for n, value in enumerate((0.1, 0.3))]
    earlier.append(EarlierTrial(2, "stopped_early", {1: [0.0]}))
    judge = Judge(Median((1,), 2), [LOSS], range(4), earlier)
    assert after(judge, 1, 0.1, 0.2, 0.25, 0.0) == [2]
    assert after(Judge(Median((1,), 3), [LOSS], range(4), earlier), 1, 9, 9, 9, 9) == []


def test_patience_is_with_the_values_of_the_epochs_themselves() -> None:
    judge = Judge(Patient((1, 2, 3), 1), [LOSS], range(4))
    assert after(judge, 1, 1.0, 1.0, 1.0, 1.0) == []
    assert after(judge, 2, 2.0, 0.5, 1.0, 2.0) == []
    assert after(judge, 3, 1.5, 2.0, 1.0, 0.9) == [0]


def test_a_judge_goes_on_from_its_state_as_it_would_have() -> None:
    make = lambda: Judge(Halving((1, 2, 3), 2), [LOSS], range(4))  # noqa: E731
    judge, later = make(), make()
    assert after(judge, 1, 1.0, 2.0, 3.0, 4.0) == [2, 3]
    later.restore(judge.state())
    running = np.array([True, True, False, False])
    for each in (judge, later):
        assert after(each, 2, 0.5, 0.6, np.nan, np.nan, running=running) == [1]
    assert [later.reports(job) for job in range(4)] == [judge.reports(job) for job in range(4)]
    with pytest.raises(ValueError, match="not the state of these jobs"):
        Judge(Halving((1,), 2), [LOSS], range(3)).restore(judge.state())


def test_objectives_that_no_epoch_measures_are_compared_too() -> None:
    size = Objective("model/parameters", "min")
    judge = Judge(TopKAfter(1, 2), [LOSS, size], range(4))
    judge.known = {"model/parameters": np.array([10.0, 20.0, 30.0, 40.0])}
    # The first and the second are the front.
    assert after(judge, 1, 0.5, 0.4, 0.6, 0.7) == [2, 3]
    assert judge.reports(1) == {1: [0.4, 20.0]}


def test_trials_that_break_a_constraint_come_after_all_that_keep_it() -> None:
    bounds = [parsed_constraint("model/parameters>=15"), parsed_constraint("val/accuracy>=0.5")]

    def judge(of: int, *earlier: EarlierTrial) -> Judge:
        made = Judge(TopKAfter(1, of), [LOSS], range(4), earlier, constraints=bounds)
        made.known = {"model/parameters": np.array([10.0, 14.0, 20.0, 30.0])}
        return made

    def stopped(judge: Judge, *accuracies: float) -> list[int]:
        metrics = {"val/loss": np.arange(4.0), "val/accuracy": np.array(accuracies)}
        return sorted(judge.after_epoch(1, metrics, ALL, NOBODY))

    assert stopped(judge(4), 1, 1, 1, 1) == [0, 1, 3]
    assert stopped(judge(4), 1, 1, 0.4, 1) == [0, 1, 2]
    # The second breaks the bound by 1, the first by 5.
    assert stopped(judge(2), 1, 1, 0.4, 0.2) == [0, 1]
    assert stopped(judge(4), 0, 0, np.nan, np.nan) == [0, 2, 3]
    # An earlier one that breaks it by less comes before, one by more after.
    for violation, expected in ((0.5, [0, 1, 2, 3]), (2.0, [0, 2, 3])):
        earlier = EarlierTrial(9, "completed", {1: [9.0]}, violation)
        assert stopped(judge(5, earlier), 1, 1, np.nan, np.nan) == expected
    # What it has seen of the constraints goes on, and is reported to nobody.
    first, later = judge(4), judge(4)
    assert stopped(first, 1, 1, 0.4, 1) == [0, 1, 2]
    assert first.reports(2) == {1: [2.0]}
    later.restore(first.state())
    assert later.best.tolist() == first.best.tolist()


def test_of_several_objectives_the_whole_front_that_keeps_the_constraints_goes_on() -> None:
    size = Objective("model/parameters", "min")
    bound = parsed_constraint("model/parameters>=15")
    for constraints, expected in (([], [3]), ([bound], [0, 3])):
        judge = Judge(TopKAfter(1, 4), [LOSS, size], range(4), constraints=constraints)
        judge.known = {"model/parameters": np.array([10.0, 20.0, 30.0, 40.0])}
        # The first one is tiny, with a terrible loss: an end of the front.
        assert after(judge, 1, 9.0, 0.5, 0.4, 0.6) == expected
