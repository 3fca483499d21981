"""What docs/metrics.md says of metrics, weights and losses is so."""

import re
import shlex
import subprocess
import sys
from math import inf
from pathlib import Path

import pytest
from tests.composing import composed

from seedbed.config.metrics import METRICS
from seedbed.config.overrides import with_free_keys
from seedbed.errors import ConfigError
from seedbed.training.metrics import range_of

TEXT = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text()


def test_the_tables_hold_every_metric_with_direction_range_and_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)
    expected = []
    for name, metric in METRICS.items():
        lower, upper = range_of(name)
        ends = f"{lower:g} to {upper:g}"
        if lower == -inf or upper == inf:
            ends = f"at least {lower:g}" if upper == inf else f"at most {upper:g}"
        expected.append((name, metric.better, ends, metric.meaning))
    assert rows == expected


def test_the_metrics_that_train_alone_are_named() -> None:
    alone = [f"`{name}`" for name, metric in METRICS.items() if not metric.own]
    assert f"{' and '.join(sorted(alone))} are taken by torchmetrics" in TEXT


COMMANDS = re.findall(r"^(?:\$ )?seedbed train (.*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_are_right_or_refused_as_shown(command: str) -> None:
    words = with_free_keys(shlex.split(command))
    if "mcc" in command:
        with pytest.raises(ConfigError, match="Did you mean 'matthews_corrcoef'"):
            composed(*words)
        return
    composed(*words)


def test_the_loss_shown_is_a_loss_that_takes_weights(tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict = {}
    exec(code, names)  # It is ours.
    torch, functional = names["torch"], names["functional"]
    logits, classes = torch.tensor([0.3, -1.0, 2.0]), torch.tensor([1.0, 0.0, 0.0])
    weight = torch.tensor([1.0, 0.0, 2.0])
    repeated = torch.tensor([0, 2, 2])
    plain = names["Focal"](0.0)(logits, classes)
    expected = functional.binary_cross_entropy_with_logits(logits, classes)
    torch.testing.assert_close(plain, expected)
    focal = names["Focal"]()
    torch.testing.assert_close(
        focal(logits, classes, weight), focal(logits[repeated], classes[repeated])
    )


def test_metrics_can_be_asked_for_first() -> None:
    # The schema asks for metrics, and metrics for the schema.
    done = subprocess.run(
        [sys.executable, "-c", "from seedbed.config.metrics import METRICS; print(len(METRICS))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == len(METRICS)


def test_list_prints_them_all(command) -> None:
    outcome = command("list", "metrics")
    lines = [line.split() for line in outcome.out.splitlines() if line.startswith("  ")]
    assert [line[:2] for line in lines] == [[name, m.better] for name, m in METRICS.items()]
    assert "metrics" in command("list", "metrcs").err
