"""What is told of a run that is trained again."""

from collections.abc import Sequence

from seedbed.experiment.repeating.conditions import Difference
from seedbed.experiment.repeating.opening import Repeated
from seedbed.experiment.repeating.results import Compared
from seedbed.terminal.tables import print_table
from seedbed.terminal.words import relative


def told_before(repeated: Repeated, others: Sequence[Difference]) -> list[str]:
    """Return the lines before the training: what is repeated, and what is another than then."""
    lines = [f"repeats      {relative(repeated.folder.path)}"]
    if not others:
        known = "versions" in repeated.record
        lines.append(f"differs      {'nothing' if known else 'not known: the record tells little'}")
    for number, other in enumerate(others):
        title = "differs" if number == 0 else ""
        lines.append(f"{title:13}{other.kind:8} {other.text}")
    return lines


def told_results(result: Compared) -> None:
    """Print a table of the metrics, and how far the weights are apart."""
    from rich import box
    from rich.table import Table

    table = Table("metric", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("recorded", "repeated", "difference"):
        table.add_column(title, justify="right")
    for name, (before, now) in result.metrics.items():
        apart = ""
        if before != now and before is not None and now is not None:
            apart = f"{now - before:.3g}"
        elif before != now:
            apart = "not a number"
        table.add_row(name, _number(before), _number(now), apart)
    if result.metrics:
        print_table(table)
    for name, distance in result.weights.items():
        words = distance if isinstance(distance, str) else f"at most {distance:.3g} apart"
        print(f"{name + '.ckpt':13}{'equal, bit for bit' if distance == 0.0 else words}")
    if result.status[0] != result.status[1]:
        print(f"status       {result.status[0]}, now {result.status[1]}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def verdict(result: Compared, tolerance: float, others: Sequence[Difference]) -> str:
    """Return the line that says whether the run was repeated."""
    if result.bit_equal:
        return "verdict      equal: metrics and weights, bit for bit"
    if result.equal:
        return (
            f"verdict      equal to a relative {tolerance:g}, which is what training side by side "
            "promises"
        )
    kinds = ", ".join(dict.fromkeys(other.kind for other in others))
    why = f"; before training differed: {kinds}" if kinds else "; nothing differed before training"
    return f"verdict      not equal{why}"
