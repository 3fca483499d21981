"""Documents of the verbs that read a run: evaluate, predict, export and repeat."""

from typing import Annotated, Any, Literal

from seedbed.documents.document import Document, Metrics, Note, Number, Part, Path, Time, says
from seedbed.documents.runs import Run


class Weights(Part):
    """The weights that were used."""

    checkpoint: Annotated[Literal["best", "last"], says("of a run that has no other it is `last`")]
    epoch: Annotated[int | None, says("of a run, the epoch that they are of")]
    ensemble: Annotated[
        Literal["best", "all"] | None,
        says("of a sweep, the jobs whose predictions are averaged: those of its best, or all"),
    ]
    jobs: Annotated[dict[int, int | None], says("epoch of each of these jobs by its number")]


class Evaluation(Document, tag="seedbed-evaluation/1"):
    """Metrics of rows: `seedbed evaluate --json`."""

    folder: Annotated[Path, says("the run or the sweep")]
    weights: Weights
    split: Annotated[Literal["train", "val", "test"] | None, says("null: rows of `input`")]
    input: Annotated[str | None, says("file or folder of the rows, as it was typed")]
    sha256: Annotated[str | None, says("of that file; null: a split, or a folder")]
    fingerprint: Annotated[str | None, says("SHA-256 of the data of a split")]
    rows: int | None
    metrics: Metrics
    recorded: Annotated[Metrics, says("what the run recorded of these weights and this split")]
    output: Annotated[Path | None, says("JSON file that was written; null: it could not be")]
    versions: dict[str, str]
    evaluated: Time
    notes: list[Note]


class Predictions(Document, tag="seedbed-predictions/1"):
    """Predictions of rows: `seedbed predict --json`."""

    folder: Annotated[Path, says("the run or the sweep")]
    rows: Annotated[int, says("rows that were given")]
    predicted: Annotated[int, says("of these, how many could be predicted")]
    columns: Annotated[
        dict[str, list[Any]] | None,
        says(
            "a value for each row by the name of its column: row number, ids, what is true, then "
            "what is predicted, null where it cannot be; null: they are in `output`"
        ),
    ]
    output: Annotated[Path | None, says("file that was written")]
    notes: list[Note]


class Export(Document, tag="seedbed-export/1"):
    """A network that was exported: `seedbed export --json`."""

    folder: Annotated[Path, says("the run")]
    output: Annotated[Path, says("the file")]
    description_file: Annotated[Path, says("what is needed to use it")]
    bytes: int
    kind: Annotated[str, says("format: onnx, torch_export, safetensors or state_dict")]
    description: Annotated[dict[str, Any], says("content of that file")]
    difference: Annotated[
        Number, says("largest difference from the run on `compared`; null: nothing was compared")
    ]
    compared: Annotated[str, says("rows that were compared")]
    notes: list[Note]


class Difference(Part):
    """Something that differed before training."""

    kind: Annotated[str, says("code, versions, data, device ...")]
    text: str


class Repetition(Document, tag="seedbed-repetition/1"):
    """A run that was trained again: `seedbed repeat --json`."""

    exit_code: Annotated[int, says("exit code of the command: 0 only where both are equal")]
    folder: Annotated[Path, says("the run that is repeated")]
    run: Annotated[Run, says("the new run")]
    differs: Annotated[list[Difference], says("what differed before training")]
    equal: Annotated[bool, says("whether they are equal, to the tolerance")]
    bit_equal: Annotated[bool, says("whether metrics and weights are equal, bit for bit")]
    tolerance: Annotated[Number, says("relative difference that is accepted")]
    metrics: Annotated[
        dict[str, tuple[Number, Number]], says("recorded and repeated value of each metric")
    ]
    weights: Annotated[
        dict[str, float | str | None],
        says("largest distance of the weights of best and last, or why it is not known"),
    ]
