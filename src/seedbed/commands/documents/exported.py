"""Document of an export."""

from pathlib import Path

from seedbed.config.schema.export import BESIDE
from seedbed.documents.document import notes
from seedbed.documents.reading import Export
from seedbed.experiment.export.check_rows import CheckRows
from seedbed.experiment.export.export import Written
from seedbed.experiment.export.opened_run import OpenedRun
from seedbed.runs.folder import RunFolder
from seedbed.terminal.words import relative


def export_document(
    folder: RunFolder,
    run: OpenedRun,
    kind: str,
    written: Written,
    rows: CheckRows,
    why: str,
    output: Path,
) -> Export:
    """Return the document of a file that was written; `why` says why its rows are made up."""
    lines = [("weights", run.member.picked()), *run.member.weights().lines]
    return Export(
        folder=relative(folder.path),
        output=relative(output),
        description_file=relative(output.with_name(output.name + BESIDE)),
        bytes=written.nbytes,
        kind=kind,
        description=dict(written.description),
        difference=written.difference,
        compared=rows.told,
        notes=notes([*lines, *([("note", why)] if why else [])]),
    )
