"""Secrets are not written down: in patches, commands and saved configs."""

import pytest
from omegaconf import OmegaConf

from seedbed.runs.provenance.secrets import (
    LEFT_OUT,
    holds_secret,
    is_secret_file,
    plain_word,
    plain_yaml,
    without_secret_lines,
)

TOKEN = "Zq3" * 12


@pytest.mark.parametrize(
    "name",
    [".env", "a/.env.local", "key.pem", "x/id_rsa", "id_ed25519.pub", "credentials.json", ".netrc"],
)
def test_files_of_secrets(name: str) -> None:
    assert is_secret_file(name)


@pytest.mark.parametrize("name", ["model.py", "environment.yaml", "keys.py", "tokenizer.json"])
def test_files_of_code(name: str) -> None:
    assert not is_secret_file(name)


@pytest.mark.parametrize(
    "line",
    [
        "+API_KEY = 'abcdef123'",
        '+    "password": "hunter22"',
        f"+export WANDB_API_KEY={TOKEN}",
        f"+token: {TOKEN}",
        "+url = 'https://me:pass@host/x'",
        "+AKIAABCDEFGHIJKLMNOP",
        "+x = ghp_0123456789abcdefghijABCDEF",
        "+-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_lines_with_secrets(line: str) -> None:
    assert holds_secret(line)


@pytest.mark.parametrize(
    "line",
    [
        "+max_tokens = 1000",
        "+tokens = tokenizer(text)",
        "+for key, value in items:",
        "+    token = next(stream)",
        "+secret = None",
        "+url = 'https://host:8080/x'",
        "+key = jax.random.PRNGKey(0)",
    ],
)
def test_lines_of_code(line: str) -> None:
    assert not holds_secret(line)


def test_a_private_key_is_left_out_to_its_end() -> None:
    lines = ["+-----BEGIN PRIVATE KEY-----", "+abc", "+-----END PRIVATE KEY-----", "+x = 1"]

    assert without_secret_lines(lines, "?") == (["+?", "+?", "+?", "+x = 1"], 3)


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        (f"logger.wandb.api_key={TOKEN}", f"logger.wandb.api_key={LEFT_OUT}"),
        ("+logger.x.password='a b'", f"+logger.x.password={LEFT_OUT}"),
        (f"++logger.x.hf_token={TOKEN}", f"++logger.x.hf_token={LEFT_OUT}"),
        (
            "logger.mlflow.tracking_uri=https://me:secret@host/x",
            f"logger.mlflow.tracking_uri=https://{LEFT_OUT}@host/x",
        ),
        ("logger.wandb.api_key=${oc.env:KEY}", None),
        ("data.train.pad_token=<pad>", None),
        ("model.max_tokens=100000000000000000", None),
        ("data.key=3", None),
    ],
)
def test_words_of_a_command(word: str, plain: str | None) -> None:
    assert plain_word(word) == (word if plain is None else plain)


CONFIG = {
    "logger": {
        "own": {"api_key": TOKEN, "lines": "a\nb", "private_key": "one\ntwo\n  three\n", "n": 1}
    },
    "hydra": {"overrides": [f"logger.own.api_key={TOKEN}", "model=mlp"]},
    "dirname": f"logger.own.api_key={TOKEN},model=mlp",
}


def test_a_saved_config_stays_one() -> None:
    text = plain_yaml(OmegaConf.to_yaml(OmegaConf.create(CONFIG)))

    assert OmegaConf.to_container(OmegaConf.create(text)) == {
        "logger": {"own": {"api_key": LEFT_OUT, "lines": "a\nb", "private_key": LEFT_OUT, "n": 1}},
        "hydra": {"overrides": [f"logger.own.api_key={LEFT_OUT}", "model=mlp"]},
        "dirname": f"logger.own.api_key={LEFT_OUT},model=mlp",
    }
    assert plain_yaml(text) == text
