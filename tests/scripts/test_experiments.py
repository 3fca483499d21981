"""The reference experiments reach what they are to reach, each by its own command."""

import re
from pathlib import Path

import pytest
from scripts.experiments import PICTURES, ROWS, Row, measure
from tests.experiments import record, trained

from scripts import experiments
from seedbed.config.groups import config_folder, options
from seedbed.data.datasets.fashion_mnist_files import load_fashion_mnist
from seedbed.errors import DataError

ROOT = Path(__file__).parents[2]
PRESETS = sorted(options("experiment"))
# Row 21 takes as long as row 14, and tests of initial weights have its parts.
TESTED = [row for row in ROWS if row.number != 21]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_opens_with_what_it_is_and_its_command(name: str) -> None:
    lines = (config_folder() / "experiment" / f"{name}.yaml").read_text().splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].endswith(".")
    assert f"{lines[2]} ".startswith(f"#   seedbed train experiment={name} ")
    # What it reaches, and in how long.
    assert " on 2 cores" in " ".join(line.strip("# ") for line in lines[3:6])


# ---- Figures -------------------------------------------------------------------------------------


def require_images() -> None:
    """Skip where the real images are not at hand."""
    here = (ROOT / "data" / "fashion_mnist").is_dir()
    if not here and not Path("/usr/share/datasets/fashion-mnist").is_dir():
        pytest.skip("the real FashionMNIST images are not here: scripts/fetch_fashion_mnist.sh")
    try:
        load_fashion_mnist(ROOT / "data")
    except DataError as error:
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.parametrize("row", TESTED, ids=lambda row: f"{row.number}-{row.measure.__name__}")
def test_a_row_reaches_what_is_asked(tmp_path: Path, row: Row) -> None:
    if row.number == 14:
        require_images()
    text, ok, _, done = measure(row, tmp_path)
    assert ok, (text, [one.errors[-1000:] for one in done])


def test_a_row_that_misses_its_figure_is_not_ok(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.number == 6)
    command = f"{row.commands[0]} optimizer.lr=9e-5"
    text, ok, _, _ = measure(Row(6, row.title, (command,), row.asked, row.measure), tmp_path)
    assert not ok
    assert re.fullmatch(r"\d+\.\d+ at 100", text)


def test_a_row_whose_command_fails_is_not_ok(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.number == 6)
    command = f"{row.commands[0]} optimizer.lr=high"
    text, ok, _, _ = measure(Row(6, row.title, (command,), row.asked, row.measure), tmp_path)
    assert not ok
    assert "optimizer.lr" in text


@pytest.mark.parametrize("hidden", [13, 20])
def test_the_other_widths_of_the_thermometer_network_are_overrides(
    tmp_path: Path, hidden: int
) -> None:
    overrides = (f"model.hidden=[{hidden}]", "trainer.max_epochs=20", "logger=none")
    experiment = trained(tmp_path, "experiment=thermometer_mlp", *overrides)
    assert experiment.module.net.get_submodule("hidden_linear").out_features == hidden
    assert record(tmp_path)["status"] == "completed"


# ---- The page ------------------------------------------------------------------------------------


def test_the_rows_are_numbered_and_use_every_preset() -> None:
    assert [row.number for row in ROWS] == list(range(1, 22))
    commands = " ".join(command for row in ROWS for command in row.commands)
    assert set(re.findall(r"experiment=(\w+)", commands)) == set(PRESETS)


def test_the_page_of_experiments_is_current() -> None:
    page = (ROOT / "docs" / "experiments.md").read_text()
    lines = [line for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(lines) == len(ROWS)
    for line, row in zip(lines, ROWS, strict=True):
        assert line.startswith(f"| {row.number} | {row.title} |")
        assert all(f"`{command}`" in line for command in row.commands)
        assert f"| {row.asked} |" in line
    pictures = re.findall(r"\]\((figures/\w+\.png)\)", page)
    assert pictures == [f"figures/{name}.png" for _, _, name, _ in PICTURES]
    for picture in pictures:
        assert (ROOT / "docs" / picture).read_bytes().startswith(b"\x89PNG")


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/experiments.md)" in (ROOT / "README.md").read_text()


def test_the_table_says_asked_reached_and_ok(capsys: pytest.CaptureFixture[str]) -> None:
    experiments.print_table([(ROWS[5], "29.03 at 100", False, 1.0, [])])
    printed = " ".join(capsys.readouterr().out.split())
    assert "asked" in printed
    assert "29.03 at 100" in printed
    assert "NOT OK" in printed
