"""Document of a repetition."""

from collections.abc import Sequence

from seedbed.catalogue.documents.of_run import run_document
from seedbed.documents.reading import Difference as Differs
from seedbed.documents.reading import Repetition
from seedbed.experiment.repeating.conditions import Difference
from seedbed.experiment.repeating.opening import Repeated
from seedbed.experiment.repeating.results import Compared
from seedbed.runs.folder import RunFolder
from seedbed.terminal.words import relative


def repetition_document(
    code: int,
    repeated: Repeated,
    folder: RunFolder,
    others: Sequence[Difference],
    result: Compared,
) -> Repetition:
    """Return the document of a run that was trained again into a folder."""
    return Repetition(
        exit_code=code,
        folder=relative(repeated.folder.path),
        run=run_document(folder.path),
        differs=[Differs(kind=other.kind, text=other.text) for other in others],
        equal=result.equal,
        bit_equal=result.bit_equal,
        tolerance=repeated.tolerance,
        metrics=dict(result.metrics),
        weights=dict(result.weights),
    )
