"""Filter of the page: what an expression keeps, by numpy; what is wrong with one, in words."""

import numpy as np
import pytest
from tests.page.documents import column, document, hostile, ten_by_hundred
from tests.page.node import called

DOCUMENT = ten_by_hundred()
VALUES = {
    name: np.array([float(value) if not isinstance(value, str) else np.nan for value in values])
    for name, values in DOCUMENT["jobs"]["values"].items()
}
STATUS = np.array([DOCUMENT["statuses"][status] for status in DOCUMENT["jobs"]["status"]])
LOSS, BEST, RATE, SEED = (
    VALUES[name] for name in ("val/loss", "best/val/loss", "optimizer.lr", "seed")
)
MEANS = np.repeat(np.nanmean(BEST.reshape(10, 100), axis=1), 100)

KEPT = {
    "": SEED >= 0,
    "val/loss < 0.1": LOSS < 0.1,
    'val/loss < 0.1 and optimizer.lr >= 1e-3 and status == "completed"': (LOSS < 0.1)
    & (RATE >= 1e-3)
    & (STATUS == "completed"),
    "not status == completed": STATUS != "completed",
    "not (status == completed or seed > 90)": ~((STATUS == "completed") | (SEED > 90)),
    "val/loss > 0.2 && !(seed > 3) || seed == 7": (LOSS > 0.2) & ~(SEED > 3) | (SEED == 7),
    "1e-4 < optimizer.lr <= 1e-3": (RATE > 1e-4) & (RATE <= 1e-3),
    "seed in [0, 1, 99] and seed not in [1]": np.isin(SEED, [0, 99]),
    "status in [failed, 'diverged']": np.isin(STATUS, ["failed", "diverged"]),
    '"comp" in status': np.char.find(STATUS, "comp") >= 0,
    "val/loss/train/loss > 1.25000001": LOSS / VALUES["train/loss"] > 1.25000001,
    "-val/loss + 2 * best/val/loss ** 2 > -0.1": -LOSS + 2 * BEST**2 > -0.1,
    "`best/val/loss`<0.1": BEST < 0.1,
    "val/loss == null": np.isnan(LOSS),
    "val/loss != None and log10(optimizer.lr) < -2": ~np.isnan(LOSS) & (np.log10(RATE) < -2),
    "mean(best/val/loss) < 0.2": MEANS < 0.2,
    "count(best/val/loss) < 100": np.repeat([False] * 9 + [True], 100),
    "abs(number - 500) < 3": abs(np.arange(1000) - 500) < 3,
}  # fmt: skip
WRONG = {
    "val/los < 1": "no column 'val/los'. Did you mean 'val/loss'?",
    "optimizer.lrr > 1": "no column 'optimizer.lrr'. Did you mean 'optimizer.lr'?",
    "lr > 1": "no column 'lr'. Did you mean 'optimizer.lr'?",
    "model == mlp": "'model' never varies: it is mlp in all jobs",
    "status == complete": "no job has status == 'complete'. Did you mean 'completed'?",
    "status < 3": "'status' holds text: compare it with == or !=",
    'optimizer.lr == "adam"': "optimizer.lr holds numbers, not the text 'adam'",
    "val/loss = 3": "to compare, write == instead of =",
    "val/loss": "'val/loss' alone is neither true nor false: compare it, as in val/loss < 0.1",
    "val/loss 3": "between two parts and, or, or a sign such as < is missing",
    "(val/loss < 0.1": "not a whole expression: Unclosed (",
    "val/loss < ": "not a whole expression: Expected expression after <",
    "seed in 3": 'after in comes a list, as in optimizer in ["adam", "sgd"]',
    "foo(3)": "functions are mean, std, count, abs, sqrt, log, log10, log2",
    "mean(3) < 1": "mean takes a column, as in mean(val/loss)",
    "$0 < 1": "'$' is no part of an expression",
    # What would run code, if anything did.
    "constructor.constructor('alert(1)')()": "functions are mean, std, count, abs, sqrt, log, "
    "log10, log2",
    "window.alert": "'window.alert' alone is neither true nor false: compare it, as in "
    "val/loss < 0.1",
    "seed.constructor == 1": "no column 'seed.constructor'. Did you mean 'seed'?",
    "x => x": "not a whole expression: ",
}


def test_an_expression_keeps_the_jobs_that_numpy_keeps():
    calls = [[{"document": DOCUMENT}, text] for text in KEPT]
    for (text, kept), jobs in zip(
        KEPT.items(), called("filter.js", "keptJobs", calls), strict=True
    ):
        assert jobs == np.flatnonzero(kept).tolist(), text


def test_what_is_wrong_is_said_with_the_nearest_column():
    calls = [[{"document": DOCUMENT}, text] for text in WRONG]
    said = dict(zip(WRONG, called("filter.js", "mistakeIn", calls), strict=True))
    unclear = {"x => x", "seed.constructor == 1", "lr > 1"}
    assert {k: v for k, v in said.items() if k not in unclear} == {
        k: v for k, v in WRONG.items() if k not in unclear
    }
    assert all(said[text] for text in unclear)


NAMES = ["a", "a.b", "a/b", "and", "not", "mean", "null", "a b", "`", "1", "é", "a-b", "$0"]


@pytest.mark.parametrize("content", [hostile(), None], ids=["hostile", "words of the grammar"])
def test_every_column_and_value_can_be_written_whatever_its_name(content):
    if content is None:
        content = document(
            {name: [*NAMES[place:], *NAMES[:place]] for place, name in enumerate(NAMES)},
            {}, {"val/loss": np.arange(len(NAMES))}, ["completed"] * len(NAMES),
        )  # fmt: skip
    names = list(content["configurations"]["values"])
    words = called("filter.js", "columnWord", [[name] for name in names])
    values = [content["jobs"]["values"][name][0] for name in names]
    literals = called("filter.js", "literalOf", [[value] for value in values])
    texts = [f"{word} == {literal}" for word, literal in zip(words, literals, strict=True)]
    reached = called("filter.js", "keptJobs", [[{"document": content}, text] for text in texts])
    for name, value, jobs in zip(names, values, reached, strict=True):
        wanted = [j for j, own in enumerate(content["jobs"]["values"][name]) if own == value]
        assert jobs == wanted, name


def test_a_column_of_switches_is_compared_with_true_and_false():
    content = document({"flag": [True, False]}, {}, {"val/loss": [1, 2]}, ["completed"] * 2)
    content["columns"][0] = column("flag", "axis", "boolean")
    calls = [[{"document": content}, text] for text in ("flag", "not flag", "flag == False")]
    assert called("filter.js", "keptJobs", calls) == [[0], [1], [1]]


def test_an_expression_that_is_too_long_or_too_deep_is_refused():
    texts = [
        "(" * 10_000 + "seed" + ")" * 9_000,
        "not " * 4_000 + "seed == 1",
        "-" * 15_000 + "seed == 1",
        "seed" + " + seed" * 2_500 + " > 1",
        "seed == 1 or " * 10_000,
        "[" * 10_000,
    ]
    mistakes = called("filter.js", "mistakeIn", [[{"document": DOCUMENT}, text] for text in texts])
    for text, mistake in zip(texts, mistakes, strict=True):
        assert mistake is None or len(mistake) < 100, text[:20]
    assert mistakes[4] == "longer than 20000 signs"
    # Nor do they break what asks for the jobs.
    called("filter.js", "keptJobs", [[{"document": DOCUMENT}, text] for text in texts])
