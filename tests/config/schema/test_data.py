"""What the dataclasses of datasets know of the rows before any is loaded."""

import pytest
from tests.composing import composed

from seedbed.config.schema import schema_of
from seedbed.config.spec import run_spec
from seedbed.data import InMemoryData
from seedbed.experiment.build import build_data


@pytest.mark.parametrize(
    "overrides",
    [
        ("data=crop_yield", "data.rows=5"),
        ("data=thermometer",),
        ("data=clusters", "data.rows=30"),
        ("data=blobs", "data.rows=31"),
        ("data=linear_noise", "data.rows=32"),
    ],
)
def test_the_number_of_rows_is_that_of_the_dataset(overrides: tuple[str, ...]) -> None:
    config = composed(*overrides)
    data = build_data(run_spec(config))
    assert isinstance(data, InMemoryData)

    schema = schema_of(config.data)

    assert schema is not None
    assert schema.row_count(config.data) == len(data.load().rows.inputs)  # type: ignore[attr-defined]


def test_of_an_endless_stream_no_number_of_rows_is_known() -> None:
    config = composed("data=clusters", "data.sample=stream")

    schema = schema_of(config.data)

    assert schema is not None
    assert schema.row_count(config.data) is None  # type: ignore[attr-defined]
