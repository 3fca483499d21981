"""Some classes of a dataset: which rows are kept, how they are numbered, and what follows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.composing import composed

from seedbed.config.spec import run_spec
from seedbed.data import InMemoryData
from seedbed.data.classes import chosen_classes, rows_of
from seedbed.data.datasets import fashion_mnist
from seedbed.data.datasets.fashion_mnist_files import FashionMNISTArrays
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data

NAMES = ("a", "b", "3", "d")


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        ([], [0, 1, 2, 3]),
        (["d", "a"], [3, 0]),
        ([1, 0], [1, 0]),
        ([3, 0], [2, 0]),  # '3' is the name of a class.
        (["3", 1], [2, 1]),
    ],
)
def test_classes_are_chosen_by_name_or_number(chosen: list[object], numbers: list[int]) -> None:
    assert chosen_classes(chosen, NAMES) == numbers


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (["a", "c"], "no class 'c'"),
        ([0, 4], "no class '4'. The classes are 0 a, 1 b, 2 3, 3 d"),
        (["a", -1], "no class '-1'"),
        (["a", True], "no class 'True'"),
        (["a", 0], "'a' is there twice"),
        (["a"], "two classes at least"),
    ],
)
def test_wrong_choices_are_refused(chosen: list[object], why: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.classes") as error:
        chosen_classes(chosen, NAMES)
    assert why in str(error.value)


def test_rows_keep_their_order_and_classes_take_that_of_the_choice() -> None:
    rows, classes = rows_of(np.array([2, 0, 1, 2, 3, 0]), [2, 0])
    assert rows.tolist() == [0, 1, 3, 5]
    assert classes.tolist() == [0, 1, 0, 1]


def loaded(*words: str) -> InMemoryData:
    data = build_data(run_spec(composed(*words, "callbacks=quiet")))
    data.setup("fit")
    assert isinstance(data, InMemoryData)
    return data


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> FashionMNISTArrays:
    """Files of 40 training and 20 test images, whose first pixel is their number."""

    def of(rows: int) -> tuple[np.ndarray, np.ndarray]:
        pixels = np.zeros((rows, 28, 28), dtype=np.uint8)
        pixels[:, 0, 0] = np.arange(rows)
        return pixels, np.arange(rows, dtype=np.uint8) % 10

    arrays = FashionMNISTArrays(*of(40), *of(20), fingerprint="f")
    monkeypatch.setattr(fashion_mnist, "load_fashion_mnist", lambda folder: arrays)
    return arrays


CLOTHES = ("data=fashion_mnist", "data.val_size=2", "data.batch_size=3")


def test_clothes_of_some_classes_are_numbered_anew(images: FashionMNISTArrays) -> None:
    words = (*CLOTHES, "data.classes=[Bag,5]")
    config = composed(*words)
    assert list(config.data.class_names) == ["Bag", "Sandal"]
    assert (config.data.output_size, config.model.output_size) == (2, 2)

    data = loaded(*words)
    assert (data.rows("train"), data.rows("val"), data.rows("test")) == (6, 2, 4)
    for split, whole in (("train", images.train_labels), ("val", images.train_labels)):
        numbers = data.numbers(split)
        assert data.table(split).targets.tolist() == [{8: 0, 5: 1}[whole[n]] for n in numbers]
        pixels = (data.table(split).inputs[:, 0, 0, 0] * 255).round().int()
        assert pixels.tolist() == numbers.tolist()
    assert data.numbers("test").tolist() == [5, 8, 15, 18]
    assert data.fingerprint not in ("f", loaded(*CLOTHES, "data.classes=[5,Bag]").fingerprint)


def test_without_a_choice_clothes_are_what_they_were(images: FashionMNISTArrays) -> None:
    config = composed(*CLOTHES)
    assert (config.data.output_size, len(config.data.class_names)) == (10, 10)
    data = loaded(*CLOTHES)
    assert (data.rows("train"), data.fingerprint) == (38, "f")


def test_a_class_that_is_not_there_is_named_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match=r"data\.classes: no class 'Sneakers'\..*'Sneaker'"):
        composed(*CLOTHES, "data.classes=[Bag,Sneakers]")


def test_more_validation_rows_than_the_classes_have_are_refused() -> None:
    with pytest.raises(ConfigError, match="12000 of 12000 rows"):
        composed("data=fashion_mnist", "data.val_size=12000", "data.classes=[Bag,Coat]")


@pytest.mark.parametrize("resolved", [False, True])
def test_arrays_of_some_classes(tmp_path: Path, resolved: bool) -> None:
    x = np.arange(30.0).reshape(30, 1)
    y = np.array(["a", "b", "c"] * 10)
    np.savez(tmp_path / "a.npz", x=x, y=y, w=np.arange(30.0) + 1, x_test=x[:6], y_test=y[:6])
    words = ["data=arrays", f"data.file='{tmp_path / 'a.npz'}'", "data.classes=[c,a]"]
    if resolved:  # As the config of a run has it.
        words += ["data.task=binary", "data.output_size=1", "data.class_names=[c,a]"]
    config = composed(*words)
    assert (config.data.task, config.data.output_size) == ("binary", 1)
    assert list(config.data.class_names) == ["c", "a"]

    data = loaded(*words, "data.weight=w", "data.val_size=4")
    assert (data.rows("train"), data.rows("val"), data.rows("test")) == (16, 4, 4)
    table, numbers = data.table("train"), data.numbers("train")
    assert table.inputs.flatten().tolist() == numbers.tolist()
    assert table.targets.tolist() == [{0: 1, 2: 0}[int(n) % 3] for n in numbers]
    assert table.weights is not None
    assert torch.equal(table.weights, numbers + 1.0)


@pytest.mark.parametrize("resolved", [False, True])
def test_images_of_some_folders(tmp_path: Path, resolved: bool) -> None:
    for place, name in enumerate(("x", "y", "z")):
        (tmp_path / name).mkdir()
        for number in range(4):
            pixels = np.full((2, 2), 10 * place + number, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    words = ["data=images", f"data.folder='{tmp_path}'", "data.classes=[z,x]", "data.cache=null"]
    if resolved:
        words += ["data.task=binary", "data.output_size=1", "data.class_names=[z,x]"]
    config = composed(*words)
    assert (config.data.task, list(config.data.class_names)) == ("binary", ["z", "x"])

    data = loaded(*words, "data.val_size=0", "data.test_size=2")
    table = data.table("train")
    shades = (table.inputs[:, 0, 0, 0] * 255).round()
    assert {(int(s) // 10, int(t)) for s, t in zip(shades, table.targets, strict=True)} == {
        (2, 0),
        (0, 1),
    }
    assert all(name.startswith(("z/", "x/")) for name in data.id_columns("test")["file_name"])
