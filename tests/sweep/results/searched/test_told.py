"""Lines below the table of a search, and its trials."""

from seedbed.sweep.results.searched.told import keys_of, search_lines, shares_of
from seedbed.sweep.results.searched.trials import Trial, trials_of
from seedbed.sweep.results.table import Row


def row(number: int, loss: float | None, status: str = "completed", **axes: object) -> Row:
    metrics = {} if loss is None else {"best/epoch": 3, "best/val/loss": loss, "val/loss": 9.0}
    return Row(number, {"lr": 0.5, **axes}, status, "", metrics)


def test_a_trial_is_the_mean_of_its_jobs_and_as_its_worst_one() -> None:
    rows = [
        *(row(1, 3.0, seed=1), row(0, 1.0, seed=0)),
        *(row(2, 5.0, "stopped_early", seed=0), row(3, 7.0, "stopped_early", seed=1)),
        *(row(4, 1.0, seed=0), row(5, None, "failed", seed=1)),
        row(6, 1.0, seed=0),
    ]
    assert [trial[:4] for trial in trials_of(rows, "val/loss", lanes=2)] == [
        (0, "completed", 2.0, {"lr": "0.5"}),
        (1, "stopped_early", 6.0, {"lr": "0.5"}),
        (2, "failed", None, {"lr": "0.5"}),
    ]


def trial(number: int, value: float | None, status: str = "completed") -> Trial:
    return Trial(number, status, value, {"lr": str(value), "x[b]\x1b": str(number % 7)}, {})


def test_the_lines_say_where_the_best_improved_and_what_was_saved() -> None:
    trials = [trial(0, 3.0), trial(1, 1.0, "stopped_early"), trial(2, None, "failed"), trial(3, 2)]
    assert search_lines(trials, "min", None, (40, 100)) == [
        "best so far  0: 3  3: 2",
        "importances  of 20 trials or more; these are 4",
        "epochs       40, 40 % of 100 planned; 1 of 4 trials stopped early",
    ]
    assert search_lines(trials, "max", None)[0] == "best so far  0: 3"
    assert search_lines([], "min", None) == []


def test_the_best_keeps_the_constraints_and_is_none_of_several_objectives() -> None:
    trials = [trial(0, 3.0), trial(1, 1.0), trial(2, 2.0)]
    lines = search_lines(trials, "min", None, infeasible={1})
    assert lines[0] == "best so far  0: 3  2: 2"
    assert search_lines(trials, "min", None, several=True) == lines[1:]


def test_of_many_improvements_the_last_ones_are_told() -> None:
    trials = [trial(number, 100.0 - number) for number in range(20)]
    [line, _] = search_lines(trials, "min", {"lr": 1.0})
    assert line.split("  ")[1:] == ["0: 100", "...", *(f"{n}: {100 - n}" for n in range(14, 20))]


def test_importances_are_told_by_key() -> None:
    trials = [trial(number, 1.0 + (7 * number) % 30) for number in range(30)]
    trials += [trial(number, 0.01 * number, "stopped_early") for number in range(30, 40)]
    keys = keys_of(trials)
    shares = shares_of(trials, keys, "min")
    assert shares is not None
    line = search_lines(trials, "min", shares)[1]
    assert line.startswith("importances  lr ")
    assert "x[b]� " in line
    # Whatever a trial had when it was stopped, those that were trained to their end are better.
    later = [t._replace(value=t.value + 99.0) if t.number >= 30 else t for t in trials]
    assert shares_of(later, keys, "min") == shares == shares_of(trials, keys, "min")
