"""Document of an evaluation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedbed.commands.measuring import Evaluation
from seedbed.documents.document import notes
from seedbed.documents.reading import Evaluation as Document
from seedbed.documents.reading import Weights
from seedbed.terminal.words import relative


def evaluation_document(
    result: Mapping[str, Any], evaluation: Evaluation, file: Path | None
) -> Document:
    """Return the document of a result; `file` is the one that it is written to."""
    jobs = {each["number"]: each["epoch"] for each in result.get("jobs", ())}
    weights = Weights(
        checkpoint=result["checkpoint"],
        epoch=result.get("epoch"),
        ensemble=result.get("ensemble"),
        jobs=jobs,
    )
    return Document(
        folder=result["run"],
        weights=weights,
        split=result["split"],
        input=result.get("input"),
        sha256=result.get("sha256"),
        fingerprint=result["data"]["fingerprint"] if "data" in result else None,
        rows=result["rows"],
        metrics=result["metrics"],
        recorded=dict(evaluation.recorded),
        output=None if file is None else relative(file),
        versions=result["versions"],
        evaluated=result["evaluated"],
        notes=notes(evaluation.lines),
    )
