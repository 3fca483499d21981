"""The command line: verbs, help, lists, completion, and what is imported for each."""

import json
import os
import subprocess
import sys
import time
from ast import literal_eval
from pathlib import Path
from statistics import median

import pytest

import seedbed
from seedbed.cli import main
from seedbed.config import groups
from seedbed.config.instantiation import make
from seedbed.errors import ConfigError

SEEDBED = str(Path(sys.executable).parent / "seedbed")
HEAVY = ("torch", "pytorch_lightning", "numpy", "hydra", "omegaconf", "tensorboard")


def ran(*arguments, cwd, **environment):
    """Run the installed command in a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
    return subprocess.run(
        [SEEDBED, *arguments],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def imported(cwd, *commands):
    """Run commands one after the other in one process.

    Return their exit codes, which heavy packages were imported, and what was printed.
    """
    code = (
        "import sys; from seedbed.cli import main\n"
        "codes = []\n"
        f"for command in {commands!r}:\n"
        "    sys.argv = ['seedbed', *command]\n"
        "    try: main.main()\n"
        "    except SystemExit as end: codes.append(end.code)\n"
        "    if 'hydra' in sys.modules:\n"
        "        from hydra.core.global_hydra import GlobalHydra\n"
        "        GlobalHydra.instance().clear()\n"
        f"heavy = [name for name in {HEAVY} if name in sys.modules]\n"
        "sys.stderr.write(f'\\n{(codes, heavy)}')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    codes, heavy = literal_eval(found.stderr.splitlines()[-1])
    return codes, heavy, found.stdout


# ---- Help and lists ------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_help_names_every_verb_and_every_option_of_every_group(command, arguments):
    outcome = command(*arguments)

    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    for verb, meaning in main.VERBS.items():
        assert any(line.split() == [verb, *meaning.split()] for line in lines)
    words = outcome.out.split()
    for group in groups.GROUPS:
        # A long list of options goes on in the next line.
        assert any(line.startswith(f"  {group} ") for line in lines)
        for option in groups.options(group):
            assert {option, f"{option},"} & set(words)


def test_help_fits_a_terminal_and_says_how_to_go_on(command):
    out = command("--help").out

    for hint in ("usage: seedbed", "seedbed list GROUP", "seedbed VERB --help", "-sc install=bash"):
        assert hint in out
    assert max(map(len, out.splitlines())) <= 120


def test_version(command):
    outcome = command("--version")

    assert outcome == type(outcome)(0, f"seedbed {seedbed.__version__}\n", "")


@pytest.mark.parametrize(
    ("verb", "key"),
    [
        ("train", "optimized_metric: null"),
        ("predict", "split: null"),
        ("report", "seedbed report DIR DIR"),
        ("report", "sort=null"),
    ],
)
def test_a_verb_shows_its_keys_on_help(command, verb, key):
    outcome = command(verb, "--help")

    assert (outcome.code, outcome.err) == (0, "")
    assert key in outcome.out
    assert "Powered by Hydra" not in outcome.out


def test_the_help_of_hydra_lists_its_groups(command):
    outcome = command("train", "--hydra-help")

    assert outcome.code == 0
    assert "hydra/launcher: basic" in outcome.out


@pytest.fixture
def users_option(tmp_path):
    """Write an option of the user's own, and one that is called like a shipped one."""
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "wide.yaml").write_text("# A wide network.\n_target_: a.B\n")
    (tmp_path / "mine" / "model" / "mlp.yaml").write_text("# My own.\n_target_: a.B\n")


@pytest.mark.usefixtures("users_option")
@pytest.mark.parametrize("named", ["--config-dir", "project file"])
def test_help_and_list_show_the_options_of_the_users_folder_as_theirs(command, tmp_path, named):
    flags = ("--config-dir", "mine") if named == "--config-dir" else ()
    if not flags:
        (tmp_path / "seedbed.yaml").write_text("config_dir: mine\n")

    for words in (("--help",), ("list",), ("train", "--help")):
        outcome = command(*words, *flags)
        assert (outcome.code, outcome.err) == (0, "")
        assert "bowl, cnn, custom, linear, parabola; in mine: mlp, wide\n" in outcome.out
    *shipped, theirs = command("list", *flags, "model").out.splitlines()
    assert theirs.split(maxsplit=1) == ["wide", "A wide network. (in mine)"]
    names = [line.split()[0] for line in shipped]
    assert names == ["bowl", "cnn", "custom", "linear", "mlp", "parabola"]
    assert shipped[4].split(maxsplit=1)[1] == "My own. (in mine)"


def test_a_wrong_project_file_keeps_nobody_from_the_help(command, tmp_path):
    (tmp_path / "seedbed.yaml").write_text("config: mine\n")

    outcome = command("--help")

    assert outcome.code == 0
    assert "usage: seedbed" in outcome.out
    assert "config: no such key" in outcome.err


@pytest.mark.parametrize("verb", main.PLAIN_VERBS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_plain_verbs_have_help_as_well(command, verb, flag):
    outcome = command(verb, flag)

    assert outcome.code == 0
    assert outcome.out.startswith(f"usage: seedbed {verb} ")


# ---- Wrong commands ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "found", "suggested"),
    [
        (("trian",), "trian", "train"),
        (("evalute", "run=x"), "evalute", "evaluate"),
        (("TRAIN",), "TRAIN", None),
        (("",), "", None),
        (("-m", "seed=1,2"), "-m", None),
        (("data=clusters",), "data=clusters", None),
    ],
)
def test_an_unknown_verb_names_the_nearest_and_all(refused, arguments, found, suggested):
    message = refused(*arguments)

    assert f"'{found}'" in message
    if suggested:
        assert f"Did you mean '{suggested}'?" in message
    assert all(verb in message for verb in main.VERBS)


# ---- Imports and start-up ------------------------------------------------------------------------


def test_completion_imports_neither_torch_nor_hydra(tmp_path, monkeypatch):
    for words in ("train opt", "train optimizer.n", "evaluate split=", "report s"):
        monkeypatch.setenv("COMP_LINE", f"seedbed {words}")
        codes, heavy, printed = imported(tmp_path, ("-sc", "query=bash"))

        assert codes == [0]
        assert heavy in ([], ["omegaconf"])
        assert printed


def test_what_needs_no_config_imports_neither_torch_nor_hydra(tmp_path):
    commands = ("--help",), ("list",), ("list", "data"), ("--version",), ("lst",), ("list", "dta")

    codes, heavy, _ = imported(tmp_path, *commands)

    assert codes == [0, 0, 0, 0, 2, 2]
    assert heavy == []


def test_printing_and_refusing_a_config_import_no_torch(tmp_path):
    codes, heavy, printed = imported(
        tmp_path,
        ("train", "--cfg", "job", "optimizer=adam"),
        ("train", "optimizer=adm"),
        ("train", "optimizer.lr=-1"),
        ("train", "model=cnn"),
        ("evaluate",),
        ("predict", "run=latest"),
        ("export", "run=latest", "output=model.bin"),
    )

    assert codes == [0, 2, 2, 2, 2, 2, 2]
    assert heavy == ["hydra", "omegaconf"]
    assert "_target_: torch.optim.Adam" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argument", ["--help", "list"])
def test_help_and_list_start_quickly(tmp_path, argument):
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        assert ran(argument, cwd=tmp_path).returncode == 0
        seconds.append(time.perf_counter() - started)

    assert median(seconds) < 1.5


def test_the_module_runs_as_the_command_does(tmp_path):
    found = subprocess.run(
        [sys.executable, "-m", "seedbed", "list", "model"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert found.returncode == 0
    assert found.stdout == ran("list", "model", cwd=tmp_path).stdout


def test_files_of_the_working_folder_do_not_take_the_place_of_libraries(tmp_path):
    # A folder that one received, such as a run, may hold a hydra.py.
    for name in ("hydra", "torch", "yaml", "omegaconf"):
        (tmp_path / f"{name}.py").write_text("open('executed', 'w')\nraise SystemExit(9)\n")

    found = ran("train", "--cfg", "job", cwd=tmp_path)

    assert not (tmp_path / "executed").exists()
    assert found.returncode == 0


def test_a_module_of_the_working_folder_can_be_named(command, tmp_path, monkeypatch):
    (tmp_path / "of_the_working_folder.py").write_text("def value():\n    return 3\n")
    (tmp_path / "json.py").write_text("def value():\n    return 4\n")

    def function(config, words):
        assert str(tmp_path) not in sys.path
        value = make("model", int, {"_target_": "of_the_working_folder.value"})
        assert sys.path[-1] == str(tmp_path)  # What is installed goes before it.
        with pytest.raises(ConfigError):
            make("model", int, {"_target_": "json.value"})
        return value

    try:
        assert command("train", function=function).code == 3
    finally:
        sys.modules.pop("of_the_working_folder", None)


def test_nothing_is_imported_from_the_working_folder(tmp_path):
    """Neither in place of a library, nor a library that is not there, nor a plugin of Hydra's."""
    marker = "import pathlib\npathlib.Path('executed').write_text(__name__)\n"
    for name in ("dill", "tabulate", "regex", "random", "numpy", "yaml", "json", "psutil"):
        (tmp_path / f"{name}.py").write_text(marker)
    (tmp_path / "hydra_plugins").mkdir()
    (tmp_path / "hydra_plugins" / "theirs.py").write_text(marker)
    words = ("trainer.max_epochs=1", "trainer=cpu", "logger=none", "callbacks=quiet")

    found = subprocess.run(
        [sys.executable, "-m", "seedbed", "train", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert found.returncode == 0, found.stderr
    assert not (tmp_path / "executed").exists(), (tmp_path / "executed").read_text()


def test_whoever_reads_the_output_may_stop_early(tmp_path):
    # As in `seedbed list | head -1`.
    for arguments in (["--help"], ["list", "data"]):
        reading, writing = os.pipe()
        os.close(reading)
        found = subprocess.run(
            [SEEDBED, *arguments], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=60
        )
        os.close(writing)

        assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.parametrize("words", [("hydra.run.dir=run",), ("-m", "seed=1,2", "hydra.sweep.dir=.")])
def test_a_run_outlives_whoever_reads_its_output(tmp_path, words):
    # As in `seedbed train 2>&1 | head -1`.
    reading, writing = os.pipe()
    os.close(reading)
    command = [SEEDBED, "train", *words, "trainer=cpu", "trainer.max_epochs=2"]
    found = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=writing, timeout=100)
    os.close(writing)

    assert found.returncode == 0
    records = [json.loads(path.read_text()) for path in tmp_path.glob("*/run.json")]
    assert [one["status"] for one in records] == ["completed"] * (2 if "-m" in words else 1)


@pytest.mark.parametrize("words", [("--help",), ("list", "data"), ("train", "--cfg", "job")])
def test_nothing_of_the_working_folder_is_imported_that_nobody_names(tmp_path, words):
    (tmp_path / "hydra_plugins").mkdir()
    for name in ("hydra_plugins/plugin", "hydra_plugins/__init__", "yaml", "numpy", "antlr4"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")

    done = ran(*words, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


def test_variables_of_folders_that_are_empty_mean_what_they_mean_unset(tmp_path):
    words = ("train", "--cfg", "job", "--package", "paths")

    said = ran(*words, "--resolve", cwd=tmp_path, SEEDBED_OUTPUTS="", SEEDBED_DATA=" ").stdout

    assert "outputs: outputs\n" in said
    assert "data: data\n" in said


@pytest.mark.parametrize(
    ("words", "code"),
    [(("list", "data"), 1), (("train", "-m", "seed=1,2", "sweep.plan=true"), 0)],
)
def test_output_that_is_lost_fails_what_has_no_folder(tmp_path, words, code):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [SEEDBED, *words], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=60
        )

    assert (done.returncode, b"what was printed since is lost" in done.stderr) == (code, True)


@pytest.mark.parametrize("word", ["sweep.plan=true", "sweep.resume=latest", "sweep.table=no.csv"])
def test_keys_of_a_sweep_are_refused_without_one(refused, word):
    assert f"{word}: the keys of sweep need -m" in refused("train", word)


@pytest.mark.parametrize("word", ["search=tpe", "stop=median"])
def test_a_single_run_is_no_search(refused, word):
    assert f"{word}: a single run has no other trials" in refused("train", word)


# ---- Completion ----------------------------------------------------------------------------------


def test_completion_in_a_real_process_offers_the_option(tmp_path):
    line = "seedbed train data=f"

    found = ran(
        "-sc", "query=bash", cwd=tmp_path, COMP_LINE=line, COMP_POINT=str(len(line)), COMP_TYPE="9"
    )

    assert (found.returncode, found.stdout.split()) == (0, ["data=fashion_mnist"])
    assert list(tmp_path.iterdir()) == []


def test_the_script_for_bash_completes_seedbed(command):
    outcome = command("-sc", "install=bash")

    assert (outcome.code, outcome.err) == (0, "")
    assert "complete -o nospace -o default -F hydra_bash_completion seedbed" in outcome.out


@pytest.mark.parametrize("arguments", [("-sc",), ("-sc", "install=csh"), ("-sc", "query=bash")])
def test_wrong_use_of_completion_is_refused(refused, monkeypatch, arguments):
    monkeypatch.delenv("COMP_LINE", raising=False)

    refused(*arguments)


# ---- Through the verb to its function ------------------------------------------------------------


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict", "export"])
def test_a_verb_calls_its_own_function_with_config_and_command(command, tmp_path, verb):
    seen = []

    def function(config, words):
        seen.append((config, words))
        return 0

    if verb != "train":
        (tmp_path / "x" / ".hydra").mkdir(parents=True)
        (tmp_path / "x" / ".hydra" / "config.yaml").write_text("seed: 0\n")
        (tmp_path / "x" / "run.json").write_text("{}")
    arguments = {
        "train": ["seed=7"],
        "evaluate": ["run=x"],
        "predict": ["run=x", "input=y"],
        "export": ["run=x", "output=y.pt"],
    }[verb]
    outcome = command(verb, *arguments, function=function)

    assert outcome.code == 0
    [(config, words)] = seen
    assert words[1:] == [verb, *arguments]
    assert config["seed" if verb == "train" else "run"] in (7, "x")
    if verb != "train":
        assert [path.name for path in tmp_path.iterdir()] == ["x"]
