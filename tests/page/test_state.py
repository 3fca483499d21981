"""State of the page: its fragment gives it back, and what anybody writes there is checked."""

import random

from tests.page.node import called

SIGNS = [*"abc &=#%+/?\"'<>\\{}[]", "é", "\u2028", "\U0001f600", "\n"]


def drawn_states(count):
    """Return states with some keys of each type."""
    draw = random.Random(0)

    def text():
        return "".join(draw.choices(SIGNS, k=draw.randint(0, 8)))

    def numbers():
        return [draw.randint(0, 10**6) for _ in range(draw.randint(0, 4))]

    drawn = {
        "view": text, "filter": text, "metric": text, "selected": numbers, "open": numbers,
        "sort": lambda: [text(), draw.choice(["asc", "desc"])], "columns": lambda: [text(), text()],
        "baseline": lambda: draw.randint(0, 10**6), "logX": lambda: draw.random() < 0.5,
    }  # fmt: skip
    return [
        {name: drawn[name]() for name in draw.sample(sorted(drawn), draw.randint(0, len(drawn)))}
        for _ in range(count)
    ]


def test_the_fragment_gives_a_state_back():
    [initial] = called("shell/state.js", "valuesOf", [[""]])
    wanted = [{**initial, **state} for state in drawn_states(300)]
    fragments = called("shell/state.js", "fragmentOf", [[state] for state in wanted])
    reached = called("shell/state.js", "valuesOf", [[f"#{fragment}"] for fragment in fragments])
    assert reached == wanted


def test_what_anybody_may_write_there_is_left_out():
    [initial] = called("shell/state.js", "valuesOf", [[""]])
    fragments = [
        "baseline=x", "baseline=[1]", "baseline=null", "open=3", 'open=["a"]', "selected={}",
        "sort=1", "logX=1", "__proto__=1", "constructor=1", "unknown=1", "%", "=", "&&&",
        "columns=[1]", "open=[1,null]",
    ]  # fmt: skip
    reached = called("shell/state.js", "valuesOf", [[fragment] for fragment in fragments])
    assert reached == [initial] * len(fragments)


def test_places_that_the_document_does_not_have_are_left_out():
    [initial] = called("shell/state.js", "valuesOf", [[""]])
    places = [3, 0, 5, -1, 0.5, 3, 1e9]
    written = {"selected": places, "open": places, "job": 5, "baseline": 2}
    [known] = called(
        "shell/state.js",
        "withKnownPlaces",
        [[{**initial, **written}, {"jobs": 5, "configurations": 3}]],
    )
    kept = {"selected": [3, 0], "open": [0], "job": None, "baseline": 2}
    assert known == {**initial, **kept}
