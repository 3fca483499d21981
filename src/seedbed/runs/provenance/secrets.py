"""Secrets, which no record keeps: passwords and keys in files, lines of code, words and configs."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

LEFT_OUT = "LEFT-OUT"
"""What stands in place of a secret; a plain word, so that a config with it stays one."""

# Names of files that hold nothing else.
_FILES = re.compile(
    r"\.env(\..+)?|.+\.(pem|key|p12|pfx|jks|kdbx|keystore)|id_(rsa|dsa|ecdsa|ed25519)(\..+)?"
    r"|credentials(\..+)?|secrets?(\..+)?|[._]?netrc|\.pypirc|\.htpasswd|\.git-credentials",
    re.IGNORECASE,
)
_NAME = (
    r"(?:[a-z0-9_.-]*[._-])?(?:api_?key|access_?key|secret_?key|private_?key|auth_?key|auth_?token"
    r"|secret|password|passwd|passphrase|credentials?|token)"
)
# Tokens that tell themselves by how they begin.
_TOKEN = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[oprsu]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bsk-[\w-]{20,}|\bhf_[A-Za-z0-9]{20,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{30,}"
    r"|\bpypi-[\w-]{20,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"
)
# `password = "..."` in code and YAML; without quotes only what is long and no call or name.
_ASSIGNED = re.compile(
    rf"(?<![\w.-]){_NAME}[\"']?\s*[:=]\s*"
    r"(?:[bru]?\"[^\"]{6,}\"|[bru]?'[^']{6,}'|(?=[^\s()\[\]{}]*\d)[A-Za-z0-9+/_=-]{16,}\s*$)",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?P<scheme>\w://)[^/@\s:\"']+:[^/@\s\"']+@")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY")
# Of a config: a key that holds a secret; of a token only one as long as such are.
_KEY = re.compile(rf"[\w./@+~-]*?(?<![a-z0-9]){_NAME.removeprefix('(?:[a-z0-9_.-]*[._-])?')}", re.I)
SHORTEST_TOKEN = 16


def is_secret_file(path: str) -> bool:
    """Return whether a file is one that holds secrets, by its name."""
    return _FILES.fullmatch(PurePosixPath(path).name) is not None


def holds_secret(line: str) -> bool:
    """Return whether a line of code or of a config looks as if it held a secret."""
    return any(pattern.search(line) for pattern in (_TOKEN, _ASSIGNED, _IN_URL, _KEY_BEGINS))


# How such tokens begin; to look for these takes far less than for the patterns.
_TOKEN_SIGNS = (
    *("AKIA", "ASIA", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "sk-"),
    *("hf_", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "AIza", "pypi-", "eyJ", "://"),
)


def without_tokens(text: str) -> str:
    """Return a text without the tokens that tell themselves, and without passwords in addresses."""
    if not any(sign in text for sign in _TOKEN_SIGNS):
        return text
    return _IN_URL.sub(rf"\g<scheme>{LEFT_OUT}@", _TOKEN.sub(LEFT_OUT, text))


def without_secret_lines(lines: Iterable[str], mark: str) -> tuple[list[str], int]:
    """Return lines of a patch with a mark for each that may hold a secret, and how many these are.

    The first letter of a line, which says what it does, stays.
    """
    kept, count, inside_key = [], 0, False
    for line in lines:
        begins, ends = _KEY_BEGINS.search(line), _KEY_ENDS.search(line)
        if inside_key or holds_secret(line):
            kept.append(line[:1] + mark)
            count += 1
        else:
            kept.append(line)
        inside_key = not ends and (inside_key or begins is not None)
    return kept, count


def is_secret(key: str, value: object) -> bool:
    """Return whether a key of a config holds a secret, by its name and what it holds."""
    if not isinstance(value, str) or not value or value == LEFT_OUT or value.startswith("${"):
        return False
    if not _KEY.fullmatch(key):
        return False
    return len(value) >= SHORTEST_TOKEN or not key.lower().endswith("token")


@lru_cache(maxsize=10_000)
def plain_word(word: str) -> str:
    """Return a word of a command without the secret that it holds."""
    key, equals, value = word.partition("=")
    if equals and is_secret(key, value.strip("'\"")):
        return f"{key}={LEFT_OUT}"
    return _IN_URL.sub(rf"\g<scheme>{LEFT_OUT}@", word)


# A line of YAML with a key and a value, and an override within a line.
_LINE = re.compile(r"(?P<start>\s*(?:- )*)(?P<key>[\w./@+~-]+): (?P<value>.+)")
_OVERRIDE = re.compile(r"(?P<key>[\w./@+~-]+)=(?P<value>[^,\s'\"]+)")
# What a text with a secret has in it; to look for these takes far less than for the patterns.
_SIGNS = (
    *(f"{kind}{sign}key" for kind in ("api", "access", "private", "auth") for sign in ("", "_")),
    *("secret", "passw", "passphrase", "credential", "token"),
)


def plain_yaml(text: str) -> str:
    """Return a config as YAML without the secrets that it holds: passwords, keys and tokens."""
    lower = text.lower()
    in_url = "://" in text and _IN_URL.search(text)
    if not in_url and not any(sign in lower for sign in _SIGNS):
        return text
    lines: list[str] = []
    below: int | None = None
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        if below is not None and (depth > below or not line.strip()):
            continue  # The rest of a secret of several lines.
        parts, below = _LINE.fullmatch(line), None
        if parts and is_secret(parts["key"], parts["value"].strip("'\"")):
            line, below = f"{parts['start']}{parts['key']}: {LEFT_OUT}", depth
        lines.append(_plain_line(line))
    return "\n".join(lines) + "\n" * text.endswith("\n")


def _plain_line(line: str) -> str:
    def plain(match: re.Match[str]) -> str:
        return f"{match['key']}={LEFT_OUT}" if is_secret(match["key"], match["value"]) else match[0]

    return _IN_URL.sub(rf"\g<scheme>{LEFT_OUT}@", _OVERRIDE.sub(plain, line))
