"""Messages for what Hydra and OmegaConf raise while composing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import MissingConfigException

from seedbed.config.composition_errors import explain
from seedbed.config.groups import config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.errors import ConfigError


@pytest.fixture
def message() -> Callable[..., str]:
    """Return a function that composes what cannot be composed; it returns the explanation."""

    def explained(*overrides: str, verb: str = "train") -> str:
        register_resolvers()
        register_schema()
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(config_folder()), version_base="1.3"):
            try:
                compose(verb, overrides=list(overrides))
            except Exception as error:
                return str(explain(error, verb, overrides))
        raise AssertionError("it was composed")

    return explained


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            "optimizer=adma",
            "optimizer=adma: no such option. Did you mean 'adam'?\noptimizer may be",
        ),
        ("optimizer.lr=fast", "optimizer.lr: 'fast' is not a number (learning rate)"),
        ("trainer.max_epochs=1.5", "trainer.max_epochs: '1.5' is not a whole number"),
        ("data.shuffle=maybe", "data.shuffle: 'maybe' is not true or false"),
        ("seed=null", "seed: null is not accepted (random seed"),
        ("seed=1,2", "seed=1,2: several values make a sweep, which needs -m; a list is [a,b]"),
        ("~optimizer.lr", "~optimizer.lr: this key cannot be deleted; give it a value instead"),
        ("+model=mlp", "+model=mlp: the config has model already; write model=mlp without +"),
        ("+seed=1", "+seed=1: the config has seed already; write seed=1 without +"),
        ("~data.rows=3", "~data.rows=3: there is no such key that could be deleted"),
        ("model=3", "model=3: an option is chosen by its name\nmodel may be: "),
        ("seed", "seed: not an override of the form key=value"),
        (
            "data.target=Diagnöse <b>",
            "data.target=Diagnöse <b>: quote it: 'data.target=\"Diagnöse <b>\"'",
        ),
        ("data.target=a [b]", "data.target=a [b]: quote it: 'data.target=\"a [b]\"'"),
        ("model.hidden=[4,", "model.hidden=[4,: not an override of the form key=value"),
        ("search.trials=6", "search.trials: no key of a grid; a search is chosen by its sampler"),
        ("optimizer.lr=interval(0.1)", "optimizer.lr=interval(0.1): interval(0.1) is not interval"),
        ("optimizer.lr=interval(a,b)", "optimizer.lr=interval(a,b): interval(a,b) is not interval"),
        ("optimizer.lr=tag(log,1,2)", "optimizer.lr=tag(log,1,2): tag(log,1,2) is not tag(log,int"),
        ("sweep.space={a: interval(0,1)}", "sweep.space={a: interval(0,1)}: a space is typed key"),
        ("optimizer.eta=1", "optimizer.eta: no such key. Did you mean 'optimizer.lr'?"),
        (
            "callbacks.fit.dpi=1",
            "callbacks.fit: this callback is not chosen; +callback@callbacks.fit",
        ),
    ],
)
def test_what_a_mistake_is_answered_with(
    message: Callable[..., str], override: str, expected: str
) -> None:
    assert message(override).startswith(expected)


def test_a_table_alone_is_answered_with_what_to_type(
    message: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wine.csv").touch()
    said = message("wine.csv")
    assert said.endswith("Did you mean 'data=table data.file=wine.csv'?")


def test_blanks_around_the_equals_sign_are_named(message: Callable[..., str]) -> None:
    said = message("optimizer.lr", "=", "0.1")
    assert said == "optimizer.lr =: no blanks around =, such as optimizer.lr=VALUE"


def test_a_verb_that_reads_a_run_offers_its_own_keys(message: Callable[..., str]) -> None:
    assert message("rnu=x", verb="evaluate").startswith("rnu: no such key. Did you mean 'run'?")
    assert "optimizer" not in message("lr=1", verb="evaluate")
    assert "which has: run, split, input, targets" in message("model=mlp", verb="evaluate")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("freeze: {foo: 3}", "freeze.foo: no such key (in experiment/mine).\nfreeze has: param"),
        ("seed: null", "seed: null is not accepted (in experiment/mine)"),
        ("data: {shuffle: maybe}", "data.shuffle: 'maybe' is not true or false (in experiment/m"),
        ("freeze: {parameters: 3}", "freeze.parameters: a list is needed (in experiment/mine)"),
        ("defaults: [{/experiment: other}]", "experiment=mine: its defaults lead back to itself"),
    ],
)
def test_a_mistake_in_a_config_file_is_told_with_the_file(
    message: Callable[..., str], tmp_path: Path, content: str, expected: str
) -> None:
    file = tmp_path / "experiment/mine.yaml"
    file.parent.mkdir()
    file.write_text(f"# @package _global_\n{content}\n")

    said = message("experiment=mine", f"hydra.searchpath=[file://{tmp_path}]")

    assert said.startswith(expected)


@pytest.mark.parametrize("content", ["seed: 3", "defaults: [{override /data: clusters}]"])
def test_a_preset_below_a_key_is_told_the_line_it_lacks(
    message: Callable[..., str], tmp_path: Path, content: str
) -> None:
    file = tmp_path / "experiment/mine.yaml"
    file.parent.mkdir()
    file.write_text(content)

    said = message("experiment=mine", f"hydra.searchpath=[file://{tmp_path}]")

    assert said.startswith("experiment: a preset needs '# @package _global_' as its first line")


def test_a_launcher_that_is_not_installed_is_told_how_it_is() -> None:
    missing = MissingConfigException("", "hydra/launcher/ray", ["basic"])
    expected = "hydra/launcher=ray: no such option. Install it with: pip install 'seedbed[launch"
    assert str(explain(missing, "train", ())).startswith(expected)


def test_an_error_of_ours_stays_as_it_is() -> None:
    error = ConfigError("seed: said already")

    assert explain(error, "train", ["seed=x"]) is error
