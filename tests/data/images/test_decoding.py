"""Decoding: whatever the bytes of a file are, it is an image or broken, in a line."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.data.images.pictures import drawn

from seedbed.data.images.decoding import BrokenImage, decoded, read_header, without_warnings
from seedbed.data.images.form import Form


def saved(format: str, pixels: Image.Image) -> bytes:
    file = BytesIO()
    pixels.save(file, format)
    return file.getvalue()


COLOURS = Image.fromarray(drawn(1, 20, 24, 3))
FILES = [
    *(saved(format, COLOURS) for format in ("PNG", "JPEG", "WEBP", "BMP", "PPM")),
    saved("PNG", COLOURS.convert("RGBA")),
    saved("PNG", COLOURS.quantize(16)),
]
changes = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.sampled_from(FILES), changed=changes, kept=st.floats(0.05, 1.0))
def test_a_damaged_file_is_an_image_or_broken(
    tmp_path: Path, content: bytes, changed: list[tuple[int, int]], kept: float
) -> None:
    damaged = bytearray(content[: int(kept * len(content))])
    for place, value in changed:
        damaged[place % len(damaged)] = value
    path = tmp_path / "damaged"
    path.write_bytes(damaged)

    said = []
    with without_warnings():
        for read in (lambda: read_header(path), lambda: decoded(path, Form(3, 8, 9, "stretch"))):
            try:
                read()
            except BrokenImage as error:
                said.append(str(error))
    assert all(len(text.splitlines()) == 1 for text in said)


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(BrokenImage, match="is a directory"):
        read_header(tmp_path)
