"""Axis labels and class names from the names and units of the data."""

from tests.composing import composed

from seedbed.callbacks.figures.axis_labels import class_names, feature_labels, target_labels
from seedbed.config.spec import DataFacts, run_spec


def facts(**names: tuple[str, ...]) -> DataFacts:
    return DataFacts("regression", (1,), 1, **names)


def test_labels_are_names_with_units_where_there_is_one_for_each() -> None:
    data = run_spec(composed()).facts
    assert feature_labels(data, 3) == ["temperature (F)", "rainfall (mm)", "humidity (%)"]
    assert feature_labels(data, 4) == ["input 1", "input 2", "input 3", "input 4"]
    assert target_labels(facts(target_names=("height",)), 1) == ["height"]
    assert target_labels(facts(), 1) == ["target"]
    assert class_names(facts(class_names=("a", "b")), 2) == ["a", "b"]
    assert class_names(facts(class_names=("a", "b")), 3) == ["0", "1", "2"]
