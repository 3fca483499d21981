"""Documents of `seedbed list`: the groups, the options of one, and the metrics."""

from typing import Annotated

from seedbed.documents.document import Document, Part, Path, says


class Group(Part):
    """A config group."""

    name: Annotated[str, says("name, chosen with name=option")]
    meaning: Annotated[str, says("what it holds")]
    options: Annotated[list[str], says("names of its options")]


class Groups(Document, tag="seedbed-groups/1"):
    """The config groups: `seedbed list --json`."""

    groups: list[Group]


class Option(Part):
    """An option of a group."""

    name: str
    description: Annotated[str, says("first line of its file")]
    file: Annotated[Path, says("its YAML file")]


class Options(Document, tag="seedbed-options/1"):
    """The options of a group: `seedbed list GROUP --json`."""

    group: str
    meaning: Annotated[str, says("what the group holds")]
    options: list[Option]


class Metric(Part):
    """A metric for `task.metrics`."""

    name: str
    mode: Annotated[str, says("min or max, which direction is better")]
    tasks: Annotated[list[str], says("tasks that have it")]
    meaning: str


class MetricNames(Document, tag="seedbed-metrics/1"):
    """The metrics: `seedbed list metrics --json`."""

    metrics: list[Metric]
