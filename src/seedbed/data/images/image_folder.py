"""Images in a folder of the user's (`data=images`)."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import MISSING
from torch import Tensor

from seedbed.config.schema.data.images import ImageFolder as Options
from seedbed.data.data_module import Facts, Rows
from seedbed.data.images.folders.arrangement import Arranged, Labelled
from seedbed.data.images.folders.contents import (
    arranged_images,
    form_of,
    listing_of,
    place_in_cache,
)
from seedbed.data.images.folders.files import FILE_NAME
from seedbed.data.images.form import Form
from seedbed.data.images.in_memory import Images
from seedbed.data.images.store import decoded_images, kept_images
from seedbed.data.in_memory import Source
from seedbed.data.table import RawRows, Table
from seedbed.errors import DoesNotFit, OtherData

# Of images that do not go into memory.
ROWS_LOOKED_AT = 16


@dataclass(frozen=True)
class ImageRows:
    """Rows of a store of images, which are taken out when they are needed.

    Attributes:
        store: all images of the folder, in memory or mapped from their file.
        places: places of these rows in the store, (rows,) int64.
        targets: targets of these rows.
    """

    store: Tensor
    places: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.places)

    def take(self, rows: Tensor) -> "ImageRows":
        """Return the rows of the given numbers."""
        return ImageRows(self.store, self.places[rows], self.targets[rows])


class ImageFolder(Images):
    """DataModule of images in folders of classes, or with a metadata.csv.

    The files are decoded once to an array of bytes that is kept in `data.cache`. An array that
    does not go into memory is read from there as it is needed.
    """

    options: Options

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        # Where the images are larger than memory: their rows by split.
        self._mapped: dict[str, ImageRows] = {}
        self._is_mapped = False
        # Hash of the names and sizes of the files, here and where the run was trained.
        self._listing: str | None = None
        self._listing_of_run: str | None = None
        # Names of the files that are split, and of those of splits of their own.
        self._names: dict[str, list[str]] = {}
        # What is passed over.
        self._of_folder: tuple[str, ...] = ()

    # ---- Facts -----------------------------------------------------------------------------------

    @classmethod
    def files(cls, options: Any) -> Sequence[Path]:
        """Return the folders of classes and splits, whose times change with the files in them."""
        top = Path(str(options.folder))
        folders = [top, *_folders(top)]
        return [*folders, *(below for folder in folders[1:] for below in _folders(folder))]

    @classmethod
    def facts(cls, options: Any) -> Facts:
        """Return the facts of a folder; of the files no more than their headers are read."""
        arranged = arranged_images(options)
        count = len(arranged.class_names or arranged.target_names)
        task = arranged.task if options.task == MISSING else options.task
        return Facts(
            task,
            form_of(options, arranged).shape,
            1 if task == "binary" else count,
            target_names=arranged.target_names,
            class_names=arranged.class_names,
        )

    # ---- Rows ------------------------------------------------------------------------------------

    @property
    def form(self) -> Form:
        """Form of the images; others become it where `data.size` says so."""
        return super().form._replace(fit=None if self.options.size is None else self.options.fit)

    @property
    def preparation(self) -> dict[str, Any]:
        """What the images become, so that to predict the folder is not needed."""
        images = {**self.form._asdict(), "listing": self._listing}
        return {**(super().preparation or {}), "images": images}

    def use_preparation(self, preparation: Mapping[str, Any], source: object) -> None:
        """Use what a run has stored, instead of fitting anything."""
        super().use_preparation(preparation, source)
        images = preparation.get("images")
        self._listing_of_run = images.get("listing") if isinstance(images, Mapping) else None

    def prepare_data(self) -> None:
        """Decode the images into their file, so that other processes find them there."""
        if not self._splits and self.options.cache is not None:
            self._decoded(arranged_images(self.options))

    def setup(self, stage: str) -> None:
        """Load and split the images, the first time; to predict, none is needed."""
        if stage != "predict":
            super().setup(stage)

    def require_source(self, fingerprint: str | None) -> None:
        """Compare the images with those that the run was trained on.

        No image is opened unless the names and sizes of all are those of the run's.
        """
        listing = listing_of(arranged_images(self.options).files)
        if listing == self._listing_of_run:
            self.setup("test")
        if self.fingerprint is None or self.fingerprint != fingerprint:
            raise OtherData(
                f"data.folder={self.options.folder}: its images are not those that the run was "
                "trained on"
            )

    def load(self) -> Source:
        """Return the images; raise DataError where some cannot be read."""
        options = self.options
        arranged = arranged_images(options)
        images = self._decoded(arranged)
        self._is_mapped, self._of_folder = images.mapped, arranged.notes
        self._listing = listing_of(arranged.files)
        self._names = {
            split: [file.name for file in part.files] for split, part in arranged.parts.items()
        }
        parts, start = {}, 0
        for split, part in arranged.parts.items():
            places = torch.arange(start, start + len(part.files))
            parts[split] = ImageRows(images.tensor, places, torch.from_numpy(part.targets))
            start += len(part.files)
        columns = arranged.parts["train"].columns
        classes = None if options.task == "regression" else arranged.parts["train"].targets
        return Source(
            parts["train"],
            parts.get("test"),
            _fingerprint(images.fingerprint, arranged.parts),
            parts.get("val"),
            columns,
            classes,
        )

    def _decoded(self, arranged: Arranged) -> Any:
        options = self.options
        folder, files = Path(options.folder), arranged.files
        if options.cache is None:
            return decoded_images(folder, files, self.form)
        return kept_images(place_in_cache(options, files), folder, files, self.form)

    def _arrange(self, source: Source) -> None:
        super()._arrange(source)
        self.notes = (*self.notes, *self._of_folder)
        if self._is_mapped:
            own = {"val": source.val, "test": source.test}
            rows: Any = {name: source.rows.take(places) for name, places in self._numbers.items()}
            self._mapped = rows | {name: part for name, part in own.items() if part is not None}

    def images_at(self, split: str) -> Callable[[Tensor], Tensor]:
        """Return the function that takes images of a split by their places in it."""
        if split not in self._mapped:
            return super().images_at(split)
        rows = self._mapped[split]

        def taken(places: Tensor) -> Tensor:
            return rows.store[rows.places[places.cpu()]].to(places.device)

        return taken

    def id_columns(self, split: str) -> Mapping[str, Sequence[Any]]:
        """Return the names of the files of a split, in the order of its rows."""
        names = self._names["train" if split in self._numbers else split]
        return {FILE_NAME: [names[number] for number in self.numbers(split).tolist()]}

    def table(self, split: str) -> Table:
        """Return a split as the model takes it; raise DoesNotFit where it is larger than memory."""
        if split in self._mapped:
            raise DoesNotFit("these images are larger than memory, and all are needed at once")
        return super().table(split)

    def rows_to_check(self, split: str) -> Iterator[Rows]:
        """Yield all rows of a split; of images that are read from their file, the first few."""
        if split not in self._mapped:
            yield from super().rows_to_check(split)
            return
        targets = self._splits[split].targets
        places = torch.arange(len(targets))
        few = places[:ROWS_LOOKED_AT]
        yield Rows(self.numbers(split)[few], (self.images_at(split)(few), targets[few]))

    def fit(self, training: RawRows, development: RawRows) -> None:
        """Fit scalings to the training rows."""
        assert isinstance(training, ImageRows)
        fits = isinstance(self.options.input_scale, str) and self.options.input_scale != "none"
        if fits and self._is_mapped:
            raise DoesNotFit(
                f"data.input_scale={self.options.input_scale}: these images do not go into memory, "
                "and it looks at all of them; give a factor, or null for pixels from 0 to 1"
            )
        images = training.store[training.places] if fits else training.store[:0]
        super().fit(Table(images, training.targets), development)

    def tensors(self, rows: RawRows) -> Table:
        """Return rows as tensors; where images do not go into memory, with none in their place."""
        assert isinstance(rows, ImageRows)
        if self._is_mapped:
            return Table(_nothing(rows.store, len(rows)), rows.targets)
        return Table(rows.store[rows.places], rows.targets)


def _nothing(store: Tensor, rows: int) -> Tensor:
    """Return black images that take no memory."""
    return torch.zeros(1, dtype=store.dtype).expand(rows, *store.shape[1:])


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except OSError:
        return []


def _fingerprint(images: str, parts: Mapping[str, Labelled]) -> str:
    digest = hashlib.sha256(images.encode())
    for split, part in parts.items():
        digest.update(f"{split} {part.targets.shape} {part.targets.dtype}".encode())
        digest.update(part.targets.tobytes())
    return digest.hexdigest()
