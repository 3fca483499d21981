"""Schema of `data.augment`: changes of the training images."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from omegaconf import DictConfig

from seedbed.config.schema.field import Schema, key


@dataclass
class Augment(Schema):
    """Changes of the training images, drawn anew for each image and epoch; none by default."""

    flip: str | None = key(
        "mirror left and right: random (half of the images), alternating (each image every other "
        "epoch); null: never",
        None,
        one_of=("random", "alternating"),
    )
    crop: int = key(
        "pixels put on each side of an image before its own size is cut out at random",
        0,
        at_least=0,
    )
    padding: str = key(
        "what the pixels of crop are: reflect, edge or zeros",
        "reflect",
        one_of=("reflect", "edge", "zeros"),
    )
    translate: int = key(
        "most pixels by which an image is moved in each direction, over zeros",
        0,
        at_least=0,
    )
    brightness: float = key(
        "largest distance from 1 of the factor on all pixels",
        0.0,
        at_least=0,
        at_most=1,
    )
    contrast: float = key(
        "largest distance from 1 of the factor on the distances from the mean grey",
        0.0,
        at_least=0,
        at_most=1,
    )
    cutout: int = key(
        "side of the square of pixels that is set to 0 at a random place",
        0,
        at_least=0,
    )
    mixup: float = key(
        "alpha of the Beta distribution of the share of another image mixed in; 0: none",
        0.0,
        at_least=0,
    )

    @classmethod
    def too_large(cls, node: DictConfig, shape: list[int], key: str) -> Iterator[str]:
        """Yield the changes that reach beyond images of a shape (channels, height, width)."""
        height, width = shape[1:]
        most = {"cutout": max(height, width)} | dict.fromkeys(
            ("crop", "translate"), min(height, width) - 1
        )
        for name, limit in most.items():
            if node[name] > limit:
                yield (
                    f"{key}.{name}: {node[name]} is too much for images of {height} x {width} "
                    f"pixels: it must be at most {limit}"
                )


def changes(options: Augment) -> list[str]:
    """Return the keys of the changes that are asked for, in the order in which they are made."""
    return [
        field.name
        for field in fields(options)
        if field.name != "padding" and getattr(options, field.name)
    ]
