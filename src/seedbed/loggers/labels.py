"""Labels of a run as loggers have them: its name, tags and notes."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Labels(NamedTuple):
    """Labels of a run; what was not given is None or empty."""

    name: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None

    def texts(self) -> dict[str, str]:
        """Return what was given, by its key."""
        given = {"name": self.name, "tags": ", ".join(self.tags), "notes": self.notes}
        return {key: text for key, text in given.items() if text}


NO_LABELS = Labels()


def labels_of(record: Mapping[str, Any]) -> Labels:
    """Return the labels in the fields of a run.json."""
    return Labels(record.get("name"), tuple(record.get("tags") or ()), record.get("notes"))
