"""Folders of images that cannot be trained on: each is refused in a line that says what to do."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.data.images.pictures import class_folders, data, drawn, facts, write

from seedbed.errors import ConfigError

Keys = dict[str, Any]


def png_of_size(path: Path, height: int, width: int) -> None:
    """A small file that says it has so many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        code = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", code)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = zlib.compress(b"\0" * 100)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", content)
        + chunk(b"IEND", b"")
    )


def nothing(folder: Path) -> None:
    folder.mkdir()


def texts(folder: Path) -> None:
    for name in ("cat/a.txt", "cat/b.gif", "dog/c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def file(folder: Path) -> None:
    folder.write_text("")


def loose(folder: Path) -> None:
    write(class_folders(folder) / "a.png")


def alone(folder: Path) -> None:
    class_folders(folder, classes=("cat",))


def empty_class(folder: Path) -> None:
    (class_folders(folder) / "horse").mkdir()


def empty_train(folder: Path) -> None:
    class_folders(folder / "test")
    (folder / "train").mkdir()


def no_train(folder: Path) -> None:
    class_folders(folder / "test")
    class_folders(folder / "val")


def more_beside_train(folder: Path) -> None:
    class_folders(folder / "train")
    class_folders(folder / "extra")


def two_validations(folder: Path) -> None:
    for name in ("train", "val", "valid"):
        class_folders(folder / name)


def unknown_class(folder: Path) -> None:
    class_folders(folder / "train")
    class_folders(folder / "test", classes=("cat", "dgo"))


def sizes(folder: Path) -> None:
    write(class_folders(folder) / "cat/large.png", drawn(1, 8, 8))
    write(folder / "dog/wide.png", drawn(1, 2, 9))


def broken(folder: Path) -> None:
    class_folders(folder)
    (folder / "cat/empty.png").write_bytes(b"")
    (folder / "cat/text.png").write_text("no image")
    (folder / "dog/gif.png").write_bytes(b"GIF89a\1\0\1\0\0\0\0;")
    content = (folder / "dog/dog0.png").read_bytes()
    (folder / "dog/cut.png").write_bytes(content[:-30])


def many_broken(folder: Path) -> None:
    class_folders(folder)
    for row in range(12):
        (folder / f"cat/{row:02}.png").write_bytes(b"")


def cut_photo(folder: Path) -> None:
    path = write(class_folders(folder) / "cat/photo.jpg", drawn(1, 40, 40, 3))
    path.write_bytes(path.read_bytes()[:-400])


def bomb(folder: Path) -> None:
    png_of_size(class_folders(folder) / "cat/bomb.png", 20_000, 9_000)


def large(folder: Path) -> None:
    png_of_size(class_folders(folder) / "cat/large.png", 10_001, 10_000)


def thirty_two_bits(folder: Path) -> None:
    class_folders(folder)
    (folder / "cat/a.ppm").write_bytes(b"P5\n5 4\n65535\n" + bytes(40))


def moving(folder: Path) -> None:
    frames = [Image.fromarray(drawn(seed)) for seed in range(3)]
    frames[0].save(class_folders(folder) / "cat/a.png", save_all=True, append_images=frames[1:])


def odd_name(folder: Path) -> None:
    content = (class_folders(folder) / "cat/cat0.png").read_bytes()
    with open(os.fsencode(folder / "cat") + b"/\xff.png", "wb") as opened:
        opened.write(content)


def of_metadata(*lines: str, images: int = 6) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        for row in range(images):
            write(folder / f"{row}.png")
        (folder / "notes.txt").write_text("")
        (folder / "metadata.csv").write_text("\n".join(lines) + "\n")

    return make


GOOD = [f"{row}.png,{'ab'[row % 2]}" for row in range(6)]


def lacking_metadata(folder: Path) -> None:
    of_metadata("file_name,label", *GOOD)(folder / "train")
    write(folder / "test/0.png")


@pytest.mark.parametrize(
    ("make", "keys", "said"),
    [
        (lambda folder: None, {}, "data.folder=F: no such folder"),
        (file, {}, "data.folder=F: not a folder"),
        (
            nothing,
            {},
            "data.folder=F: no images (PNG, JPEG, WebP, BMP and PNM are read), it is emp",
        ),
        (texts, {}, "no images (PNG, JPEG, WebP, BMP and PNM are read); it holds 2 .txt, 1 .gif"),
        (
            loose,
            {},
            "data.folder=F: 1 image(s) in no class folder: a.png; put each into the folder",
        ),
        (alone, {}, "there is one class, cat, and two are needed: a folder of images each"),
        (empty_class, {}, "no image in the class folder horse; remove what is no class"),
        (empty_train, {}, "data.folder=F: no images in train/"),
        (no_train, {}, "data.folder=F: it has a folder val, and no folder train"),
        (
            more_beside_train,
            {},
            "extra beside train: folders of images are either classes, or train",
        ),
        (two_validations, {}, "data.folder=F: val, valid name the same split"),
        (unknown_class, {}, "test/dgo/dgo0.png is of the class 'dgo', which no training image is"),
        (unknown_class, {}, "Did you mean 'dog'? Classes: cat, dog"),
        (
            sizes,
            {},
            "differ in size: 4 x 5 (12, such as cat/cat0.png), 8 x 8 (1, such as cat/large",
        ),
        (sizes, {}, "2 x 9 (1, such as dog/wide.png); data.size=[4,5] makes all of them that size"),
        (broken, {}, "data.folder=F: 3 of 16 images cannot be read: cat/empty.png (an empty file)"),
        (broken, {}, "cat/text.png (no PNG, JPEG, WebP, BMP or PNM file), dog/gif.png (no PNG"),
        (broken, {"size": 4, "channels": 1}, "4 of 16 images cannot be read: cat/empty.png (an em"),
        (broken, {"size": 4, "channels": 1}, "dog/cut.png (image file is truncated"),
        (many_broken, {}, "12 of 24 images cannot be read: cat/00.png (an empty file), cat/01.png"),
        (many_broken, {}, "cat/09.png (an empty file), and 2 more"),
        (
            cut_photo,
            {"size": 4},
            "1 of 13 images cannot be read: cat/photo.jpg (image file is trun",
        ),
        (bomb, {}, "cat/bomb.png (more than 100,000,000 pixels)"),
        (large, {}, "cat/large.png (10,001 x 10,000 pixels: more than 100,000,000 pixels)"),
        (thirty_two_bits, {}, "cat/a.ppm (pixels of the kind I: save it with 8 bits a channel)"),
        (moving, {}, "cat/a.png (several images in one file: save them one by one)"),
        (odd_name, {}, r"data.folder: 'cat/\udcff.png': the name is no UTF-8; rename it"),
        (
            class_folders,
            {"target": "label"},
            "data.target=label: F has no metadata.csv, so the cla",
        ),
        (of_metadata("name,label", *GOOD), {}, "M: no column file_name, which names the images."),
        (of_metadata("name,label", *GOOD), {}, "Did you mean 'name'? Columns: name, label"),
        (of_metadata("file_name", *"abc"), {}, "M: no column besides file_name: there is nothing"),
        (
            of_metadata("file_name,x,y", *(f"{line},1" for line in GOOD)),
            {},
            "M: which column is the target? data.target=... of x, y",
        ),
        (
            of_metadata("file_name,label", *GOOD),
            {"target": "lable"},
            "data.target: no column 'lable'. Did you mean 'label'? Columns: label",
        ),
        (
            of_metadata("file_name,label", *GOOD, "9.png,a"),
            {},
            "M: line 8, column 'file_name': 9.png: no such file. Did you mean '",
        ),
        (
            of_metadata("file_name,label", *GOOD, "notes.txt,a"),
            {},
            "M: line 8, column 'file_name': notes.txt: no image that is read",
        ),
        (
            of_metadata("file_name,label", *GOOD, "../6.png,a"),
            {},
            "M: line 8, column 'file_name': ../6.png leads out of the folder",
        ),
        (
            of_metadata("file_name,label", *GOOD, ",a"),
            {},
            "M: line 8, column 'file_name': no name",
        ),
        (
            of_metadata("file_name,label", *GOOD, "0.png,a"),
            {},
            "M: line 8 names 0.png, as does line 2",
        ),
        (
            of_metadata("file_name,label", *GOOD[:5], "5.png,"),
            {},
            "M: line 7, column 'label': no value; leave",
        ),
        (of_metadata("file_name,label", *GOOD, images=0), {}, "no images (PNG"),
        (
            lacking_metadata,
            {},
            "data.folder=F: no test/metadata.csv, and train/metadata.csv is there",
        ),
    ],
)
def test_a_folder_is_refused_with_what_is_wrong(
    tmp_path: Path, make: Callable[[Path], None], keys: Keys, said: str
) -> None:
    folder = tmp_path / "pets"
    make(folder)

    with pytest.raises(ConfigError) as refused:  # noqa: PT012, as it is composed, and as it trains
        facts(folder, **keys)
        data(folder, **keys)

    message = str(refused.value).replace(f"data.folder={folder}/metadata.csv", "M")
    assert said in message.replace(str(folder), "F")
    assert len(message.splitlines()) <= 2
