"""Command line: one verb, one function. Imports nothing heavy before it knows the verb."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from pkgutil import resolve_name
from typing import NoReturn

from seedbed.cli.config_document import giving_config, kind_of_config
from seedbed.cli.verb_function import VerbFunction
from seedbed.config.help import groups_text
from seedbed.config.project import find_project, named_config_folder
from seedbed.documents import answer
from seedbed.errors import SeedbedError, listed, nearest, of_a_path
from seedbed.process import garbage_collection
from seedbed.process.output import plain_message, set_up_output, tell_of_lost_output
from seedbed.process.signals import ending_until_it_begins
from seedbed.terminal.words import two_columns
from seedbed.version import __version__

VERBS = {
    "train": "train one experiment, or a sweep with -m",
    "inspect": "show the rows that train would see, and what is suspicious: data=...",
    "evaluate": "measure a run on one of its splits: run=DIR",
    "predict": "predict with a run: run=DIR input=FILE or rows",
    "repeat": "train a run again from its folder, and say what differs: run=DIR",
    "export": "write the network of a run for use without Seedbed: run=DIR output=FILE",
    "report": "print the closing table of sweeps again, or runs side by side: report DIR [DIR ...]",
    "status": "show how far sweeps are, and who works on them: status DIR, or latest",
    "cancel": "ask whoever works on a sweep to save and stop: cancel DIR",
    "worker": "work on a sweep that somebody else runs, as one of its workers: worker DIR",
    "list": "list the config groups, the options of one: list data, or all runs, sweeps: list runs",
    "config-schema": "print the JSON Schema of the config, for editors: config-schema [GROUP]",
    "unpack": "write packed jobs of a sweep as folders: unpack DIR/17",
    "dashboard": "start TensorBoard on the runs",
    "new": "make a small project of your own: new NAME",
}
# The verbs that compose no config, and their functions.
PLAIN_VERBS = {
    "report": "seedbed.commands.report:report",
    "status": "seedbed.commands.status:status",
    "cancel": "seedbed.commands.cancel:cancel",
    "list": "seedbed.commands.list:list_options",
    "config-schema": "seedbed.commands.config_schema:config_schema",
    "unpack": "seedbed.commands.unpack:unpack",
    "dashboard": "seedbed.commands.dashboard:dashboard",
    "new": "seedbed.commands.new:new",
}
# What others have a verb for.
OF_TRAIN = {
    "resume": " Did you mean 'seedbed train resume=RUN'?",
    "sweep": " Did you mean 'seedbed train -m KEY=VALUE,VALUE'?",
}

# Flags that print a text for people, and verbs that give no document, with the reason.
TEXTS = ("-h", "--help", "--hydra-help", "--version", "--info", "-i", "-sc", "--shell-completion")
WITHOUT_DOCUMENT = {
    "dashboard": "seedbed dashboard serves until it is stopped, and tells nothing",
    "worker": "seedbed worker works until nothing is left; seedbed status tells of it",
}
FOLDER_VARIABLES = ("SEEDBED_DATA", "SEEDBED_OUTPUTS")


def main() -> None:
    """Run `seedbed VERB ...` with the process's arguments; exits with the contract's codes."""
    # No Python that this one starts, for ddp, a launcher or TensorBoard, puts the working folder
    # first on its module path.
    os.environ["PYTHONSAFEPATH"] = "1"
    set_up_output()
    for name in FOLDER_VARIABLES:
        if not os.environ.get(name, "").strip():  # Set to nothing, it means what it means unset.
            os.environ.pop(name, None)
    words = [word for word in sys.argv[1:] if word != answer.FLAG]
    with_document = len(words) < len(sys.argv) - 1
    sys.argv = [*sys.argv[:1], *words]
    verb = words[:1]
    try:
        with answer.answering() if with_document else nullcontext():
            run_command()
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as end:
        # Of a run, what it printed is in its folder, too.
        if tell_of_lost_output() and not end.code and verb != ["train"]:
            sys.exit(1)
        raise


def run_command() -> None:
    """Find the verb among the arguments and run it."""
    arguments = sys.argv[1:]
    if answer.asked():
        refuse_texts(arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text(_config_folder(arguments[1:])))
        sys.exit(0)
    if arguments[0] == "--version":
        print(f"seedbed {__version__}")
        sys.exit(0)
    if arguments[0] in ("-sc", "--shell-completion"):
        complete(arguments)
    verb, rest = arguments[0], arguments[1:]
    if verb not in VERBS:
        known = listed(VERBS)
        hint = OF_TRAIN.get(verb) or nearest(verb, VERBS)
        fail(f"'{verb}' is no verb.{hint} Verbs: {known}; see seedbed --help")
    run_verb(verb, rest)


def refuse_texts(arguments: list[str]) -> None:
    """Refuse `--json` where a command prints a text for people, or goes on until it is stopped."""
    texts = [word for word in arguments if word.partition("=")[0] in TEXTS]
    if not arguments or texts or arguments[0] == "help":
        named = texts[0] if texts else "help"
        fail(f"{answer.FLAG}: {named} prints a text for people; leave one of them out")
    if arguments[0] in WITHOUT_DOCUMENT:
        fail(f"{answer.FLAG}: {WITHOUT_DOCUMENT[arguments[0]]}")
    if (kind := kind_of_config(arguments)) in ("hydra", "all"):
        fail(f"{answer.FLAG}: --cfg {kind} prints what is Hydra's own; --cfg job has a document")


def run_verb(verb: str, rest: list[str]) -> NoReturn:
    """Run a verb; those that compose no config are plain functions of their arguments."""
    try:
        project = find_project()
        if verb in PLAIN_VERBS:
            sys.exit(resolve_name(PLAIN_VERBS[verb])(rest))
        works = verb == "worker"
        if works:
            from seedbed.commands.worker import words_of_train

            verb, rest = "train", words_of_train(rest)
    except (SeedbedError, OSError) as error:
        told = of_a_path(error) or error
        if not isinstance(told, SeedbedError):
            raise
        fail(str(told))
    garbage_collection.pause()
    is_first = verb == "train" and not os.environ.get("LOCAL_RANK")
    with ending_until_it_begins() if is_first else nullcontext():
        from seedbed.application.running import Command
        from seedbed.cli.application import run_and_exit
        from seedbed.config.trust.module_path import set_folders

        work = _joining() if works else nullcontext()

    # A module of the user's in the working folder, or beside the project file, can be named in
    # `_target_`.
    set_folders([os.getcwd(), *([str(project.file.parent)] if project.file else [])])

    function = VerbFunction(verb)
    with giving_config(rest), work:
        run_and_exit(Command(verb, rest, function, project, function.prepare, sys.argv[0]))


def _joining() -> AbstractContextManager[None]:
    from seedbed.sweep.joining import joining  # It imports Hydra.

    return joining()


def _config_folder(arguments: list[str]) -> Path | None:
    """Return the folder of the user's configs; a wrong project file keeps nobody from the help."""
    named, _ = named_config_folder(arguments)
    try:
        return named or find_project().config_folder
    except SeedbedError as error:
        sys.stderr.write(f"seedbed: {plain_message(str(error))}\n")
        return None


def help_text(users: Path | None = None) -> str:
    """Return what `seedbed --help` prints, with the options of the user's config folder."""
    return (
        "Compose an experiment from YAML, run one or a thousand variants, trust the outcome.\n\n"
        f"usage: seedbed VERB [flags] [key=value ...]\n\n{two_columns(VERBS, '  ')}\n\n"
        "Groups of `seedbed train` (choose with group=option, describe with seedbed list GROUP):\n"
        f"{groups_text('  ', users)}\n\n"
        "`seedbed VERB --help` shows every key. `seedbed --version` prints the version.\n"
        "With --json among its words a command prints one JSON document, all else to stderr.\n"
        'Tab completion in bash: eval "$(seedbed -sc install=bash)"'
    )


def complete(arguments: list[str]) -> NoReturn:
    """Print the shell's script, or what the last word of its line may become."""
    if not any(word.startswith(("install=", "uninstall=", "query=")) for word in arguments):
        fail("-sc needs install=SHELL, uninstall=SHELL or query=SHELL; SHELL: bash, fish, zsh")
    if not any(word.endswith(("=bash", "=fish", "=zsh")) for word in arguments):
        fail(f"{arguments[-1]}: no completion for this shell; known: bash, fish, zsh")
    if not any(word.startswith("query=") for word in arguments):
        run_verb("train", arguments)  # The script is Hydra's.
    if "COMP_LINE" not in os.environ:
        fail("-sc query=SHELL completes the line in COMP_LINE, and there is none")
    from seedbed.cli.completion import completions

    line = os.environ["COMP_LINE"]
    # Words may be parted by more than one blank; the last one may be empty.
    _, *words = [*line.split(), *([""] if line[-1:].isspace() else [])] or [""]
    print("\n".join(completions(words, VERBS) if words else []))
    sys.exit(0)


def fail(message: str) -> NoReturn:
    """Say what is wrong with the command, and exit with 2."""
    answer.note_error(message)
    sys.stderr.write(f"seedbed: {plain_message(message)}\n")
    sys.exit(2)
