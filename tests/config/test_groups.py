"""Groups and options are read from the YAML files."""

import pytest

from seedbed.config import groups


def test_the_folder_holds_the_configs():
    assert (groups.config_folder() / "train.yaml").is_file()


def test_a_folder_inside_the_package_goes_first(tmp_path, monkeypatch):
    # As a wheel has it.
    (tmp_path / "seedbed" / "configs").mkdir(parents=True)
    monkeypatch.setattr(groups, "__file__", str(tmp_path / "seedbed" / "config" / "groups.py"))

    assert groups.config_folder() == tmp_path / "seedbed" / "configs"


def test_a_checkout_has_the_configs_beside_src(tmp_path, monkeypatch):
    monkeypatch.setattr(
        groups, "__file__", str(tmp_path / "src" / "seedbed" / "config" / "groups.py")
    )

    assert groups.config_folder() == tmp_path / "configs"


@pytest.mark.parametrize(
    ("content", "description"),
    [
        ("# One sentence.\na: 1\n", "One sentence."),
        ("# @package _global_\n# One sentence.\n# More.\n", "One sentence."),
        ("#@package _global_\n#One sentence.\n", "One sentence."),
        ("#\n\n## One sentence.\n", "One sentence."),
        ("a: 1  # not this\n# One sentence.\n", "One sentence."),
        ("a: 1  # not this\n  # nor this\n", ""),
        ("", ""),
        ("# Größe in m².\n", "Größe in m²."),
    ],
)
def test_a_description_is_the_first_comment_that_is_no_header(tmp_path, content, description):
    file = tmp_path / "option.yaml"
    file.write_text(content, encoding="utf-8")

    assert groups.description(file) == description


def test_options_are_the_yaml_files_of_the_group_in_order(tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("b.yaml", "a.yaml", "notes.txt", "c.yml"):
        (tmp_path / "model" / name).write_text(f"# The file {name}.\n")

    options = groups.options("model", tmp_path)

    assert list(options.items()) == [("a", "The file a.yaml."), ("b", "The file b.yaml.")]


def test_the_users_options_take_the_place_of_shipped_ones(tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("wide", "mlp"):
        (tmp_path / "model" / f"{name}.yaml").write_text("# Mine.\n")

    assert groups.users_options("model", tmp_path) == {"mlp": "Mine.", "wide": "Mine."}
    assert groups.users_options("model", None) == {}
    assert groups.option_file("model", "wide", tmp_path) == tmp_path / "model" / "wide.yaml"
    assert groups.option_file("model", "mlp", tmp_path) == tmp_path / "model" / "mlp.yaml"
    assert groups.option_file("model", "cnn", tmp_path) == groups.config_folder() / "model/cnn.yaml"
    assert groups.option_file("model", "none", tmp_path) is None


def test_a_group_without_a_folder_has_no_options(tmp_path):
    assert groups.options("model", tmp_path) == {}


def test_of_a_folder_of_the_users_files_alone_are_options_and_descriptions_are_short(tmp_path):
    (tmp_path / "model" / "folder.yaml").mkdir(parents=True)
    (tmp_path / "model" / "long.yaml").write_bytes(b"# " + b"x" * 1_000_000 + b"\xff\n")

    [(name, description)] = groups.options("model", tmp_path).items()

    assert name == "long"
    assert 0 < len(description) <= 500
