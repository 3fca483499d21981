"""Which entries filters let pass, and their order."""

from datetime import UTC, datetime, timedelta

import pytest

from seedbed.catalogue.collection import Item
from seedbed.catalogue.entry import Entry
from seedbed.catalogue.filters import Filters, moment, ordered
from seedbed.errors import ConfigError

NOW = datetime(2026, 11, 26, 12, 0).astimezone()


def item(name: str, hours_ago: float = 1.0, **fields: object) -> Item:
    """Return an item that began some hours ago."""
    began = (NOW - timedelta(hours=hours_ago)).timestamp()
    given = {"kind": "run", "status": "completed", "name": name, **fields}
    return Item(f"outputs/runs/{name}", Entry(began=began, **given))


ITEMS = [
    item("lr_1", 1, values={"optimizer.lr": 0.01, "data.file": "a.csv"}, tags=["a", "b"]),
    item("lr_2", 30, values={"optimizer.lr": 0.1}, tags=["b"], status="failed"),
    item("other", 50, choices={"model": "mlp"}, values={"optimizer.nesterov": True}),
    item("gone", 2, status="interrupted", error="killed", choices={"model": "cnn"}),
]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(), "lr_1 lr_2 other gone"),
        (Filters(status="failed,interrupted"), "lr_2 gone"),
        (Filters(status="killed"), "gone"),
        (Filters(name="lr_*"), "lr_1 lr_2"),
        (Filters(name="lr_?", status="[completed]"), "lr_1"),
        (Filters(tags="b"), "lr_1 lr_2"),
        (Filters(tags="[a, b]"), "lr_1"),
        (Filters(since="3h"), "lr_1 gone"),
        (Filters(since="2026-11-25"), "lr_1 lr_2 gone"),
        (Filters(since="yesterday"), "lr_1 lr_2 gone"),
        (Filters(others={"model": "mlp,c*"}), "other gone"),
        (Filters(others={"optimizer.lr": "1e-2"}), "lr_1"),
        (Filters(others={"optimizer.lr": "0.01,0.1"}), "lr_1 lr_2"),
        (Filters(others={"optimizer.nesterov": "true"}), "other"),
        (Filters(others={"data.file": "*.csv"}), "lr_1"),
    ],
)
def test_filters_let_pass_what_they_say(filters, names):
    chosen = filters.of(ITEMS, filters.tests(NOW))

    assert [each.entry.name for each in chosen] == names.split()


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (Filters(status="complete"), "status=complete: one of running, .* mean 'completed'"),
        (Filters(since="monday"), "since=monday: neither a time"),
        (Filters(since="99999999w"), "since="),
        (Filters(others={"optimizer.lrr": "1"}), "optimizer.lrr: none of these .*'optimizer.lr'"),
    ],
)
def test_a_wrong_filter_is_refused(filters, said):
    with pytest.raises(ConfigError, match=said):
        filters.of(ITEMS, filters.tests(NOW))


def test_a_time_with_a_zone_is_that_time():
    assert moment("2026-11-20T10:00:00+00:00", NOW) == datetime(2026, 11, 20, 10, tzinfo=UTC)


MEASURED = [
    item("middle", 3, metric="val/loss", metrics={"val/loss": 0.5, "val/accuracy": 0.8}),
    item("best", 2, metric="val/loss", metrics={"val/loss": 0.1, "val/accuracy": 0.7}),
    item("none", 1),
    item("worst", 4, metric="val/loss", metrics={"val/loss": 0.9, "val/accuracy": 0.9}),
]


@pytest.mark.parametrize(
    ("sort", "mode", "names"),
    [
        (None, None, "none best middle worst"),
        ("started", "min", "worst middle best none"),
        ("best", None, "best middle worst none"),
        ("val/loss", "max", "worst middle best none"),
        ("val/accuracy", None, "worst middle best none"),
        ("name", None, "best middle none worst"),
    ],
)
def test_items_are_sorted_by_a_metric_the_better_first(sort, mode, names):
    assert [each.entry.name for each in ordered(MEASURED, sort, mode)] == names.split()


def test_what_cannot_be_compared_is_not_sorted():
    other = item("other", metric="val/accuracy", metrics={"val/accuracy": 1.0})

    with pytest.raises(ConfigError, match="watch different metrics: val/loss, val/accuracy"):
        ordered([*MEASURED, other], "best", None)
    with pytest.raises(ConfigError, match=r"no such column\. Did you mean 'val/loss'"):
        ordered(MEASURED, "val/los", None)
