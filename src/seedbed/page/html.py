"""HTML file of a report page: template, styles, scripts and document, in one.

Nothing is fetched: a Content-Security-Policy allows the scripts inside by their hashes, and forbids
all else. The document is JSON in an element that no browser runs.
"""

import base64
import functools
import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from seedbed.page.document import PageDocument
from seedbed.page.modules import joined

ASSETS = Path(__file__).parent / "assets"
ENTRY = "main.js"
# Stands within the first bytes of every page: by it a page is known as one of ours.
MARK = b'<meta name="generator" content="Seedbed page 1">'
_PLACE = re.compile(r"\{\{(\w+)\}\}")
# Signs that could end the element which the document stands in, or a line of JavaScript.
_ESCAPES = [
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
]


def page_html(document: PageDocument | Mapping[str, Any], assets: Path = ASSETS) -> bytes:
    """Return the page of a document, or of the same as plain values, as UTF-8.

    The template is `page.html` of the assets; in it stand `{{policy}}` (the content of the meta
    element of the policy), `{{title}}`, `{{style}}` (style elements), `{{licences}}` (those of the
    libraries), `{{document}}` (JSON) and `{{scripts}}` (script elements), each once.
    """
    title = document.title if isinstance(document, PageDocument) else str(document["title"])
    parts = _shared_parts(assets) | {
        "title": html.escape(title).encode(),
        "document": escaped_json(document),
    }
    texts = _PLACE.split((assets / "page.html").read_text("utf-8"))
    # Every second part is the name of a place.
    return b"".join(parts[text] if index % 2 else text.encode() for index, text in enumerate(texts))


@functools.cache
def _shared_parts(assets: Path) -> dict[str, bytes]:
    """Return what all pages have in their places."""
    scripts = _scripts(assets)
    return {
        "policy": html.escape(_policy([script for _, script in scripts])).encode(),
        "style": _style(assets),
        "licences": html.escape((assets / "libraries/licences.txt").read_text("utf-8")).encode(),
        "scripts": b"\n".join(
            b"<script%s>%s</script>" % (kind, script) for kind, script in scripts
        ),
    }


def escaped_json(document: PageDocument | Mapping[str, Any]) -> bytes:
    """Return a document as JSON that can stand inside of a script element."""
    content = msgspec.json.encode(document)
    for sign, escape in _ESCAPES:
        content = content.replace(sign, escape)
    return content


def _scripts(assets: Path) -> list[tuple[bytes, bytes]]:
    """Return the scripts in their order: attributes and text of each; the libraries come first."""
    libraries = sorted((assets / "libraries").glob("*.js"))
    scripts = [(b"", library.read_bytes()) for library in libraries]
    scripts.append((b' type="module"', joined(assets / "scripts", ENTRY).encode()))
    for _, script in scripts:
        # Either would change where the element ends.
        if re.search(rb"</script|<!--", script, re.IGNORECASE):
            raise ValueError("a script of the page holds </script or <!--")
    return scripts


def _policy(scripts: list[bytes]) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _style(assets: Path) -> bytes:
    """Return the style elements: those of libraries, then style.css, then the others."""
    own = sorted(assets.glob("*.css"), key=lambda file: (file.name != "style.css", file.name))
    files = [*sorted((assets / "libraries").glob("*.css")), *own]
    return b"\n".join(b"<style>%s</style>" % file.read_bytes() for file in files)
