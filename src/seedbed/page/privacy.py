"""What a page must not tell: homes, users, hosts and secrets, taken out of everything it says.

A document is looked through as one text: what is put into it later cannot be forgotten here.
"""

import json
import os
import platform
import pwd
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from seedbed.page.document import Curves, PageDocument
from seedbed.runs.provenance.secrets import LEFT_OUT, without_secret_lines, without_tokens

HOME, NAME = "~", "…"
# Stands after each escape of JSON while a text is looked through: the last letter of an escape is
# no part of the word that follows.
_END = "\0"
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")
_PATH_BEGINS = r"(?:(?<=file://)|(?<![\w~/.-]))"
# Folders whose entries are homes, and the home of root.
_HOMES = re.compile(
    rf"{_PATH_BEGINS}(?:(?:/[\w.-]+)*/(?:home|Users)/|[A-Za-z]:\\\\\0Users\\\\\0)"
    r"[^/\\\"'\s:,;<>()\[\]{}]+"
    rf"|{_PATH_BEGINS}/root(?![\w.-])"
)
_HOME_SIGNS = ("/home/", "/Users/", "/root", ":\\")
# Shorter names of hosts are everyday words.
SHORTEST_HOST = 4
_PUBLIC_HOSTS = ("localhost", "localdomain")


def without_private(document: PageDocument, hosts: Iterable[str] = ()) -> PageDocument:
    """Return a document without what is private; `hosts` are those that its records name.

    Numbers and pictures, which have no words in them, are left as they are.
    """
    words = msgspec.structs.replace(
        document,
        curves=msgspec.structs.replace(document.curves, values={}),
        figures=[msgspec.structs.replace(figure, source="") for figure in document.figures],
    )
    text = msgspec.json.encode(words).decode()
    plain = plain_json(text, {*hosts, *own_hosts()})
    if plain == text:
        return document
    changed = msgspec.json.decode(plain, type=PageDocument)
    metrics = zip(document.curves.metrics, changed.curves.metrics, strict=True)
    values = {now: document.curves.values[before] for before, now in metrics}
    return msgspec.structs.replace(
        changed,
        curves=msgspec.structs.replace(changed.curves, values=values)
        if values
        else Curves(grid_of_job=document.curves.grid_of_job),
        figures=[
            msgspec.structs.replace(now, source=before.source)
            for before, now in zip(document.figures, changed.figures, strict=True)
        ],
    )


def plain_json(text: str, hosts: Collection[str]) -> str:
    """Return JSON without homes, names of the user and of hosts, and secrets in its texts."""
    return _plain(_marked(text), hosts).replace(_END, "")


def _marked(text: str) -> str:
    return _ESCAPE.sub(rf"\g<0>{_END}", text) if "\\" in text else text


def _plain(text: str, hosts: Collection[str]) -> str:
    working = os.getcwd()
    for folder in dict.fromkeys((working, os.path.realpath(working))):
        if len(Path(folder).parts) > 1:
            text = _without_folder(text, folder)
    for home in own_homes():
        text = re.sub(rf"{re.escape(_in_json(home))}(?![\w.-])", HOME, text)
    if any(sign in text for sign in _HOME_SIGNS):
        text = _HOMES.sub(HOME, text)
    user = own_user()
    if user and user in text:
        named = re.escape(_in_json(user))
        text = re.sub(rf"(?<=/){named}(?![\w.-])|(?<![\w.-]){named}(?=@)", NAME, text)
    for host in sorted(hosts, key=len, reverse=True):
        if len(host) >= SHORTEST_HOST and host in text and host not in _PUBLIC_HOSTS:
            text = re.sub(rf"(?<![\w.-]){re.escape(_in_json(host))}(?![\w-])", NAME, text)
    return without_tokens(text)


def _without_folder(text: str, folder: str) -> str:
    """Return a text with paths below a folder relative to it; the folder itself is a point."""
    written = _in_json(folder.rstrip("/"))
    if written not in text:
        return text
    path = rf"{_PATH_BEGINS}{re.escape(written)}(?:/(?P<below>(?=[\w.-]))|/?(?![\w./-]))"
    return re.sub(path, lambda match: "." if match["below"] is None else "", text)


def _in_json(text: str) -> str:
    return _marked(json.dumps(text, ensure_ascii=False)[1:-1])


def own_homes() -> list[str]:
    """Return the user's home, as the environment and the system have it, and where it really is."""
    named = [os.environ.get("HOME", "")]
    with suppress(KeyError):
        named.append(pwd.getpwuid(os.getuid()).pw_dir)
    homes = [path for name in named for path in (name, os.path.realpath(name or "/"))]
    return [home for home in dict.fromkeys(homes) if len(Path(home).parts) > 1]


def own_user() -> str:
    """Return the name of the user; nothing of root, which is everybody's."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = os.environ.get("USER", "")
    return "" if name == "root" else name


def own_hosts() -> set[str]:
    """Return the name of this machine, in full and without its domain."""
    host = platform.node()
    return {host, host.partition(".")[0]}


def plain_lines(text: str, most_letters: int) -> str:
    """Return a text of several lines without those that may hold a secret; only its end if long."""
    if len(text) > most_letters:
        text = f"…{text[-most_letters:]}"
    lines, _ = without_secret_lines(text.splitlines(), LEFT_OUT)
    return "\n".join(lines)
