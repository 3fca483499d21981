"""The one file of a page: what stands in it, and that nothing in it can break out of its place."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.page.document import Configurations, Jobs, PageDocument
from seedbed.page.html import ASSETS, MARK, page_html
from seedbed.page.modules import check_modules, joined


class Parsed(HTMLParser):
    """Elements of a page as a parser of Python's sees them: scripts with their attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.policy = ""
        self.titles: list[str] = []
        self._open = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self._open = tag
        values = dict(attrs)
        if tag == "script":
            self.scripts.append((values, ""))
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        if self._open == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        if self._open == "title":
            self.titles.append(data)


def document(title: str) -> PageDocument:
    jobs = Jobs(
        count=1, source=[0], number=[0], configuration=[0], status=[0],
        values={title: [title]}, folder=[title], command=[title],
    )  # fmt: skip
    return PageDocument(
        title=title,
        written="2026-01-01T00:00:00Z",
        sources=[],
        objectives=[],
        columns=[],
        statuses=["completed"],
        jobs=jobs,
        configurations=Configurations(1, {title: [title]}),
    )


SIGNS = st.text(st.sampled_from([*"<>/!&-'\"]\\ scritSCRIPT", "\u2028", "\u2029", "\x1b", *"{}\n"]))


@settings(deadline=None)
@given(
    SIGNS
    | st.sampled_from(["{{title}}", "</script><script>alert(1)</script>", "<!--<script>", "]]>"])
)
def test_what_a_document_says_stays_a_text(text):
    page = page_html(document(text))
    parsed = Parsed(page)
    [data] = [text for values, text in parsed.scripts if values.get("id") == "document"]
    content = json.loads(data)
    assert content["title"] == content["jobs"]["folder"][0] == text
    assert content["jobs"]["values"] == {text: [text]}
    assert len(parsed.scripts) == len(Parsed(page_html(document(""))).scripts)
    # None of these signs as they are: JSON, and JavaScript before 2019, may end a line there.
    assert not re.search("[<>&\u2028\u2029]", data)


def test_the_policy_allows_the_scripts_of_the_page_and_nothing_else():
    page = page_html(document("x"))
    parsed = Parsed(page)
    code = [text for values, text in parsed.scripts if values.get("type") != "application/json"]
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code}
    assert {*re.findall(r"'sha256-([^']+)'", parsed.policy)} == hashes
    assert parsed.policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in parsed.policy
    assert "script-src 'unsafe-inline'" not in parsed.policy
    assert MARK in page[:2000]


def test_modules_are_joined_each_before_what_needs_it(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "main.js").write_text(
        'import {\n  draw,\n} from "./plots/draw.js";\nimport { state } from "./state.js";\n'
        "draw(state);\n"
    )
    (tmp_path / "plots" / "draw.js").write_text(
        'import { state } from "../state.js";\nexport function draw() {\n  return state;\n}\n'
    )
    (tmp_path / "state.js").write_text("export const state = 1;\n")
    assert joined(tmp_path, "main.js") == (
        "const state = 1;\n\nfunction draw() {\n  return state;\n}\n\ndraw(state);\n"
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"main.js": 'import x from "./x.js";\n'}, "main.js: cannot be joined: import x"),
        ({"main.js": "export default 1;\n"}, "main.js: cannot be joined: export default 1;"),
        (
            {"main.js": 'import { x } from "./x.js";\nfunction y() {}\n', "x.js": "const y = 1;\n"},
            "y is declared in x.js and in main.js",
        ),
        (
            {
                "main.js": 'import { x } from "./x.js";\n',
                "x.js": 'import { y } from "./main.js";\n',
            },
            "main.js imports itself by way of x.js",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, texts, message):
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        check_modules(tmp_path, "main.js")


def test_our_own_modules_can_be_joined():
    check_modules(ASSETS / "scripts", "main.js")
    assert not re.search(r"^(import|export)\b", joined(ASSETS / "scripts", "main.js"), re.MULTILINE)
