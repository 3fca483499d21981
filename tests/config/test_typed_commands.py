"""Every command in the comments of configs and in the documents composes as it is typed."""

import re
import shlex
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from seedbed.config.groups import config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.config.validation import check
from seedbed.experiment.inferred_facts import register_inferred

ROOT = Path(__file__).parents[2]
PENGUINS = Path(str(files("palmerpenguins"))) / "data" / "penguins.csv"
# Words that say "your own" in the README.
OWN = ("mine", "wide", "rows.Rows", "DIR", "FILE", "GROUP", "...", "NAME", "--cfg", "resume=")
FLAGS = re.compile(r"-m|--\S+")


def _commands() -> list[tuple[str, str]]:
    """Return the words after `seedbed train`, and the words that a comment adds to its preset."""
    found = []
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        comment = " ".join(
            line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#")
        )
        commands = re.findall(r"seedbed train((?: -?-?[+\w@/.]+=\S+)+)", comment)
        found += [(path.name, words) for words in commands]
        # Further overrides stand in sentences of their own.
        rest = re.sub(r"seedbed train(?: \S+=\S+)+", "", comment)
        more = re.findall(r"(?<!\S)(?:[a-z_]+(?:\.\w+)?=\S+ ?)+", rest)
        if path.parent.name == "experiment":
            found += [(path.name, f"experiment={path.stem} {words}") for words in more]
    # Commands in console blocks are run, those of the experiments by scripts/experiments.py.
    pages = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem != "experiments"]
    for page in [ROOT / "README.md", *pages]:
        inline = re.findall(r"`seedbed train ([^`]*)`", page.read_text())
        texts = [" ".join(words.split("\n")) for words in inline]
        found += [(page.name, words) for words in texts if not any(own in words for own in OWN)]
    return found


COMMANDS = _commands()


def test_commands_are_found() -> None:
    assert len([name for name, _ in COMMANDS if name == "README.md"]) >= 2
    assert ("crop_yield_scratch.yaml", "null") in [
        (name, words.split("=")[-1].strip()) for name, words in COMMANDS
    ]


@pytest.mark.parametrize(("name", "words"), COMMANDS)
def test_it_composes(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "penguins.csv" in words:
        shutil.copy(PENGUINS, tmp_path)
    monkeypatch.chdir(tmp_path)
    overrides = [word.rstrip(",.;") for word in shlex.split(words) if not FLAGS.fullmatch(word)]
    # Of an axis the first value.
    first = [re.sub(r"=([^\[{(,]+|\[[^\]]*\]),.*", r"=\1", word) for word in overrides]
    chosen = [re.sub(r"=.*(?:range|interval)\(([^,]+),.*", r"=\1", word) for word in first]
    register_resolvers()
    register_inferred()
    register_schema()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", overrides=chosen, return_hydra_config=True)
    check(config)
