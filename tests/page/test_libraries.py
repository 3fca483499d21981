"""Libraries of the page are those that libraries.json tells of, with their licences."""

import hashlib
import json
import re

from seedbed.page.html import ASSETS

LIBRARIES = ASSETS / "libraries"
DESCRIBED = json.loads((LIBRARIES / "libraries.json").read_text())

PERMISSIVE = {"Apache-2.0", "MIT", "BSD-3-Clause", "0BSD", "BSL-1.0"}


def test_every_file_is_described_with_its_hash():
    files = {each["file"]: each["sha256"] for each in DESCRIBED["files"]}
    others = {"libraries.json", "licences.txt"}
    assert {path.name for path in LIBRARIES.iterdir()} == {*files, *others}
    for name, digest in files.items():
        assert hashlib.sha256((LIBRARIES / name).read_bytes()).hexdigest() == digest, name


def test_every_package_has_its_licence_in_the_page():
    licences = (LIBRARIES / "licences.txt").read_text()
    for each in DESCRIBED["files"]:
        for name, version in each["packages"].items():
            assert {*DESCRIBED["licences"][name].split(" AND ")} <= PERMISSIVE, name
            assert f"{name} {version}" in licences
    assert "END OF TERMS AND CONDITIONS" in licences
    assert "NOTICE" in licences or "This product includes software" in licences


def test_nothing_in_them_is_run_from_a_text_or_names_a_place_to_fetch_from():
    for path in LIBRARIES.glob("*.js"):
        text = path.read_text()
        assert not re.search(r"\bnew Function\b|\beval\(|\bimportScripts\b|\bfetch\(", text), path
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), path
