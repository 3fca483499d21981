"""Document of rows that are looked at."""

from collections.abc import Mapping, Sequence

from seedbed.commands.inspected import Part, class_counts, class_names, target_names
from seedbed.config.spec import DataFacts
from seedbed.data.tables import TableSchema
from seedbed.documents.data import Column, Inputs, Inspection, Numbers, Split, inspection


def columns_document(schema: TableSchema, suspicions: Sequence[str], word: str) -> Inspection:
    """Return the document of a table without a target, which the word `word` would name."""
    notes = list(schema.notes)
    return inspection(columns=_columns(schema), notes=notes, suspicious=list(suspicions), next=word)


def inspection_document(
    facts: DataFacts,
    parts: Mapping[str, Part],
    schema: TableSchema | None,
    suspicions: Sequence[str],
) -> Inspection:
    """Return the document of rows by split; `schema` is that of a table."""
    train = parts.get("train")
    seen = None if train is None or not len(train.inputs) else train.inputs
    is_regression = facts.task == "regression"
    counts = {} if is_regression else class_counts(facts, parts)
    return inspection(
        task=facts.task,
        columns=_columns(schema),
        inputs=Inputs(
            shape=list(facts.input_shape),
            names=list(facts.feature_names),
            type=None if seen is None else str(seen.dtype).removeprefix("torch."),
            minimum=None if seen is None else float(seen.min()),
            maximum=None if seen is None else float(seen.max()),
        ),
        classes=[] if is_regression else list(class_names(facts)),
        targets=list(facts.target_names),
        splits={
            split: Split(
                rows=part.rows,
                looked_at=len(part.inputs),
                classes=dict(zip(class_names(facts), counts.get(split, ()), strict=False)),
                targets=_numbers(facts, part) if is_regression else {},
            )
            for split, part in parts.items()
        },
        notes=list(schema.notes) if schema is not None else [],
        suspicious=list(suspicions),
    )


def _columns(schema: TableSchema | None) -> list[Column]:
    return [
        Column(name=each.name, kind=each.kind, role=each.role, missing=each.missing, note=each.note)
        for each in (schema.columns if schema is not None else ())
    ]


def _numbers(facts: DataFacts, part: Part) -> dict[str, Numbers]:
    values = part.targets.double().reshape(len(part.targets), -1)
    return {
        name: Numbers(
            mean=float(own.mean()),
            deviation=float(own.std(correction=0)),
            minimum=float(own.min()),
            maximum=float(own.max()),
        )
        for name, own in zip(target_names(facts), values.T, strict=True)
    }
