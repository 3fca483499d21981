"""Folders of images: their arrangements, their form, and the file that keeps what was decoded."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from tests.data.images.pictures import (
    by_number,
    class_folders,
    data,
    drawn,
    facts,
    options,
    write,
)

from seedbed.config.schema.data.augmentation import Augment
from seedbed.data.data_module import Facts
from seedbed.data.images import store
from seedbed.data.images.folders import files
from seedbed.data.images.image_folder import ImageFolder
from seedbed.errors import ConfigError, DoesNotFit

# ---- Arrangements --------------------------------------------------------------------------------


def test_folders_are_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "pets", rows=4, classes=("dog", "Cat", "bird"))
    write(folder / "bird/deep/below.png")

    module = data(folder, val_size=0.25, test_size=0.25)

    assert facts(folder) == Facts("multiclass", (1, 4, 5), 3, class_names=("Cat", "bird", "dog"))
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    rows = by_number(module)
    assert len(rows) == len(names) == 13
    for name, (pixels, target) in zip(names, rows.values(), strict=True):
        np.testing.assert_array_equal(pixels[0], np.asarray(Image.open(folder / name)))
        assert target == ["Cat", "bird", "dog"].index(name.split("/")[0])
    for split in ("train", "val", "test"):
        numbers = module.numbers(split).tolist()
        assert module.id_columns(split) == {"file_name": [names[number] for number in numbers]}


def test_two_classes_are_binary_and_folders_of_numbers_are_in_their_order(tmp_path: Path) -> None:
    assert facts(class_folders(tmp_path / "two")) == Facts(
        "binary", (1, 4, 5), 1, class_names=("cat", "dog")
    )
    assert facts(class_folders(tmp_path / "two"), task="multiclass").output_size == 2
    digits = class_folders(tmp_path / "digits", rows=1, classes=("10", "9", "0"))
    assert facts(digits).class_names == ("0", "9", "10")


def test_folders_of_splits_are_the_splits(tmp_path: Path) -> None:
    for split, rows in (("train", 4), ("Validation", 2), ("test", 3)):
        class_folders(tmp_path / "pets" / split, rows=rows)

    module = data(tmp_path / "pets", val_size=0.5, test_size=0.5)

    assert [module.rows(split) for split in ("train", "val", "test")] == [8, 4, 6]
    assert module.kept("test").targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert module.id_columns("test")["file_name"][4] == "test/dog/dog1.png"
    own = np.asarray(Image.open(tmp_path / "pets/test/dog/dog1.png"))
    np.testing.assert_array_equal(module.kept("test").inputs[4, 0].numpy(), own)


def test_a_class_may_be_called_as_a_split(tmp_path: Path) -> None:
    assert facts(class_folders(tmp_path, classes=("train", "plane"))).class_names == (
        "plane",
        "train",
    )


def metadata(folder: Path, lines: list[str], at: str = "metadata.csv") -> Path:
    path = folder / at
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return folder


def test_metadata_name_the_class_of_each_image(tmp_path: Path) -> None:
    names = [write(tmp_path / f"all/{row}.png").name for row in range(6)]
    rows = [f"all/{name},{('dog', 'cat', 'cat')[place % 3]}" for place, name in enumerate(names)]
    metadata(tmp_path, ["file_name,label", *rows])

    module = data(tmp_path, val_size=0)

    assert facts(tmp_path) == Facts("binary", (1, 4, 5), 1, class_names=("cat", "dog"))
    rows_of = by_number(module)
    assert [target for _, target in rows_of.values()] == [1, 0, 0, 1, 0, 0]
    np.testing.assert_array_equal(rows_of[3][0][0], np.asarray(Image.open(tmp_path / "all/3.png")))


def test_metadata_may_hold_numbers_groups_and_weights(tmp_path: Path) -> None:
    lines = ["angle,file_name,height,patient,sure"]
    for row in range(8):
        write(tmp_path / f"{row}.png")
        lines.append(f"{row / 4},{row}.png,{row + 0.5},p{row // 2},{1 + row % 2}")
    metadata(tmp_path, lines)

    module = data(
        tmp_path,
        target=["height", "angle"],
        split="group",
        split_by="patient",
        weight="sure",
        val_size=2,
    )

    assert facts(tmp_path, target=["height", "angle"]) == Facts(
        "regression", (1, 4, 5), 2, target_names=("height", "angle")
    )
    validated = module.numbers("val").tolist()
    assert len(validated) == 2
    assert validated[0] // 2 == validated[1] // 2
    for split in ("train", "val"):
        numbers = module.numbers(split)
        table = module.kept(split)
        expected = torch.stack((numbers + 0.5, numbers / 4), dim=1)
        torch.testing.assert_close(table.targets, expected, check_dtype=False)
        assert table.weights is not None
        assert table.weights.tolist() == (1 + numbers % 2).tolist()
    batch = next(iter(module.train_dataloader()))
    assert len(batch) == 3


@pytest.mark.parametrize("at_top", [True, False])
def test_metadata_go_with_folders_of_splits(tmp_path: Path, at_top: bool) -> None:
    lines = []
    for split, rows in (("train", 4), ("test", 2)):
        of_split = []
        for row in range(rows):
            write(tmp_path / split / f"{row}.png")
            of_split.append(f"{row}.png,{'ab'[row % 2]}")
        lines += [f"{split}/{line}" for line in of_split]
        if not at_top:
            metadata(tmp_path, ["file_name,kind", *of_split], f"{split}/metadata.csv")
    if at_top:
        metadata(tmp_path, ["file_name,kind", *lines])

    module = data(tmp_path, val_size=0)

    assert [module.rows(split) for split in ("train", "val", "test")] == [4, None, 2]
    assert module.kept("test").targets.tolist() == [0, 1]


def test_what_is_no_image_is_passed_over_and_said(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "pets")
    write(tmp_path / "elsewhere/secret.png")
    (folder / "cat/notes.txt").write_text("a cat")
    (folder / "cat/.hidden.png").write_text("")
    (folder / ".git").mkdir()
    (folder / "cat/Thumbs.db").write_text("")
    (folder / "cat/away.png").symlink_to(tmp_path / "elsewhere/secret.png")
    (folder / "dog/round").symlink_to(folder)
    (folder / "cat/again.png").symlink_to(folder / "cat/cat0.png")
    os.mkfifo(folder / "cat/pipe.png")

    module = data(folder, val_size=0.25)

    assert module.notes[-2:] == (
        "passed over, no images: cat/notes.txt, cat/pipe.png",
        "passed over, links that lead elsewhere: cat/away.png, dog/round",
    )
    assert len(by_number(module)) == 13


# ---- Form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["png", "bmp", "ppm", "webp", "jpg"])
def test_formats_are_read_as_pillow_reads_them(tmp_path: Path, format: str) -> None:
    folder = class_folders(tmp_path)
    pixels = drawn(1, 4, 5, 3)
    exact = {"webp": {"lossless": True}}.get(format, {})
    path = write(folder / f"cat/a.{format}", pixels, **exact)

    rows = by_number(data(folder))

    assert facts(folder).input_shape == (3, 4, 5)
    expected = np.asarray(Image.open(path).convert("RGB"))
    np.testing.assert_array_equal(rows[0][0], expected.transpose(2, 0, 1))
    if format != "jpg":
        np.testing.assert_array_equal(expected, pixels)
    # Grey ones among them have three equal channels.
    assert (rows[3][0] == rows[3][0][:1]).all()


def test_grey_colours_transparency_palettes_and_deep_pixels_become_bytes(tmp_path: Path) -> None:
    folder, pixels = tmp_path / "odd", drawn(2, 4, 5, 3)
    clear = np.dstack((pixels, np.full((4, 5), 0, np.uint8)))
    clear[0, :, 3] = 255
    write(folder / "a/0.png", clear)
    palette = Image.fromarray(pixels).quantize(4)
    palette.save(folder / "a/1.png")
    deep = drawn(3, 4, 5).astype(np.uint16) * 256 + 77
    write(folder / "b/2.png", deep)
    Image.fromarray(pixels).convert("CMYK").save(folder / "b/3.jpg")

    colour, grey = by_number(data(folder)), by_number(data(folder, channels=1))

    np.testing.assert_array_equal(colour[0][0][:, 0], pixels[0].T)
    assert (colour[0][0][:, 1:] == 255).all()
    np.testing.assert_array_equal(
        colour[1][0], np.asarray(palette.convert("RGB")).transpose(2, 0, 1)
    )
    assert (colour[2][0] == deep // 256).all()
    for row in range(4):
        image = Image.fromarray(np.ascontiguousarray(colour[row][0].transpose(1, 2, 0)))
        np.testing.assert_array_equal(grey[row][0][0], np.asarray(image.convert("L")))


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    folder = class_folders(tmp_path)
    photo = Image.fromarray(drawn(1, 5, 4, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(folder / "cat/a.jpg", exif=exif)

    pixels = by_number(data(folder))[0][0]

    assert facts(folder).input_shape == (3, 4, 5)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(folder / "cat/a.jpg")))
    np.testing.assert_array_equal(pixels, expected.transpose(2, 0, 1))


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize(("size", "shape"), [(3, (3, 3)), ([6, 4], (6, 4))])
def test_images_are_brought_to_the_size_that_is_asked_for(
    tmp_path: Path, fit: str, size: Any, shape: tuple[int, int]
) -> None:
    folder = class_folders(tmp_path)
    write(folder / "cat/a.png", drawn(1, 9, 7))

    rows = by_number(data(folder, size=size, fit=fit))

    opened, (height, width) = Image.open(folder / "cat/a.png"), shape
    expected = {
        "stretch": lambda: opened.resize((width, height), Image.Resampling.BILINEAR),
        "crop": lambda: ImageOps.fit(opened, (width, height), Image.Resampling.BILINEAR),
        "pad": lambda: ImageOps.pad(opened, (width, height), Image.Resampling.BILINEAR),
    }[fit]()
    np.testing.assert_array_equal(rows[0][0][0], np.asarray(expected))
    assert all(pixels.shape == (1, *shape) for pixels, _ in rows.values())


# ---- What is kept --------------------------------------------------------------------------------


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "pets")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each decoding took."""
    counts: list[int] = []
    original = store.decode_into

    def counted(images: Any, files: Any, form: Any) -> None:
        counts.append(len(files.names))
        original(images, files, form)

    monkeypatch.setattr(store, "decode_into", counted)
    return counts


def contents(cache: Path) -> list[Path]:
    return sorted(path for path in cache.iterdir() if not path.name.endswith(".lock"))


def test_images_are_decoded_once(pets: Path, tmp_path: Path, decoded: list[int]) -> None:
    cache = tmp_path / "cache"
    first, second = (data(pets, cache=str(cache)) for _ in range(2))
    other = data(pets, cache=str(cache), size=3)
    without = data(pets)

    assert decoded == [12, 12, 12]
    assert [path.suffix for path in contents(cache)] == [".json", ".npy"] * 2
    for split in ("train", "val"):
        if first.has_split(split):
            assert torch.equal(first.kept(split).inputs, second.kept(split).inputs)
            assert torch.equal(first.kept(split).inputs, without.kept(split).inputs)
    assert first.fingerprint == second.fingerprint == without.fingerprint != other.fingerprint


@pytest.mark.parametrize("change", ["another", "touched", "cut", "flipped", "no description"])
def test_what_is_stale_or_damaged_is_made_anew(
    pets: Path, tmp_path: Path, decoded: list[int], change: str
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    before = by_number(data(pets, cache=str(cache)))
    description, array = contents(cache)
    if change == "another":
        write(pets / "cat/cat0.png", drawn(99))
    elif change == "touched":
        os.utime(pets / "cat/cat0.png", ns=(1, 1))
    elif change == "cut":
        array.write_bytes(array.read_bytes()[:-1])
    elif change == "flipped":
        content = bytearray(array.read_bytes())
        content[-1] ^= 1
        array.write_bytes(content)
    else:
        description.unlink()

    # What a process that was killed has left.
    (cache / f".{array.name}.0123abcd.tmp").write_bytes(b"")

    after = by_number(data(pets, cache=str(cache)))

    assert decoded == [12, 12]
    assert contents(cache) == [description, array]
    expected = {0: (drawn(99)[None], 0)} if change == "another" else {}
    for number, (pixels, target) in (before | expected).items():
        np.testing.assert_array_equal(after[number][0], pixels)
        assert after[number][1] == target


def test_a_folder_that_cannot_be_written_to_is_said(
    pets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")

    module = data(pets, cache=str(taken))

    assert len(by_number(module)) == 12
    assert "nothing is kept there" in capsys.readouterr().err


def test_images_that_do_not_go_into_memory_are_read_from_their_file(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: dict[str, Any] = {
        "cache": str(tmp_path / "cache"),
        "val_size": 4,
        "batch_size": 3,
        "augment": Augment(flip="random", crop=1, mixup=0.4),
    }
    small = data(pets, **keys)
    monkeypatch.setattr(store, "free_memory", lambda: 1)
    large = data(pets, **keys)

    assert large.nbytes == small.nbytes
    assert large.rows("val") == 4
    for loader in ("train_dataloader", "val_dataloader"):
        pairs = zip(getattr(small, loader)(), getattr(large, loader)(), strict=True)
        assert all(map(torch.equal, *batches) for batches in pairs)
    [rows] = large.rows_to_check("val")
    assert torch.equal(rows.batch[0], small.kept("val").inputs)
    with pytest.raises(DoesNotFit, match="larger than memory"):
        large.table("train")
    with pytest.raises(DoesNotFit, match="standard: these images do not go into memory"):
        data(pets, input_scale="standard", **keys)


# ---- A run's folder again ------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["none", "another size", "other pixels", "one more"])
def test_a_run_takes_no_other_images(
    pets: Path, decoded: list[int], change: str, tmp_path: Path
) -> None:
    before = data(pets, val_size=3)
    path = pets / "cat/cat0.png"
    if change == "another size":
        path.write_bytes(path.read_bytes() + b"\n")
    elif change == "other pixels":
        size, seed = path.stat().st_size, 1
        while write(path, drawn(seed)).stat().st_size != size:
            seed += 1
    elif change == "one more":
        write(pets / "dog/more.png")
    again = ImageFolder(options(pets, val_size=3))
    again.use_preparation(before.preparation, "run")
    decoded.clear()

    if change == "none":
        again.require_source(before.fingerprint)
        again.setup("test")
        assert torch.equal(again.kept("val").inputs, before.kept("val").inputs)
        return
    with pytest.raises(ConfigError, match="its images are not those that the run was trained on"):
        again.require_source(before.fingerprint)
    assert bool(decoded) == (change == "other pixels")


def test_a_folder_of_too_much_is_no_folder_of_images(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_ENTRIES", 5)

    with pytest.raises(ConfigError, match="more than 5 files and folders"):
        facts(pets)
