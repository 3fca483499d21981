"""Configurations of the page: means, order and verdict are those of the command line and numpy."""

import math
from typing import Any

import numpy as np
from tests.page.documents import (
    Document,
    cross_validation,
    one_seed,
    single_run,
    ten_by_hundred,
    two_objectives,
)
from tests.page.documents import column as column_of
from tests.page.node import called

from seedbed.config.metrics import Objective
from seedbed.sweep.results.configurations import configurations, shown_axes
from seedbed.sweep.results.judged import judged
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.table import Row


def rows_of(content: Document) -> list[Row]:
    """Return the jobs of a document as those of a results.csv."""
    values = content["jobs"]["values"]
    kinds = {column["name"]: column["kind"] for column in content["columns"]}

    def named(job: int, *wanted: str) -> dict[str, Any]:
        return {name: values[name][job] for name in values if kinds[name] in wanted}

    return [
        Row(
            number=job,
            axes=named(job, "axis", "averaged"),
            status=content["statuses"][content["jobs"]["status"][job]],
            folder=str(job),
            metrics={k: float(v) for k, v in named(job, "metric").items() if v is not None},
            seconds=None,
        )
        for job in range(content["jobs"]["count"])
    ]


def without(content: Document, jobs: list[int], status: str = "failed") -> Document:
    """Return a document in which some jobs have ended otherwise."""
    for job in jobs:
        content["jobs"]["status"][job] = content["statuses"].index(status)
    return content


def ranking(content: Document, column: str, mode: str) -> list[dict[str, Any]]:
    """Return the configurations as the page ranks them."""
    calls = [[{"document": content}, column, mode]]
    [ranked] = called("configurations.js", "rankedOfAll", calls)
    return ranked


DOCUMENTS = {
    "seeds": ten_by_hundred(),
    "one seed": one_seed(),
    "folds": cross_validation(),
    "a fold missing": without(cross_validation(), [0, 1]),
    "seeds of folds missing": without(cross_validation(), [0, 25, 26, 27], "diverged"),
    "no result": without(one_seed(), [1, 4]),
}
LOOKED = [(column, mode) for column in ("best/val/loss", "val/loss") for mode in ("min", "max")]


def test_order_means_and_deviations_are_those_of_the_command_line():
    cases = [(name, *looked) for name in DOCUMENTS for looked in LOOKED]
    calls = [[{"document": DOCUMENTS[name]}, *looked] for name, *looked in cases]
    reached = called("configurations.js", "rankedOfAll", calls)
    for (name, column, mode), ranked in zip(cases, reached, strict=True):
        rows = rows_of(DOCUMENTS[name])
        rank = "best" if column.startswith("best/") else "last"
        objectives = Objectives((Objective(column.removeprefix("best/"), mode),), rank)
        reference = judged(configurations(rows, shown_axes(rows)), objectives)
        first = [each.configuration.jobs[0].number for each in reference]
        assert [each["jobs"][0] for each in ranked] == first, name
        for own, (configuration, place, _) in zip(ranked, reference, strict=True):
            assert bool(own["unfit"]) == (place is None)
            assert own["summary"]["completed"] == configuration.completed(column)
            wanted = [configuration.mean(column), configuration.deviation(column)]
            values = [own["summary"][part] for part in ("mean", "deviation")]
            numbers = [math.nan if isinstance(value, dict) else value for value in values]
            np.testing.assert_allclose(numbers, np.array(wanted, float), rtol=1e-9)


def test_what_misses_a_constraint_cannot_be_the_best():
    content = two_objectives()
    free = ranking(content, "best/val/loss", "min")
    content["constraints"] = ["parameters<=700"]
    bound = ranking(content, "best/val/loss", "min")
    parameters = content["jobs"]["values"]["parameters"]
    kept = [each for each in free if parameters[each["jobs"][0]] <= 700]
    assert 0 < len(kept) < len(free)
    assert [each["jobs"] for each in bound if not each["unfit"]] == [each["jobs"] for each in kept]
    assert {*sum((each["unfit"] for each in bound), [])} == {"misses parameters<=700"}  # noqa: RUF017


def beside_folds() -> Document:
    """Return a cross-validation whose last configuration is of another sweep, without folds."""
    content = cross_validation()
    content["sources"].append({**content["sources"][0], "name": "seeds"})
    jobs = content["jobs"]
    jobs["source"][20:] = [1] * 10
    jobs["values"]["data.fold"][20:] = [None] * 10
    jobs["values"]["seed"][20:] = [*range(10)]
    return content


def test_folds_are_those_of_the_sweep():
    ranked = ranking(beside_folds(), "best/val/loss", "min")
    assert [each["unfit"] for each in ranked] == [[], [], []]
    units = {each["configuration"]: each["summary"]["unit"] for each in ranked}
    assert units == {0: "fold", 1: "fold", 2: "seed"}
    counts = {each["configuration"]: each["summary"]["count"] for each in ranked}
    assert counts == {0: 5, 1: 5, 2: 10}
    lost = ranking(without(beside_folds(), [0, 1]), "best/val/loss", "min")
    assert [each["unfit"] for each in lost] == [[], [], ["has 4 of 5 folds"]]


def said(content: Document) -> list[str]:
    """Return what the page says of the three questions."""
    [answers] = called("summary/words.js", "allSaid", [[{"document": content}, "val/loss"]])
    return [
        " ".join([each["answer"], each.get("figure", ""), *each["details"]]) for each in answers
    ]


def test_the_answers_name_the_best_by_how_much_and_whether_it_is_luck():
    best, margin, luck = said(ten_by_hundred())
    losses = np.array(ten_by_hundred()["jobs"]["values"]["best/val/loss"][500:600])
    assert best.startswith("optimizer.lr=0.002")
    assert f"{losses.mean():.4f} ± {losses.std(ddof=1):.4f}" in best
    assert "over 100 seeds" in best
    assert "ahead of optimizer.lr=0.001" in margin
    assert "the same 100 seeds" in margin
    assert "1 other configuration cannot be told from it" in luck
    assert "optimizer.lr=0.001" in luck
    assert "corrected for having picked the best of 10" in luck


def test_what_is_better_over_all_seeds_is_hardly_luck():
    content = ten_by_hundred()
    # The runner-up's results are a tenth worse than they were.
    values = content["jobs"]["values"]["best/val/loss"]
    values[400:500] = [1.1 * value for value in values[400:500]]
    *_, luck = said(content)
    assert luck.startswith("Hardly.")
    assert "each of the 9 others" in luck


def on_one_split(split_seed: Any) -> Document:
    content = ten_by_hundred()
    content["configs"]["common"]["data"] = {"split_seed": split_seed, "split": None}
    return content


def test_the_chance_says_that_the_split_is_not_in_it():
    shared = "Seeds share one split of the rows"
    assert shared in said(on_one_split(0))[2]
    assert shared not in said(ten_by_hundred())[2]
    assert shared not in said(on_one_split("${seed}"))[2]
    by_time = on_one_split(0)
    by_time["configs"]["common"]["data"]["split"] = "time"
    assert shared not in said(by_time)[2]
    varied = on_one_split(0)
    varied["configs"]["differing"]["data.split_seed"] = [*range(1000)]
    assert shared not in said(varied)[2]


def test_another_order_on_the_test_rows_is_told_where_it_is_no_luck():
    content = ten_by_hundred()
    content["columns"].append(column_of("test/loss", "metric", mode="min"))
    values = content["jobs"]["values"]
    values["test/loss"] = [*values["best/val/loss"]]
    call = [{"page": {"document": content}, "fragment": ""}]
    assert called("summary/test_rows.js", "testRowsSaid", [call]) == [None]
    values["test/loss"][0:100] = [0.001 * value for value in values["best/val/loss"][500:600]]
    [note] = called("summary/test_rows.js", "testRowsSaid", [call])
    assert note.startswith("On the test rows optimizer.lr=1e-5 is ahead: test/loss 0.0001")


def test_the_best_is_of_those_that_have_results():
    assert "of 6 configurations" in said(one_seed())[0]
    assert "of the 4 that have results, of 6 configurations" in said(without(one_seed(), [1, 4]))[0]
    assert "the only one that has a result" in said(without(one_seed(), [0, 1, 2, 3, 4]))[0]


def test_one_seed_is_honest():
    best, margin, luck = said(one_seed())
    assert "optimizer.lr=0.01" in best
    assert "±" not in best
    assert "no interval" in margin
    assert "cannot tell luck from gain" in luck


def test_a_single_run_is_compared_with_nothing():
    [text] = said(single_run())
    assert text.startswith(" best/val/loss 0.2 val/loss 0.25")
    assert "luck cannot be told from gain" in text


def test_seeds_of_the_best_that_diverged_are_told():
    content = without(ten_by_hundred(), [*range(500, 530)], "diverged")
    best, *_ = said(content)
    assert "30 of its 100 jobs have no result" in best
    assert "over 70 seeds" in best


def test_null_difference_is_called_better_no_more_often_than_it_says():
    """Of ten configurations that are alike, the best in truth is put out one time in twenty."""
    draw = np.random.default_rng(11)
    calls = []
    for _ in range(400):
        values = draw.normal(size=(10, 5))
        order = np.argsort(values.mean(1))
        ranked = [
            {"configuration": int(row), "unfit": [],
             "summary": {"unit": "seed", "units": {"map": [*enumerate(values[row].tolist())]}}}
            for row in order
        ]  # fmt: skip
        calls.append([ranked, "min"])
    verdicts = called("summary/verdict.js", "verdictOf", calls)
    # Configuration 0 is as good as the best in truth: is it the best seen, or alike?
    kept = [0 in (v["best"]["configuration"], *v["alike"]) for v in verdicts]
    assert np.mean(kept) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_best_setting_at_the_end_of_what_was_tried_is_told():
    content = ten_by_hundred()
    ranked = ranking(content, "best/val/loss", "min")
    call = called("summary/words.js", "bordersSaid", [[{"document": content}, ranked]])
    assert call == [[]]
    worst = ranking(content, "best/val/loss", "max")
    [[text]] = called("summary/words.js", "bordersSaid", [[{"document": content}, worst]])
    assert text.startswith("The best has the smallest optimizer.lr that was tried, 1e-5")


def test_what_went_wrong_is_told_once_with_how_often():
    content = ten_by_hundred()
    jobs = list(range(1000))
    [groups] = called("summary/failures.js", "groupedFailures", [[{"document": content}, jobs]])
    told = [(each["status"], each["message"], len(each["jobs"])) for each in groups]
    assert told == [
        ("diverged", "val/loss is not finite in epoch 12", 34),
        ("failed", "OSError: full", 1),
    ]


def test_jobs_are_counted_and_told_in_grammar():
    without_one = without(ten_by_hundred(), [500], "running")
    best, *_ = said(without_one)
    assert "1 of its 100 jobs has no result" in best
    calls = [[{"document": without_one}, [500, 501], "best/val/loss"]]
    [text] = called("summary/words.js", "withoutResult", calls)
    assert text.startswith("1 of 2 jobs has no result and is in no mean: 1 running, all of ")
    statuses = [["running"], ["interrupted"], ["failed"], ["stopped_early"]]
    assert called("summary/words.js", "statusSaid", statuses) == [
        "The job is still running.",
        "The job was interrupted.",
        "The job failed.",
        "The job stopped early.",
    ]


def test_jobs_that_were_planned_and_have_not_begun_are_counted_in_the_head():
    content = single_run()
    assert called("shell/header.js", "sizeText", [[{"document": content}]]) == [
        "1 job of 1 configuration"
    ]
    content["sources"] = [{**content["sources"][0], "counts": {"missing": 8}}]
    assert called("shell/header.js", "sizeText", [[{"document": content}]]) == [
        "1 of 9 jobs shown, of 1 configuration"
    ]


def test_a_difference_has_a_look_only_where_it_is_told_from_luck():
    def summary(*values: float) -> dict[str, Any]:
        return {"mean": float(np.mean(values)), "unit": "seed",
                "units": {"map": [*enumerate(values)]}}  # fmt: skip

    pairs = [
        (summary(0.1), summary(0.2)),
        (summary(0.1, 0.11, 0.12), summary(0.2, 0.21, 0.23)),
        (summary(0.1, 0.3), summary(0.2, 0.21)),
        # What adding up has rounded is no difference.
        (summary(0.1 + 0.2, 0.3), summary(0.3, 0.3)),
    ]
    calls = [[{"document": cross_validation()}, *pair, "val/loss"] for pair in pairs]
    compared = called("table/differences.js", "comparedSummaries", calls)
    assert [(each["verdict"], each["look"]) for each in compared] == [
        ("better", ""),
        ("better", "better"),
        ("alike", "alike"),
        ("plain", ""),
    ]
    assert "single values" in compared[0]["title"]
    assert compared[3]["difference"] == 0


def test_bands_do_not_show_what_adding_up_has_rounded():
    calls = [[1.0, 1.0 + 2.3e-16], [1.0, 1.25], [0.0, 0.0]]
    assert called("plots/curves.js", "halfText", calls) == ["0", "0.25", "0"]


def test_the_picture_takes_in_the_intervals_as_far_as_the_values_stay_apart():
    near, far = [{"mean": 1.5, "half": 0.8}], [{"mean": 1.5, "half": 30}]
    calls = [[[1, 2], near, False], [[1, 2], far, False], [[1, 100], far, True]]
    reached = called("summary/ranking.js", "reachOf", calls)
    np.testing.assert_allclose(reached, [[0.7, 2.3], [-0.5, 3.5], [1 / 1.5, 100]])


def test_curves_of_jobs_that_have_not_ended_are_drawn_where_none_has():
    content = without(ten_by_hundred(), [500, 501, 502], "running")
    content = without(content, [503], "diverged")
    calls = [[{"document": content}, jobs] for jobs in ([500, 501, 503], [500, 504], [503])]
    reached = called("plots/learning/curve_series.js", "jobsOfMean", calls)
    assert reached == [[500, 501], [504], [503]]
