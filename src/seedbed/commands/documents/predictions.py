"""Document of predictions."""

from pathlib import Path

from seedbed.commands.predicting import Prediction
from seedbed.documents.document import notes
from seedbed.documents.reading import Predictions
from seedbed.experiment.predicting.told import told_rows
from seedbed.runs.folder import RunFolder
from seedbed.sweep.results.folder import SweepFolder
from seedbed.terminal.words import relative


def predictions_document(
    folder: RunFolder | SweepFolder, prediction: Prediction, output: Path | None
) -> Predictions:
    """Return the document of what a run or a sweep predicts; `output` is the file that has it."""
    told = told_rows(prediction.told, prediction.given)
    return Predictions(
        folder=relative(folder.path),
        rows=told.answer.rows,
        predicted=prediction.told.answer.rows,
        columns={name: list(cells) for name, cells in told.columns.items()}
        if output is None
        else None,
        output=None if output is None else relative(output),
        notes=notes(prediction.lines),
    )
