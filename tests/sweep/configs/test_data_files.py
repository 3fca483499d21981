"""Files of a sweep's data: known by what is in them, and no other file is opened."""

from pathlib import Path

import pytest

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.data_files import data_files, require_unchanged
from seedbed.sweep.job import Job, numbered

WORDS = ("data=table", "data.target=y", "model=mlp")
# SHA-256 of the letters "abc", from FIPS 180-2.
OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

pytestmark = pytest.mark.usefixtures("inside_a_folder")


def jobs(*files: str) -> list[Job]:
    words = [(*WORDS, f"data.file={name}") for name in files]
    return numbered([(*each, f"seed={seed}") for each in words for seed in (0, 1)])


def test_a_file_is_known_by_the_hash_of_its_bytes(composer: Composer) -> None:
    Path("a.csv").write_bytes(b"abc")
    assert data_files(composer, jobs("a.csv")) == {"a.csv": OF_ABC}


def test_each_file_of_a_sweep_is_known_and_data_without_files_have_none(
    composer: Composer,
) -> None:
    for name in ("a.csv", "b.csv"):
        Path(name).write_text(name)
    assert [*data_files(composer, jobs("a.csv", "b.csv"))] == ["a.csv", "b.csv"]
    assert data_files(composer, numbered([("seed=1",)])) == {}


def test_a_sweep_goes_on_only_where_its_files_are_as_they_were(composer: Composer) -> None:
    Path("a.csv").write_bytes(b"abc")
    known = data_files(composer, jobs("a.csv"))
    require_unchanged(composer, jobs("a.csv"), known)
    Path("a.csv").write_bytes(b"abd")
    with pytest.raises(ConfigError, match=r"a\.csv: not the file that the sweep was begun with"):
        require_unchanged(composer, jobs("a.csv"), known)


def test_a_file_that_cannot_be_read_is_refused(composer: Composer) -> None:
    with pytest.raises(ConfigError, match="/dev/null: not the file"):
        require_unchanged(composer, jobs("/dev/null"), {"/dev/null": ""})


@pytest.mark.parametrize("known", [{}, {"/etc/hosts": ""}, {"/etc/hosts": OF_ABC}])
def test_a_file_whose_content_is_not_known_is_refused(
    composer: Composer, known: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match="/etc/hosts: not the file"):
        require_unchanged(composer, jobs("/etc/hosts"), known)


def test_a_sweep_goes_on_only_from_the_initial_weights_that_it_began_with(
    composer: Composer,
) -> None:
    for name in ("a.pt", "b.pt"):
        Path(name).write_bytes(b"abc")
    started = numbered([("initial_weights.run=a.pt",), ("initial_weights.run=b.pt", "seed=1")])
    known = data_files(composer, started)
    assert known == {"a.pt": OF_ABC, "b.pt": OF_ABC}
    require_unchanged(composer, started, known)
    Path("b.pt").write_bytes(b"abd")
    with pytest.raises(ConfigError, match=r"b\.pt: not the file .* or from other weights"):
        require_unchanged(composer, started, known)
    with pytest.raises(ConfigError, match=r"a\.pt: not the file"):
        require_unchanged(composer, started, {})
