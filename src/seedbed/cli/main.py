"""The command line: one verb, one function. Imports nothing heavy before it knows the verb."""

import os
import sys
from importlib import import_module
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NoReturn

from seedbed import __version__
from seedbed.config import groups
from seedbed.config.help import groups_text
from seedbed.config.project import find_project
from seedbed.errors import SeedbedError, listed, nearest
from seedbed.process import garbage_collection
from seedbed.process.output import set_up_output

if TYPE_CHECKING:
    from omegaconf import DictConfig

VERBS = {
    "train": "train one experiment, or a sweep with -m",
    "evaluate": "measure a run on one of its splits: run=DIR",
    "predict": "predict with a run: run=DIR input=FILE or rows",
    "report": "print the closing table of sweeps again: report DIR [DIR ...]",
    "list": "list the config groups, or the options of one: list data",
    "dashboard": "start TensorBoard on the runs",
}
# The verbs that compose no config, and their functions.
PLAIN_VERBS = {
    "report": "seedbed.commands.report:report",
    "list": "seedbed.commands.list:list_options",
    "dashboard": "seedbed.commands.dashboard:dashboard",
}


def main() -> None:
    """Run `seedbed VERB ...` with the process's arguments; exits with the contract's codes."""
    set_up_output()
    try:
        run_command()
    except KeyboardInterrupt:
        sys.exit(130)


def run_command() -> None:
    """Find the verb among the arguments and run it."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text())
        sys.exit(0)
    if arguments[0] == "--version":
        print(f"seedbed {__version__}")
        sys.exit(0)
    if arguments[0] in ("-sc", "--shell-completion"):
        complete(arguments)
    verb, rest = arguments[0], arguments[1:]
    if verb not in VERBS:
        known = listed(VERBS)
        fail(f"'{verb}' is no verb.{nearest(verb, VERBS)} Verbs: {known}; see seedbed --help")
    run_verb(verb, rest)


def run_verb(verb: str, rest: list[str]) -> NoReturn:
    """Run a verb; those that compose no config are plain functions of their arguments."""
    try:
        project = find_project()
        if verb in PLAIN_VERBS:
            sys.exit(resolve_name(PLAIN_VERBS[verb])(rest))
    except SeedbedError as error:
        fail(str(error))
    # A module of the user's in the working folder, or beside the project file, can be named in
    # `_target_`.
    for folder in (os.getcwd(), str(project.file.parent) if project.file else os.getcwd()):
        if folder not in sys.path:
            sys.path.append(folder)
    garbage_collection.pause()
    from seedbed.cli.application import run_application

    def function(config: "DictConfig", command: list[str]) -> int:
        # Only now: composing, printing and refusing a config need no torch.
        module = import_module(f"seedbed.commands.{verb}")
        garbage_collection.resume()
        code: int = getattr(module, verb)(config, command)
        return code

    run_application(verb, rest, function, project)


def help_text() -> str:
    """Return what `seedbed --help` prints."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:{width}}  {meaning}" for verb, meaning in VERBS.items())
    return (
        "Compose an experiment from YAML, run one or a thousand variants, trust the outcome.\n\n"
        f"usage: seedbed VERB [flags] [key=value ...]\n\n{verbs}\n\n"
        "Groups of `seedbed train` (choose with group=option, describe with seedbed list GROUP):\n"
        f"{groups_text('  ')}\n\n"
        "`seedbed VERB --help` shows every key. `seedbed --version` prints the version.\n"
        'Tab completion in bash: eval "$(seedbed -sc install=bash)"'
    )


def complete(arguments: list[str]) -> NoReturn:
    """Complete the words of a shell's line: the verb itself, then what Hydra completes."""
    if not any(word.startswith(("install=", "uninstall=", "query=")) for word in arguments):
        fail("-sc needs install=SHELL, uninstall=SHELL or query=SHELL; SHELL: bash, fish, zsh")
    if not any(word.endswith(("=bash", "=fish", "=zsh")) for word in arguments):
        fail(f"{arguments[-1]}: no completion for this shell; known: bash, fish, zsh")
    # Words may be parted by more than one blank; the last one may be empty.
    line = os.environ.get("COMP_LINE", "")
    words = [*line.split()[:-1], line.split(" ")[-1]] if line.strip() else []
    if line.endswith(" "):
        words = [*line.split(), ""]
    if "query" in "".join(arguments) and "COMP_LINE" not in os.environ:
        fail("-sc query=SHELL completes the line in COMP_LINE, and there is none")
    if "query" in "".join(arguments) and len(words) < 2:
        sys.exit(0)
    if "query" in "".join(arguments):
        if len(words) == 2:
            print("\n".join(verb for verb in VERBS if verb.startswith(words[1])))
            sys.exit(0)
        if words[1] == "list":
            if len(words) > 3:
                sys.exit(0)
            print("\n".join(name for name in groups.LISTED if name.startswith(words[-1])))
            sys.exit(0)
        verb = words[1] if words[1] in ("train", "evaluate", "predict") else "train"
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
        run_verb(verb, arguments)
    run_verb("train", arguments)


def fail(message: str) -> NoReturn:
    """Say what is wrong with the command, and exit with 2."""
    sys.stderr.write(f"seedbed: {message}\n")
    sys.exit(2)
