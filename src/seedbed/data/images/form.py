"""Form of images: channels and pixels."""

from typing import NamedTuple

GREY, COLOUR = 1, 3


class Form(NamedTuple):
    """Form of decoded images.

    Attributes:
        channels: 1 for grey, 3 for colour.
        height, width: pixels.
        fit: what becomes of another shape: `stretch`, `crop` or `pad`; None: it is an error.
    """

    channels: int
    height: int
    width: int
    fit: str | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one image."""
        return self.channels, self.height, self.width
