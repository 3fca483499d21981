"""Images to predict from: what is read, and which arrays are images of the right kind."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.data.images.pictures import drawn, write

from seedbed.data.images.form import Form
from seedbed.data.images.inputs import as_images, read_images
from seedbed.errors import ConfigError

GREY, COLOUR = Form(1, 4, 5, None), Form(3, 4, 5, None)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some images and a text in `new`, in the working folder."""
    for name in ("b.png", "a.png", "deep/c.png"):
        write(tmp_path / "new" / name)
    (tmp_path / "new/notes.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "new"


@pytest.mark.parametrize(
    ("source", "files", "names"),
    [
        ("new/b.png", ["b.png"], ["new/b.png"]),
        ("new", ["a.png", "b.png", "deep/c.png"], ["a.png", "b.png", "deep/c.png"]),
        ("new/*", ["a.png", "b.png"], ["new/a.png", "new/b.png"]),
        ("new/**/[bc].png", ["b.png", "deep/c.png"], ["new/b.png", "new/deep/c.png"]),
    ],
)
def test_a_file_a_folder_and_a_pattern_are_read(
    photos: Path, source: str, files: list[str], names: list[str]
) -> None:
    read = read_images(source, GREY)

    assert list(read.names) == names
    for pixels, name in zip(read.images.numpy(), files, strict=True):
        np.testing.assert_array_equal(pixels[0], np.asarray(Image.open(photos / name)))
    passed_over = [note for note in read.notes if "notes.txt" in note]
    assert len(passed_over) == (source in ("new", "new/*"))


def test_images_take_the_form_of_the_run(photos: Path) -> None:
    pixels = drawn(1, 8, 10, 3)
    write(photos / "large.png", pixels)

    read = read_images("new/large.png", Form(1, 4, 5, "stretch"))

    resized = Image.fromarray(pixels).resize((5, 4), Image.Resampling.BILINEAR)
    grey = Image.fromarray(pixels).convert("L").resize((5, 4), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(read.images[0, 0].numpy(), np.asarray(grey))
    assert read.notes == ["in colour, and taken as grey: 1 of 1"]
    colour = read_images("new/large.png", Form(3, 4, 5, "stretch"))
    np.testing.assert_array_equal(colour.images[0].numpy(), np.asarray(resized).transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("source", "form", "said"),
    [
        ("new/a.jpg", GREY, r"input=new/a.jpg: no such file. Did you mean 'a.png'\?"),
        ("new/*.gif", GREY, r"input=new/\*.gif: no image has such a name$"),
        ("new/*.txt", GREY, r"no image has such a name; it matches new/notes.txt"),
        ("empty", GREY, r"input=empty: no images in this folder"),
        ("new/notes.txt", GREY, r"1 of 1 images cannot be read: notes.txt \(an empty file\)"),
        ("new", Form(1, 8, 8, None), r"3 of 3 .* a.png \(4 x 5 pixels, and 8 x 8 are needed\)"),
    ],
)
def test_what_is_no_image_is_refused_by_name(
    photos: Path, source: str, form: Form, said: str
) -> None:
    (photos.parent / "empty").mkdir()

    with pytest.raises(ConfigError, match=said):
        read_images(source, form)


# ---- Arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "shape"),
    [
        (GREY, (4, 5)),
        (GREY, (2, 4, 5)),
        (GREY, (1, 4, 5)),
        (GREY, (2, 1, 4, 5)),
        (GREY, (4, 5, 1)),
        (GREY, (2, 4, 5, 1)),
        (GREY, (2, 20)),
        (COLOUR, (3, 4, 5)),
        (COLOUR, (2, 3, 4, 5)),
        (COLOUR, (2, 60)),
        (COLOUR, (60,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["bytes", "fractions"])
def test_arrays_in_the_order_of_the_run_are_images(
    tmp_path: Path, form: Form, shape: tuple[int, ...], kind: str
) -> None:
    values: Any = drawn(1, *shape)
    if kind == "fractions":
        values = (values / 255).astype(np.float32)
    np.save(tmp_path / "rows.npy", values)

    read = read_images(str(tmp_path / "rows.npy"), form)

    np.testing.assert_array_equal(
        read.images.numpy(), values.reshape(-1, *form.shape).astype(read.images.numpy().dtype)
    )
    assert read.images.is_floating_point() == (kind == "fractions")
    assert not read.names


@pytest.mark.parametrize(
    ("form", "shape", "said"),
    [
        (COLOUR, (2, 4, 5, 3), "channels last; numpy.moveaxis(array, -1, -3) turns it"),
        (COLOUR, (4, 5, 3), "channels last"),
        (COLOUR, (2, 3, 5, 4), "width before height; numpy.swapaxes(array, -1, -2) turns it"),
        (COLOUR, (5, 4, 3), "width first and channels last; array.swapaxes(-1, -3) turns it"),
        (GREY, (2, 5, 4), "width before height"),
        (GREY, (5, 4), "width before height"),
        (COLOUR, (2, 4, 5), "found shape (2, 4, 5), and the run takes images of (3, 4, 5)"),
        (COLOUR, (59,), "found shape (59,)"),
        (GREY, (2, 3, 4, 5), "found shape (2, 3, 4, 5)"),
        (GREY, (0, 4, 5), "it holds no image"),
    ],
    ids=str,
)
def test_other_orders_of_the_axes_are_refused_by_name(
    form: Form, shape: tuple[int, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        as_images(np.zeros(shape, np.uint8), form, "input=rows.npy")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.0, 200.0], "bytes: array.astype(numpy.uint8)"),
        ([0, 255], "values from 0 to 255 of the type int64"),
        ([-1.0, 1.0], "values from -1 to 1 of the type float64"),
        ([0.0, 300.0], "numbers from 0 to 1"),
        ([0.0, np.nan], "some values are not finite"),
    ],
    ids=str,
)
def test_levels_that_are_neither_bytes_nor_fractions_are_refused(
    values: list[float], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        as_images(np.resize(np.array(values), (4, 5)), GREY, "input=rows.npy")


def test_whole_numbers_from_0_to_1_are_fractions() -> None:
    images = as_images(np.eye(4, 5, dtype=np.int64), GREY, "input")

    assert images.dtype == np.float64
