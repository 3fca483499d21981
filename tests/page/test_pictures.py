"""Pictures of a page are PNG files, of a bearable size, and say nothing of who made them."""

import base64
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from seedbed.page import pictures
from seedbed.page.part import PictureFile
from seedbed.page.pictures import NoPicture, checked_png, figures_of, pngs, title_of


def png(text: str = "", size: tuple[int, int] = (3, 2)) -> bytes:
    told, file = PngInfo(), io.BytesIO()
    told.add_text("Author", text)
    told.add_text("Comment", "long " * 100, zip=True)
    Image.new("RGBA", size, (200, 100, 50, 255)).save(file, "PNG", pnginfo=told, dpi=(72, 72))
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def test_a_picture_keeps_its_pixels_and_nothing_else():
    content = png("Jane Doe")
    kept = checked_png(content)
    assert b"Jane" not in kept
    assert b"tEXt" not in kept
    with Image.open(io.BytesIO(content)) as before, Image.open(io.BytesIO(kept)) as after:
        assert before.tobytes() == after.tobytes()
        assert not after.info.get("Comment")


HEADER = struct.pack(">IIBBBBB", 3, 2, 8, 6, 0, 0, 0)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        png()[:40],
        png()[:-12],
        png().replace(b"IDAT", b"IDAT", 1)[:-20] + b"\x00" * 20,
        SIGNATURE + chunk(b"IHDR", HEADER) + chunk(b"IEND", b""),
        SIGNATURE + chunk(b"tEXt", b"a\0b") + png()[8:],
        # It claims to be a picture of a terabyte.
        SIGNATURE
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 9_999, 9_999, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b""),
        SIGNATURE + struct.pack(">I", 2**31) + b"IHDR" + HEADER,
    ],
)
def test_what_is_no_whole_picture_is_left_out(content: bytes, tmp_path: Path):
    with pytest.raises(NoPicture):
        checked_png(content)
    path = tmp_path / "x.png"
    path.write_bytes(content)
    assert figures_of([PictureFile(0, tmp_path, path)]) == ([], 1)


def test_pictures_that_do_not_fit_or_lie_elsewhere_are_counted(tmp_path, monkeypatch):
    inside, outside = tmp_path / "run", tmp_path / "elsewhere.png"
    inside.mkdir()
    outside.write_bytes(png())
    (inside / "fit.png").write_bytes(png())
    (inside / "link.png").symlink_to(outside)
    (inside / "loss_curve-epoch-5.png").write_bytes(png())
    (inside / "notes.txt").write_text("")
    files = [PictureFile(1, inside, path) for path in pngs(inside)]
    assert [file.path.name for file in files] == ["fit.png", "link.png", "loss_curve-epoch-5.png"]
    figures, left_out = figures_of(files)
    assert [(figure.name, figure.title) for figure in figures] == [
        ("fit", "fit"),
        ("loss_curve-epoch-5", "loss curve, epoch 5"),
    ]
    assert left_out == 1
    source = figures[0].source.removeprefix("data:image/png;base64,")
    assert base64.b64decode(source) == checked_png(png())
    monkeypatch.setattr(pictures, "MOST_BYTES_OF_ALL", len(png()) + 10)
    assert len(figures_of(files)[0]) == 1
    assert figures_of(files)[1] == 2
    assert title_of("worst_mistakes") == "worst mistakes"
    assert pngs(tmp_path / "none") == []


def test_a_picture_of_an_epoch_that_is_that_of_the_end_is_shown_once(tmp_path):
    other = png(size=(4, 2))
    for name, content in [("g", png()), ("g-epoch-0002", other), ("g-epoch-0004", png())]:
        (tmp_path / f"{name}.png").write_bytes(content)
    (tmp_path / "h.png").write_bytes(png())
    files = [PictureFile(job, tmp_path, path) for job in (0, 1) for path in pngs(tmp_path)]
    figures, left_out = figures_of(files)
    assert left_out == 0
    assert [(figure.job, figure.title) for figure in figures] == [
        (job, title) for job in (0, 1) for title in ("g", "h", "g, epoch 0002")
    ]
