"""The shipped tables against figures from elsewhere, and what a fingerprint depends on."""

import hashlib

import pytest
import torch
from torch import Tensor

from seedbed.config.schema import data as schema
from seedbed.data import CropYield, Thermometer
from seedbed.data.table import Table, fingerprint, read_shipped_csv

CROP_INPUTS = ["temperature", "rainfall", "humidity"]
CROP_TARGETS = ["apples", "oranges"]
# Temperature (F), rainfall (mm), humidity (%), apples and oranges (t/ha): the five regions of the
# well-known introduction to linear regression, three times with small changes.
CROP_ROWS = [
    [73, 67, 43, 56, 70],
    [91, 88, 64, 81, 101],
    [87, 134, 58, 119, 133],
    [102, 43, 37, 22, 37],
    [69, 96, 70, 103, 119],
    [74, 66, 43, 57, 69],
    [91, 87, 65, 80, 102],
    [88, 134, 59, 118, 132],
    [101, 44, 37, 21, 38],
    [68, 96, 71, 104, 118],
    [73, 66, 44, 57, 69],
    [92, 87, 64, 82, 100],
    [87, 135, 57, 118, 134],
    [103, 43, 36, 20, 38],
    [68, 97, 70, 102, 120],
]
# The thermometer of "Deep Learning with PyTorch" (Stevens, Antiga and Viehmann, 2020).
CELSIUS = [0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0]
READINGS = [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4]


def crop_yield(rows: int) -> Table:
    options = schema.CropYield(task="regression", input_shape=[3], output_size=2, rows=rows)
    return CropYield(options).load().rows


def thermometer() -> Table:
    options = schema.Thermometer(task="regression", input_shape=[1], output_size=1)
    return Thermometer(options).load().rows


def least_squares(table: Table) -> tuple[Tensor, float]:
    """The coefficients (features + 1, targets), bias last, and the mean squared error."""
    design = torch.cat((table.inputs, torch.ones(len(table.inputs), 1, dtype=torch.float64)), 1)
    coefficients = torch.linalg.lstsq(design, table.targets, driver="gelsd").solution
    return coefficients, ((design @ coefficients - table.targets) ** 2).mean().item()


@pytest.mark.parametrize("rows", [5, 15])
def test_crop_yield_is_the_published_table(rows: int) -> None:
    table = crop_yield(rows)

    assert table.inputs.dtype == table.targets.dtype == torch.float64
    assert torch.cat((table.inputs, table.targets), 1).tolist() == CROP_ROWS[:rows]


def test_thermometer_is_the_published_table() -> None:
    table = thermometer()

    assert table.inputs.dtype == table.targets.dtype == torch.float64
    assert table.inputs.tolist() == [[reading] for reading in READINGS]
    assert table.targets.tolist() == [[celsius] for celsius in CELSIUS]


@pytest.mark.parametrize(("rows", "loss"), [(5, 0.48312), (15, 0.90945)])
def test_crop_yield_has_the_known_optimum(rows: int, loss: float) -> None:
    # Mean over every element of rows x 2 targets, as the loss of a regression is.
    assert least_squares(crop_yield(rows))[1] == pytest.approx(loss, abs=5e-6)


def test_crop_yield_has_the_known_prediction() -> None:
    coefficients, _ = least_squares(crop_yield(15))

    predicted = torch.tensor([75.0, 63.0, 44.0, 1.0], dtype=torch.float64) @ coefficients

    assert predicted.tolist() == pytest.approx([53.7956, 66.8065], abs=5e-5)


def test_thermometer_has_the_known_optimum() -> None:
    coefficients, loss = least_squares(thermometer())

    assert coefficients.flatten().tolist() == pytest.approx([0.536772, -17.304785], abs=1e-6)
    assert loss == pytest.approx(2.927645, abs=1e-6)


def test_columns_are_found_by_name() -> None:
    table = read_shipped_csv("crop_yield.csv", ["oranges", "rainfall"], ["temperature"], 2)

    assert table.inputs.tolist() == [[70, 67], [101, 88]]
    assert table.targets.tolist() == [[73], [91]]


def test_rows_are_taken_by_number() -> None:
    table = Table(torch.arange(8).view(4, 2), torch.arange(4))

    taken = table.take(torch.tensor([2, 0]))

    assert taken.inputs.tolist() == [[4, 5], [0, 1]]
    assert taken.targets.tolist() == [2, 0]


def test_fingerprint_is_that_of_shapes_types_and_bytes() -> None:
    inputs = torch.tensor([[1, 2], [3, 255]], dtype=torch.uint8)
    expected = hashlib.sha256(
        b"(2, 2) torch.uint8\x01\x02\x03\xff(2,) torch.int64" + (7).to_bytes(8, "little") * 2
    )

    assert fingerprint([Table(inputs, torch.tensor([7, 7]))]) == expected.hexdigest()


def test_fingerprint_tells_tables_apart() -> None:
    inputs, targets = torch.arange(6.0).view(3, 2), torch.tensor([0, 1, 1])
    one_digit = inputs.clone()
    one_digit[2, 1] += 1e-6
    tables = [
        [Table(inputs, targets)],
        [Table(one_digit, targets)],
        [Table(inputs, torch.tensor([0, 1, 0]))],
        [Table(inputs.double(), targets)],
        [Table(inputs, targets.unsqueeze(1))],
        [Table(inputs.view(3, 1, 2), targets)],
        [Table(inputs.flip(0), targets.flip(0))],
        [Table(inputs, targets), Table(inputs, targets)],
    ]

    assert len({fingerprint(table) for table in tables}) == len(tables)


def test_fingerprint_does_not_depend_on_the_memory_layout() -> None:
    inputs, targets = torch.arange(6.0).view(2, 3), torch.arange(2)
    columns_first = inputs.T.contiguous().T

    assert not columns_first.is_contiguous()
    assert fingerprint([Table(columns_first, targets)]) == fingerprint([Table(inputs, targets)])
