"""What a sweep says at its end."""

import shlex
from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from seedbed.sweep.results.judged import best_first
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.ranking import (
    Winner,
    closing_table,
    counts_text,
    folds_lines,
    unranked_lines,
    winner,
    winner_lines,
)
from seedbed.sweep.results.table import Row
from seedbed.terminal import tables

LEAST_A = one_objective("a", "min")


def row(number: int, status: str = "completed", metrics: Any = None, **axes: Any) -> Row:
    """Return a job's row."""
    named = {key.replace("__", "."): value for key, value in axes.items()}
    return Row(number, named, status, f"outputs/{number}", metrics or {}, 0.5)


# ---- Table -------------------------------------------------------------------------------


def printed(table: Any) -> list[list[str]]:
    """Return the words of each line of a table."""
    text = StringIO()
    Console(file=text, width=200).print(table)
    found = [line.split() for line in text.getvalue().splitlines()]
    return [words for words in found if words and set("".join(words)) != {"─"}]


def test_seeds_are_one_row_with_mean_deviation_and_count() -> None:
    values = {0.1: [3.0, 4.0, 8.0], 0.01: [1.0, 2.0]}
    rows = [
        row(number, metrics={"val/loss": one}, optimizer__lr=rate, seed=number)
        for rate, some in values.items()
        for number, one in enumerate(some)
    ]
    header, first, second = printed(closing_table(rows, one_objective("val/loss", "min")))
    assert header == ["optimizer.lr", "val/loss", "deviation", "jobs"]
    assert first == [
        "0.01",
        f"{np.mean(values[0.01]):.6g}",
        f"{np.std(values[0.01], ddof=1):.3g}",
        "2",
    ]
    assert second == [
        "0.1",
        f"{np.mean(values[0.1]):.6g}",
        f"{np.std(values[0.1], ddof=1):.3g}",
        "3",
    ]


@pytest.mark.parametrize(("mode", "best"), [("min", range(10)), ("max", range(14, 4, -1))])
def test_the_ten_best_come_first(mode: str, best: range) -> None:
    rows = [row(n, metrics={"val/loss": n * 7 % 15}, model=f"m{n * 7 % 15}") for n in range(15)]
    found = printed(closing_table(rows, one_objective("val/loss", mode)))[1:]
    assert [words[0] for words in found] == [f"m{number}" for number in best]
    assert [words[-1] for words in found] == ["1"] * 10


def test_equally_good_ones_stay_in_the_jobs_order() -> None:
    rows = [row(n, metrics={"a": 1.0}, model=f"m{n}") for n in range(3)]
    for mode in ("min", "max"):
        found = printed(closing_table(rows[::-1], one_objective("a", mode)))[1:]
        assert [words[0] for words in found] == ["m0", "m1", "m2"]


def test_jobs_that_did_not_complete_are_not_counted() -> None:
    rows = [
        row(0, metrics={"a": 2.0}, model="x", seed=0),
        row(1, "diverged", metrics={"a": 90.0}, model="x", seed=1),
        row(2, metrics={"a": float("nan")}, model="x", seed=2),
        row(3, "failed", model="y", seed=0),
    ]
    assert printed(closing_table(rows, LEAST_A))[1:] == [["x", "2", "1", "of", "3"]]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_jobs_that_completed_without_a_number_come_last_and_are_counted(mode: str) -> None:
    rows = [
        row(0, metrics={"a": float("nan")}, model="x"),
        row(1, metrics={"a": 2.0}, model="y"),
        row(2, metrics={"b": 1.0}, model="z"),
        row(3, "diverged", model="w"),
    ]
    found = printed(closing_table(rows, one_objective("a", mode)))[1:]
    assert found == [["y", "2", "1"], ["x", "0", "of", "1"], ["z", "0", "of", "1"]]
    assert unranked_lines(rows, LEAST_A) == ["not ranked   2 jobs without a finite a"]
    assert unranked_lines(rows[1:2], LEAST_A) == []


def test_a_value_in_brackets_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(0, metrics={"[b]": 1.0}, activations=["relu"], name="[bold]:smile:")]
    table = closing_table(rows, one_objective("[b]", "min"))
    assert printed(table)[0][2] == "[b]"
    assert printed(table)[1][:2] == ['["relu"]', "[bold]:smile:"]
    tables.print_table(table)
    assert "[bold]:smile:" in capsys.readouterr().out.split()


def test_numbers_at_the_end_of_the_range_have_a_mean() -> None:
    rows = [row(0, metrics={"a": 1.7e308}, seed=0), row(1, metrics={"a": 1.7e308}, seed=1)]
    assert printed(closing_table(rows, LEAST_A))[1] == ["1.7e+308", "0", "2"]
    rows[1] = row(1, metrics={"a": -1.7e308}, seed=1)
    assert printed(closing_table(rows, LEAST_A))[1] == ["0", "inf", "2"]


def test_a_narrow_table_leaves_nothing_out() -> None:
    rows = [row(0, metrics={"a": 1.23456e-7}, name="n" * 30, other="o" * 30)]
    text = StringIO()
    Console(file=text, width=40).print(closing_table(rows, LEAST_A))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    shown = "".join(lines)
    assert (shown.count("n"), shown.count("o")) == (30 + 2, 30 + 3)  # name, deviation; jobs too


# ---- Sorted by another column --------------------------------------------------------------------


def timed(number: int, seconds: float | None, status: str = "completed", **axes: Any) -> Row:
    return replace(row(number, status, {"a": float(number)}, **axes), seconds=seconds)


def test_sorted_by_seconds_the_table_shows_them() -> None:
    rows = [timed(0, 4.0, x="p"), timed(1, 2.0, x="q"), timed(2, 1.0, x="p"), timed(3, None, x="r")]
    header, *found = printed(closing_table(rows, LEAST_A, sort="seconds"))
    assert header == ["x", "a", "deviation", "seconds", "jobs"]
    assert found[0] == ["q", "1", "2", "1"]
    assert found[1] == ["p", "1", "1.41", "2.5", "2"]
    # Without any, as in a file that somebody has changed.
    assert found[2] == ["r", "3", "1"]


@pytest.mark.parametrize(
    ("mode", "order"),
    [
        ("min", ["-inf", "-3", "1e-05", "0.02", "2", "10", "None", "nan", "relu", "-"]),
        ("max", ["relu", "nan", "None", "10", "2", "0.02", "1e-05", "-3", "-inf", "-"]),
    ],
)
def test_sorted_by_an_axis_numbers_are_numbers(mode: str, order: list[str]) -> None:
    values = ["10", "relu", "2", "0.02", "1e-05", "-3", "nan", "-inf", "None"]
    rows = [row(n, metrics={"a": 1.0}, x=value) for n, value in enumerate(values)]
    rows.append(row(99, metrics={"a": 0.0}))  # Has no such axis.
    found = printed(closing_table(rows, one_objective("a", mode), mode=mode, sort="x"))[1:]
    assert [words[0] if len(words) == 3 else "-" for words in found] == order


def test_as_many_rows_as_asked_for() -> None:
    rows = [row(n, metrics={"a": float(n)}, x=n) for n in range(30)]
    for top in (1, 12, 100):
        found = printed(closing_table(rows, LEAST_A, top=top))[1:]
        assert [words[0] for words in found] == [str(n) for n in range(min(top, 30))]


# ---- Single jobs ---------------------------------------------------------------------------------


def test_single_jobs_have_their_seed_and_folder() -> None:
    rows = [row(n, metrics={"a": -float(n)}, x="same", seed=n // 2) for n in range(4)]
    header, *found = printed(closing_table(rows, LEAST_A, group=False))
    assert header == ["x", "seed", "a", "folder"]
    assert found == [["same", str(n // 2), str(-n), f"outputs/{n}"] for n in (3, 2, 1, 0)]


def test_single_jobs_that_did_not_complete_come_last_with_their_status() -> None:
    rows = [
        row(0, "diverged", {"a": -9.0}, x="p"),
        row(1, metrics={"a": float("nan")}, x="q"),
        row(2, metrics={"a": 2.0}, x="r"),
        row(3, "failed", x="s"),
    ]
    for mode in ("min", "max"):
        header, *found = printed(closing_table(rows, one_objective("a", mode), group=False))
        assert header == ["x", "a", "status", "folder"]
        assert found == [
            ["r", "2", "completed", "outputs/2"],
            ["p", "diverged", "outputs/0"],
            ["q", "completed", "outputs/1"],
            ["s", "failed", "outputs/3"],
        ]


# ---- Counts and the winner -----------------------------------------------------------------------


def test_the_jobs_are_counted_by_how_they_ended() -> None:
    rows = [row(n, "failed" if n == 1 else "completed") for n in range(1235)]
    assert counts_text(rows) == "1,234 completed, 1 failed"
    assert counts_text(rows[1:2]) == "1 failed"


def test_the_best_jobs_are_those_that_completed() -> None:
    rows = [
        row(0, metrics={"a": 2.0}, seed=0),
        row(1, "diverged", {"a": 0.0}, seed=1),
        row(2, metrics={"a": 1.0}, seed=2),
        row(3, metrics={"a": float("inf")}, seed=3),
        row(4, metrics={"a": 1.0}, seed=4),
        row(5, metrics={"b": -1.0}, seed=5),
    ]
    assert best_first(rows[::-1], LEAST_A) == [rows[2], rows[4], rows[0]]
    assert best_first(rows[::-1], one_objective("a", "max")) == [rows[0], rows[2], rows[4]]
    assert best_first(rows, one_objective("c", "min")) == []


@pytest.mark.parametrize(("mode", "seed"), [("min", 1), ("max", 1)])
def test_the_winner_is_the_configuration_with_the_best_mean_and_not_the_luckiest_job(
    mode: str, seed: int
) -> None:
    sign = 1.0 if mode == "min" else -1.0
    values = {"lucky": [0.0, 90.0, 90.0], "steady": [5.0, 4.0, 2.0]}
    rows = [
        row(3 * at + seed, metrics={"a": sign * value}, model=model, seed=seed)
        for at, (model, some) in enumerate(values.items())
        for seed, value in enumerate(some)
    ]
    best = winner(rows, one_objective("a", mode))
    assert best is not None
    assert [one.axes["model"] for one in best.jobs] == ["steady"] * 3
    assert (best.median.axes["model"], best.median.axes["seed"]) == ("steady", seed)
    first = printed(closing_table(rows, one_objective("a", mode)))[1]
    assert first[0] == "steady"


@pytest.mark.parametrize(
    ("values", "median"),
    [([1.0], 0), ([4.0, 3.0], 1), ([4.0, 1.0, 3.0, 2.0], 3), ([9.0, None, 7.0, 8.0], 3)],
)
def test_the_median_is_one_of_the_jobs_that_completed(
    values: list[float | None], median: int
) -> None:
    rows = [
        row(seed, "diverged" if value is None else "completed", {"a": value or 0.0}, seed=seed)
        for seed, value in enumerate(values)
    ]
    best = winner(rows[::-1], LEAST_A)
    assert best is not None
    assert best.median.number == median
    assert [one.number for one in best.jobs] == list(range(len(values)))


def test_where_no_job_completed_there_is_no_winner() -> None:
    assert winner([row(0, "failed"), row(1, "diverged", {"a": 1.0})], LEAST_A) is None


def test_the_commands_of_the_winner_are_ones_that_a_shell_reads() -> None:
    rows = [row(n, metrics={"a": 1.0}, seed=seed) for n, seed in enumerate((1, 2, 4))]
    overrides = ["seed=2", "sweep.fuse=always", "+a=[1, 2]", "sweeper=x", "b='it''s'"]
    alone, several = winner_lines(Winner(rows, rows[1]), ["--config-dir", "my configs"], overrides)
    others = ("+a=[1, 2]", "sweeper=x", "b='it''s'")
    flags = ("--config-dir", "my configs")
    assert alone.endswith("  # median of 3 seeds")
    found = shlex.split(alone.removeprefix("best alone   "), comments=True)
    assert found == ["seedbed", "train", *flags, "seed=2", *others]
    found = shlex.split(several.removeprefix("all seeds    "))
    assert found == ["seedbed", "train", "-m", *flags, "seed=1,2,4", *others]


def test_one_job_is_no_median() -> None:
    [line] = winner_lines(Winner([row(0, seed=7)], row(0, seed=7)), [], ["seed=7"])
    assert line == "best alone   seedbed train seed=7"


@pytest.mark.parametrize(
    ("seeds", "swept"),
    [("0 1 2", "0,1,2"), ("3 4 5 6", "range(3,7)"), ("3 4 5 7", "3,4,5,7"), ("4 3 2 1", "4,3,2,1")],
)
def test_many_seeds_in_a_row_are_a_range(seeds: str, swept: str) -> None:
    rows = [row(n, metrics={"a": 1.0}, seed=seed) for n, seed in enumerate(seeds.split())]
    [_, line] = winner_lines(Winner(rows, rows[0]), [], ["++seed=3"])
    assert shlex.split(line)[-1] == f"++seed={swept}"


# ---- Folds ---------------------------------------------------------------------------------------


def folded(model: str, losses: list[float | None], first: int = 0) -> list[Row]:
    return [
        row(
            first + fold,
            "diverged" if loss is None else "completed",
            {} if loss is None else {"a": loss},
            model=model,
            data__fold=fold,
        )
        for fold, loss in enumerate(losses)
    ]


def test_the_folds_of_a_configuration_are_one_row_and_missing_ones_are_marked() -> None:
    rows = folded("x", [1.0, None, 3.0]) + folded("y", [5.0, 6.0, 10.0], first=3)
    assert printed(closing_table(rows, LEAST_A)) == [
        ["model", "a", "deviation", "jobs"],
        ["y", "7", "2.65", "3"],
        ["x", "2*", "1.41", "2", "of", "3"],
    ]
    deviation, mark = folds_lines(rows, one_objective("a", "min", "last"))
    assert deviation == "deviation    over 3 folds"
    assert mark.split()[:6] == ["*", "a", "mean", "over", "fewer", "folds:"]
    assert folds_lines(rows[3:], one_objective("a", "min", "last")) == [deviation]
    assert folds_lines([row(0, metrics={"a": 1.0})], LEAST_A) == []
    two = [
        row(6 + n, metrics={"a": 1.0}, sweep="q", data__fold=n % 2, seed=n // 2) for n in range(4)
    ]
    [either] = folds_lines(rows[3:] + two, one_objective("a", "min", "last"))
    assert either == "deviation    over 2 or 3 folds, of their means over 1 or 2 seeds"


@pytest.mark.parametrize(
    ("folds", "expected"),
    [
        (3, ["x=1", "seed=0", "sweep.folds=3"]),
        # Of folds that were swept by hand.
        (None, ["x=1", "data.folds=3", "data.fold=0,1,2", "seed=0"]),
    ],
)
def test_the_command_of_the_winner_repeats_its_folds(
    folds: int | None, expected: list[str]
) -> None:
    best = winner(folded("x", [1.0, 2.0, 4.0]), LEAST_A)
    assert best is not None
    words = ["x=1", "data.folds=3", "data.fold=1", "sweep.folds=3", "seed=0"]
    [line] = winner_lines(best, [], words, folds)
    assert shlex.split(line.removeprefix("all folds    ")) == ["seedbed", "train", "-m", *expected]


# ---- The best and the last epoch -----------------------------------------------------------------


def both(number: int, best: float, last: float, **axes: Any) -> Row:
    return row(number, metrics={"a": last, "best/epoch": 3, "best/a": best}, **axes)


@pytest.mark.parametrize(("rank", "order"), [("best", ["q", "p"]), ("last", ["p", "q"])])
def test_the_table_shows_both_epochs_and_says_by_which_it_ranks(
    rank: str, order: list[str]
) -> None:
    rows = [both(0, 2.0, 3.0, model="p"), both(1, 1.0, 9.0, model="q")]
    title, header, *found = printed(closing_table(rows, one_objective("a", "min", rank)))
    other = {"best": "last", "last": "best"}[rank]
    assert title == ["ranked", "by", rank, "a"]
    assert header == ["model", rank, "a", "deviation", other, "a", "jobs"]
    values = {"p": {"best": "2", "last": "3"}, "q": {"best": "1", "last": "9"}}
    assert found == [[one, values[one][rank], values[one][other], "1"] for one in order]
    assert [one.axes["model"] for one in best_first(rows, one_objective("a", "min", rank))] == order
    best = winner(rows, one_objective("a", "min", rank))
    assert best is not None
    assert best.median.axes["model"] == order[0]


def test_sorted_by_another_column_the_table_does_not_say_that_it_ranks_by_an_epoch() -> None:
    rows = [both(0, 2.0, 3.0, model="p"), both(1, 1.0, 9.0, model="q")]
    header, first, _ = printed(closing_table(rows, LEAST_A, sort="model"))
    assert (header[0], first[0]) == ("model", "p")


def test_a_job_whose_best_epoch_is_not_known_is_ranked_by_its_last() -> None:
    rows = [both(0, 2.0, 3.0, x="p"), row(1, metrics={"a": 1.0}, x="q"), both(2, 0.5, 7.0, x="r")]
    assert [one.number for one in best_first(rows, LEAST_A)] == [2, 1, 0]
