"""Decoding of one image file to bytes of a known shape; nothing of a file is trusted."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from seedbed.data.images.form import COLOUR, GREY, Form
from seedbed.errors import SeedbedError

# Formats that are read, by what Pillow calls them, and the suffixes of their files.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm", ".pgm", ".pbm")

# Beyond, a small file may be made to fill the memory; cameras stay below.
MOST_PIXELS = 100_000_000

# Channels of the modes of Pillow's that are read.
_CHANNELS = {
    **dict.fromkeys(("1", "L", "LA", "I;16", "I;16L", "I;16B", "I;16N"), GREY),
    **dict.fromkeys(("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr"), COLOUR),
}
# Formats whose cameras write which side is up.
_TURNED = ("JPEG", "WEBP")
_ORIENTATION = 0x0112


class Header(NamedTuple):
    """What a file says of its image before it is decoded, the right side up."""

    height: int
    width: int
    channels: int


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence what Pillow says of odd files, in all threads; what is wrong is raised."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        yield


class BrokenImage(SeedbedError):
    """File that is no image that can be read; the message is the reason alone."""


def read_header(path: Path) -> Header:
    """Return what a file says of its image; raise BrokenImage where it is none."""
    with _opened(path) as image:
        width, height = image.size
        if _is_on_its_side(image):
            width, height = height, width
        return Header(height, width, _CHANNELS[image.mode])


def decoded(path: Path, form: Form) -> NDArray[np.uint8]:
    """Return the image of a file in a form, (channels, height, width).

    What is transparent is laid over white. Of 16 bits a pixel the upper 8 are kept. Grey of a
    colour is that of ITU-R BT.601. Sizes change by bilinear interpolation with antialiasing.

    Raises:
        BrokenImage: It cannot be decoded, or has another shape and may not be changed.
    """
    with _opened(path) as opened:
        image = _plain(opened).convert("L" if form.channels == GREY else "RGB")
        if image.size != (form.width, form.height):
            image = _fitted(image, form)
        pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a file, and raise BrokenImage for whatever is wrong with it."""
    try:
        if path.stat().st_size == 0:
            raise BrokenImage("an empty file")
        with Image.open(path, formats=FORMATS) as image:
            _require_readable(image)
            yield image
    except SeedbedError:
        raise
    except (MemoryError, KeyboardInterrupt):
        raise
    except UnidentifiedImageError:
        raise BrokenImage("no PNG, JPEG, WebP, BMP or PNM file") from None
    except Image.DecompressionBombError:
        raise BrokenImage(_too_large()) from None
    except OSError as error:
        raise BrokenImage((error.strerror or str(error)).lower().splitlines()[0]) from None
    except Exception as error:  # Decoders raise anything on a file that is damaged.
        reason = (str(error).splitlines() or [""])[0][:100]
        raise BrokenImage(f"damaged ({type(error).__name__}: {reason})") from None


def _require_readable(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise BrokenImage(f"{height:,} x {width:,} pixels: {_too_large()}")
    if image.mode not in _CHANNELS:
        raise BrokenImage(f"pixels of the kind {image.mode}: save it with 8 bits a channel")
    if getattr(image, "is_animated", False):
        raise BrokenImage("several images in one file: save them one by one")


def _too_large() -> str:
    return f"more than {MOST_PIXELS:,} pixels"


def _is_on_its_side(image: Image.Image) -> bool:
    return image.format in _TURNED and image.getexif().get(_ORIENTATION) in (5, 6, 7, 8)


def _plain(image: Image.Image) -> Image.Image:
    """Return an image of 8 bits a channel, opaque and the right side up."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.format in _TURNED:
        image = ImageOps.exif_transpose(image)
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _fitted(image: Image.Image, form: Form) -> Image.Image:
    size, method = (form.width, form.height), Image.Resampling.BILINEAR
    if form.fit is None:
        raise BrokenImage(
            f"{image.height} x {image.width} pixels, and {form.height} x {form.width} are needed"
        )
    if form.fit == "crop":
        return ImageOps.fit(image, size, method)
    if form.fit == "pad":
        return ImageOps.pad(image, size, method)
    return image.resize(size, method)
